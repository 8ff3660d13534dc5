"""Draw the confusion matrices of all methods on one dataset."""

from scbench.figures import confusion, style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels = snakemake.params.labels
    figure = confusion.plot(
        read_table(snakemake.input.confusion),
        methods=labels["methods"],
        title=labels["datasets"][snakemake.wildcards.dataset]["label"],
        scenario=snakemake.params.scenario or None,
    )
    style.save(figure, *snakemake.output)
