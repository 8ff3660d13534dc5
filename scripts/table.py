"""Write the tables of one track as a page to sort and filter."""

from scbench.atomic import atomic
from scbench.io import read_table
from scbench.report.tables import page
from scbench.script import guarded

with guarded(snakemake.log[0]):
    same_everywhere = ["schema_version", "track"]
    paths = {name: snakemake.input[name] for name in ("ranks", "scores", "status")}
    tables = {name: read_table(path).drop(columns=same_everywhere) for name, path in paths.items()}
    with atomic(snakemake.output[0]) as part:
        part.write_text(page(tables, snakemake.params.title))
