"""Write the page of the published claims."""

from pathlib import Path

from scbench.atomic import atomic
from scbench.claims import table
from scbench.claims.page import page
from scbench.script import guarded
from scbench.validate import read_yaml

# Input: verdicts, audit (tables), rules (YAML). Output: the page.
with guarded(snakemake.log[0]):
    tables = map(table.read, (snakemake.input.verdicts, snakemake.input.audit))
    rules = read_yaml(Path(snakemake.input.rules))
    folder = Path(snakemake.output[0]).parent.as_posix()
    with atomic(snakemake.output[0]) as part:
        part.write_text(page(*tables, rules, folder=folder), encoding="utf-8")
