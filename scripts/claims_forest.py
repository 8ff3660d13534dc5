"""Draw the published and the measured numbers of one paper."""

from scbench.claims import table
from scbench.figures import claims_forest, style
from scbench.script import guarded

# Input: verdicts (the table of all papers). Wildcard: paper. Output: png, pdf.
with guarded(snakemake.log[0]):
    verdicts = table.read(snakemake.input.verdicts)
    style.save(claims_forest.plot(verdicts, paper=snakemake.wildcards.paper), *snakemake.output)
