"""The table of verdicts: a row for each claim of the ledger."""

from scbench.claims.ledger import COLUMNS as LEDGER

# What the ledger says, then what was found. Values are in the claim's printed unit; `agrees_rounded` and `covers` are
# `yes`, `no` or empty; `ours_settings` and `others` are JSON, `evidence` has `;` between paths.
COLUMNS = [
    *LEDGER, "verdict", "quantity", "ours", "ours_low", "ours_high", "n_replicates", "rule", "reason",
    "needed_replicates", "agrees_rounded", "covers", "ours_settings", "others", "evidence", "figure", "command",
]  # fmt: skip
