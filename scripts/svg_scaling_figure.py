"""Draw time and memory against the number of cells."""

from scbench.figures import scaling, style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    params, family = snakemake.params, snakemake.wildcards.family
    runs, fits = (read_table(path).query("family == @family") for path in (snakemake.input.runs, snakemake.input.fits))
    shared = {"methods": params.methods, "budgets": params.budgets, "confidence": params.confidence}
    title = f"Growth with cells: {family.replace('_', ' ')}"
    style.save(scaling.plot(runs, fits, title=title, **shared), *snakemake.output)
