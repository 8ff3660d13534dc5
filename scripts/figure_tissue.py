"""Draw example genes of one spatial dataset."""

from scbench.figures import style, tissue
from scbench.io import read_prepared, read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels = snakemake.params.labels
    tables = {name: read_table(path) for name, path in zip(labels["methods"], snakemake.input.outputs, strict=True)}
    figure = tissue.plot(
        read_prepared(snakemake.input.data),
        tables,
        methods=labels["methods"],
        title=labels["datasets"][snakemake.wildcards.dataset]["label"],
        fdr=snakemake.params.scoring["fdr"],
    )
    style.save(figure, *snakemake.output)
