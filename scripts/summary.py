"""Write the datasets of one track and its scores at a glance as a page."""

from scbench.atomic import atomic, read_json
from scbench.io import read_table
from scbench.report.summary import summary_page
from scbench.script import guarded

with guarded(snakemake.log[0]):
    params, labels = snakemake.params, snakemake.params.labels
    facts = [read_json(path) for path in snakemake.input.facts]
    tables = {"methods": labels["methods"], "datasets": labels["datasets"]}
    html = summary_page(
        facts, read_table(snakemake.input.ranks), **tables, scenario=params.scenario, title=params.title
    )
    with atomic(snakemake.output[0]) as part:
        part.write_text(html)
