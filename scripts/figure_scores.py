"""Draw the scores of one track."""

from scbench.figures import scores, style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    tables = read_table(snakemake.input.scores), read_table(snakemake.input.ranks)
    figure = scores.plot(*tables, **snakemake.params.labels, track=snakemake.wildcards.track)
    style.save(figure, *snakemake.output)
