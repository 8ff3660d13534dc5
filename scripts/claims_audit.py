"""Write what the papers' own numbers agree in among themselves."""

from scbench.claims.audit.checks import audit, load
from scbench.claims.ledger import load as load_claims
from scbench.io import write_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    write_table(audit(load(), load_claims()), snakemake.output[0])
