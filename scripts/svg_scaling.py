"""Gather the runs of growing size and fit how time and memory grow."""

from scbench.atomic import atomic, read_json
from scbench.io import write_table
from scbench.report.tables import page
from scbench.script import guarded
from scbench.svg.scaling import fit_all, run_table

with guarded(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    facts = {found["dataset"]: found for found in map(read_json, snakemake.input.facts)}
    runs = run_table(params.families, [read_json(path) for path in snakemake.input.statuses], facts)
    fits = fit_all(runs, params.confidence)
    write_table(runs, output.runs)
    write_table(fits, output.fits)
    with atomic(output.page) as part:
        part.write_text(page({"scaling_fits": fits, "scaling": runs}, "Time and memory against the number of cells"))
