"""Download one file."""

from pathlib import Path

from scbench.data.fetch import fetch
from scbench.script import guarded

with guarded(snakemake.log[0]):
    name, source = snakemake.params.source
    fetch(source, Path(snakemake.output[0]), lock=Path("resources/data.lock"), name=name)
