"""Draw a gene of each shape of a simulated dataset."""

from scbench.figures import patterns, style
from scbench.io import read_prepared
from scbench.script import guarded

with guarded(snakemake.log[0]):
    figure = patterns.plot(read_prepared(snakemake.input.data), title=snakemake.params.title)
    style.save(figure, *snakemake.output)
