"""Sum up the datasets."""

from scbench.atomic import read_json
from scbench.data.summary import publish, summary
from scbench.script import guarded

with guarded(snakemake.log[0]):
    table = summary(snakemake.params.registry, map(read_json, snakemake.input.facts), snakemake.params.left_out)
    publish(table, snakemake.output.table, snakemake.output.page)
