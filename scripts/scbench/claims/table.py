"""The table of verdicts: a row for each claim of the ledger."""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from scbench.claims.ledger import COLUMNS as LEDGER
from scbench.claims.ledger import Claim
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.verdicts import Verdict
from scbench.io import write_table

# What the ledger says, then what was found. Values are in the claim's printed unit; `agrees_rounded` and `covers` are
# `yes`, `no` or empty; `ours_settings` and `others` are JSON, `evidence` has `;` between paths.
COLUMNS = [
    *LEDGER, "verdict", "quantity", "ours", "ours_low", "ours_high", "n_replicates", "rule", "reason",
    "needed_replicates", "agrees_rounded", "covers", "ours_settings", "others", "evidence", "figure", "command",
]  # fmt: skip


def row(claim: Claim, measured: Measurement | Unmeasured, verdict: Verdict, command: str) -> dict[str, str]:
    """One row of the table, as text.

    Parameters
    ----------
    command
        What runs the experiment of the claim.
    """
    known = isinstance(measured, Measurement)
    return claim.raw | {
        "verdict": verdict.verdict,
        "quantity": verdict.quantity,
        "ours": _text(verdict.ours),
        "ours_low": _text(verdict.low),
        "ours_high": _text(verdict.high),
        "n_replicates": _text(verdict.n_replicates or None),
        "rule": verdict.rule,
        "reason": verdict.reason,
        "needed_replicates": _text(verdict.needed_replicates),
        "agrees_rounded": _text(verdict.agrees_rounded),
        "covers": _text(verdict.covers),
        "ours_settings": _json(verdict.settings),
        "others": _json(verdict.others),
        "evidence": ";".join(measured.evidence) if known else "",
        "figure": measured.figure if known else "",
        "command": command,
    }


def write(rows: Iterable[Mapping[str, str]], path: str | os.PathLike) -> None:
    """Write the table; rows stay in the order of the ledger."""
    write_table(pd.DataFrame(rows, columns=COLUMNS), path)


def read(path: str | os.PathLike) -> pd.DataFrame:
    """Read the table as text: a printed 665.00 stays as it is, and what is missing is empty."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}"


def _json(means: Mapping[str, float | None]) -> str:
    return json.dumps({name: mean and float(f"{mean:.10g}") for name, mean in means.items()}) if means else ""
