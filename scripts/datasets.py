"""Sum up the datasets."""

from scbench.atomic import atomic, read_json
from scbench.data.summary import summary
from scbench.io import write_table
from scbench.report.tables import page
from scbench.script import guarded

with guarded(snakemake.log[0]):
    table = summary(snakemake.params.registry, map(read_json, snakemake.input.facts), snakemake.params.left_out)
    write_table(table, snakemake.output.table)
    with atomic(snakemake.output.page) as part:
        part.write_text(page({"datasets": table}, "Datasets"))
