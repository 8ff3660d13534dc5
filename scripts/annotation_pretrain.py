"""Pre-train an encoder on all cells of a dataset, without their labels."""

from scbench.annotation.pretraining import pretrained
from scbench.io import read_prepared
from scbench.script import guarded

with guarded(snakemake.log[0], snakemake.resources.gpu):
    data, params, output = read_prepared(snakemake.input.data), snakemake.params, snakemake.output[0]
    options = {"seed": params.seed, "threads": snakemake.threads, "output": output}
    with pretrained(data.X, data.genes, params.entry, **options) as encoder:
        encoder.save(output)
