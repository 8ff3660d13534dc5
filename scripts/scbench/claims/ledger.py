"""The ledger of published claims, read and checked."""

from scbench.provenance import ROOT
from scbench.validate import read_yaml

SCHEMA = read_yaml(ROOT / "workflow" / "schemas" / "claims.schema.yaml")
COLUMNS = SCHEMA["required"]
