"""Draw the risk-coverage curves of all methods on a dataset, types left out one by one."""

from scbench.figures import coverage, style
from scbench.runs import by_method, read_runs
from scbench.scoring.annotation import novelties
from scbench.script import guarded

with guarded(snakemake.log[0]):
    files, labels, reject = snakemake.input, snakemake.params.labels, snakemake.params.reject
    runs = by_method(read_runs(files.statuses, files.outputs, files.data, files.facts, files.splits))
    found = {name: novelties(ones, reject) for name, ones in runs.items()}
    figure = coverage.plot(
        {name: subjects for name, subjects in found.items() if subjects},
        statuses={name: [run.status["status"] for run in ones] for name, ones in runs.items()},
        methods=labels["methods"],
        title=labels["datasets"][snakemake.wildcards.dataset]["label"],
    )
    style.save(figure, *snakemake.output)
