"""Write what the papers' own numbers agree in among themselves."""

from pathlib import Path

from scbench.claims.audit.checks import audit, load
from scbench.claims.ledger import load as load_claims
from scbench.io import write_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    folder = Path(snakemake.params.folder)
    write_table(audit(load(folder / "audit.yaml"), load_claims(folder)), snakemake.output[0])
