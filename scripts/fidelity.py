"""Compare reimplementations with the authors' packages, run by run."""

import pandas as pd

from scbench.atomic import atomic, read_json
from scbench.fidelity import Run, compare
from scbench.io import read_table, write_table
from scbench.report.tables import page
from scbench.script import guarded

with guarded(snakemake.log[0]):
    runs = map(Run, map(read_json, snakemake.input.statuses), map(read_table, snakemake.input.outputs))
    rows = [
        {"dataset": upstream.status["dataset"], "replicate": upstream.status["replicate"]}
        | compare(upstream, ours, top=snakemake.params.top)
        for upstream, ours in zip(runs, runs, strict=True)  # each pair lies together
    ]
    table = pd.DataFrame(rows)
    write_table(table, snakemake.output.table)
    with atomic(snakemake.output.page) as part:
        part.write_text(page({"fidelity": table}, "Authors' packages and reimplementations"))
