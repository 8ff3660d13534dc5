"""Note what made the results."""

from scbench.atomic import write_json
from scbench.manifest import manifest
from scbench.script import guarded

with guarded(snakemake.log[0]):
    write_json(manifest(snakemake.params.config, snakemake.input.status, snakemake.input.facts), snakemake.output[0])
