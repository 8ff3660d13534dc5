"""Gather the runs of one track into its tables."""

from scbench.collect import collect
from scbench.io import write_both
from scbench.script import guarded

with guarded(snakemake.log[0]):
    params = snakemake.params
    tables = collect(
        snakemake.input.statuses, snakemake.input.scores, params.methods, params.metrics, **params.statistics
    )
    for name, table in tables.items():
        write_both(table, snakemake.output[name])
