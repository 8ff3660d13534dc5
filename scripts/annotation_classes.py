"""Draw the accuracy of all methods on each type of a dataset."""

from scbench.atomic import read_json
from scbench.figures import annotation_classes, style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    figure = annotation_classes.plot(
        read_table(snakemake.input.scores),
        **snakemake.params.labels,
        dataset=snakemake.wildcards.dataset,
        sizes=read_json(snakemake.input.facts)["labels"],
        rare=snakemake.params.rare,
    )
    style.save(figure, *snakemake.output)
