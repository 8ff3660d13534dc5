"""Judge the published claims by the results that exist."""

from scbench.claims import judge, table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    params = snakemake.params
    table.write(judge.rows(confidence=params.confidence, seed=params.seed), snakemake.output[0])
