"""Draw what leaks from patterned genes into the others through the totals of spots."""

from scbench.figures import leak, style
from scbench.io import read_prepared, read_table
from scbench.script import guarded
from scbench.svg.leak import measure

with guarded(snakemake.log[0]):
    params, sets = snakemake.params, []
    for (dataset, label), path in zip(params.datasets.items(), snakemake.input.data, strict=True):
        data, counts = read_prepared(path), read_prepared(path, "counts").X
        found = measure(counts, data.X, data.coords)
        sets.append(leak.Set(dataset, label, data.coords, data.truth, found))
    scores = read_table(snakemake.input.scores)
    figure = leak.plot(scores, tuple(sets), methods=params.labels["methods"], confidence=params.confidence)
    style.save(figure, *snakemake.output)
