"""Prepare one dataset, and note its facts beside it."""

from pathlib import Path

from scbench.data.facts import facts
from scbench.data.prepare import prepare
from scbench.io import write_json
from scbench.script import guarded

with guarded(snakemake.log[0]):
    source = Path(snakemake.input.source[0]) if snakemake.input.source else None
    data = Path(snakemake.output.data)
    prepare(snakemake.params.name, snakemake.params.entry, data, source=source, seed=snakemake.params.seed)
    write_json(facts(snakemake.params.name, data), snakemake.output.facts)
