"""Check the finished tables."""

import pandas as pd

from scbench import qc
from scbench.atomic import atomic
from scbench.io import read_table, write_table
from scbench.report.tables import page
from scbench.script import guarded

with guarded(snakemake.log[0]):
    status, scores = (
        pd.concat([read_table(path) for path in paths], ignore_index=True)
        for paths in (snakemake.input.status, snakemake.input.scores)
    )
    checks = qc.check(status, scores, snakemake.params.methods, snakemake.params.metrics)
    write_table(checks, snakemake.output.table)
    with atomic(snakemake.output.page) as part:
        part.write_text(page({"checks": checks}, "Quality checks", note=qc.NOTE))
