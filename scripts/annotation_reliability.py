"""Draw how reliable the confidences of all methods on a dataset are."""

from scbench.figures import reliability, style
from scbench.runs import by_method, read_runs
from scbench.scoring.annotation import confidences
from scbench.script import guarded

with guarded(snakemake.log[0]):
    files, labels = snakemake.input, snakemake.params.labels
    runs = by_method(read_runs(files.statuses, files.outputs, files.data, files.facts, files.splits))
    found = {name: confidences(ones) for name, ones in runs.items()}
    figure = reliability.plot(
        {name: subject for name, subject in found.items() if subject is not None},
        statuses={name: [run.status["status"] for run in ones] for name, ones in runs.items()},
        methods=labels["methods"],
        title=labels["datasets"][snakemake.wildcards.dataset]["label"],
    )
    style.save(figure, *snakemake.output)
