"""Download one file."""

from pathlib import Path

from scbench.data.fetch import fetch
from scbench.data.sources import downloads
from scbench.registry import Registry
from scbench.script import guarded

with guarded(snakemake.log[0]):
    # From the registry and not from `params`, of which Snakemake keeps records: an address may hold a password.
    name, source = downloads(Registry.load().datasets)[snakemake.output[0]]
    fetch(source, Path(snakemake.output[0]), lock=Path("resources/data.lock"), name=name)
