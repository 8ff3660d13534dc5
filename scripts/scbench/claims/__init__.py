"""Published claims: the ledger, what was measured of each, and the verdicts."""
