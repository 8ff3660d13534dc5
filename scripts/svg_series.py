"""Draw the scores along a series of datasets."""

from scbench.figures import series, style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels = snakemake.params.labels
    figure = series.plot(
        read_table(snakemake.input.scores),
        methods=labels["methods"],
        metrics=labels["metrics"],
        scenario=snakemake.wildcards.scenario,
        **snakemake.params.series,
    )
    style.save(figure, *snakemake.output)
