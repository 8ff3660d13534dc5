"""How each metric of the ledger is measured, one module for each kind of source."""
