"""Show the tables of calibration."""

from pathlib import Path

from scbench.atomic import atomic
from scbench.io import read_table
from scbench.report.tables import page
from scbench.script import guarded

with guarded(snakemake.log[0]):
    tables = {Path(path).parent.name: read_table(path) for path in snakemake.input.tables}
    with atomic(snakemake.output[0]) as part:
        part.write_text(page(tables, "P-values where no gene has a pattern"))
