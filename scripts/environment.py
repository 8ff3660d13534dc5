"""Build the environment of isolated methods, or record why it cannot be built."""

from pathlib import Path

from scbench import environments
from scbench.script import guarded

with guarded(snakemake.log[0]):
    environments.build(snakemake.wildcards.env, Path(snakemake.output[0]))
