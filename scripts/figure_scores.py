"""Draw a figure of one track from its scores and ranks."""

import importlib

from scbench.figures import style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    params = snakemake.params
    plot = importlib.import_module(f"scbench.figures.{params.module}").plot
    tables = read_table(snakemake.input.scores), read_table(snakemake.input.ranks)
    style.save(plot(*tables, **params.labels, track=snakemake.wildcards.track, **params.options), *snakemake.output)
