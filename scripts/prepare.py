"""Prepare one dataset, and note its facts beside it."""

from pathlib import Path

from scbench.atomic import write_json
from scbench.data.facts import facts
from scbench.data.prepare import prepare
from scbench.script import guarded

with guarded(snakemake.log[0]):
    paths = dict(zip(snakemake.params.roles, map(Path, snakemake.input.source), strict=True))
    source = paths if len(paths) > 1 else paths.get("counts")
    data = Path(snakemake.output.data)
    prepare(snakemake.params.name, snakemake.params.entry, data, source=source, seed=snakemake.params.seed)
    write_json(facts(snakemake.params.name, data), snakemake.output.facts)
