"""The table of verdicts and that of the audit, checked, as rows to be shown."""

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from math import isfinite, nan
from typing import Any

import pandas as pd

from scbench.claims.looks import VERDICTS
from scbench.claims.table import COLUMNS
from scbench.errors import UserError, did_you_mean

_NUMBERS = ("n", "ours", "ours_low", "ours_high", "n_replicates", "needed_replicates")
_AUDIT = ("paper", "check", "topic", "computation", "result", "detail")


def claims(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the table of verdicts.

    Parameters
    ----------
    verdicts
        The columns of `scbench.claims.table` in any order, as text: numbers are shown as they were printed.

    Returns
    -------
    list of dict
        Missing text is "", a missing number None; ``ours_settings`` and ``others`` are name -> number; ``published`` is
        the printed number or limit, and None for an ordering or a shape; ``about`` tells ``"results"`` from
        ``"design"``, which is sizes and constants: that a benchmark uses the numbers of a paper says nothing about it.

    Raises
    ------
    UserError
        Naming the claim, the column, the value and what is allowed.
    """
    rows = _rows(verdicts, COLUMNS, "The table of verdicts")
    if twice := [name for name, n in Counter(row["claim_id"] for row in rows).items() if n > 1]:
        raise UserError(f"The table of verdicts must have each claim once. {twice[0]!r} is there more often.")
    for row in rows:
        if row["verdict"] not in VERDICTS:
            raise UserError(
                f"{row['claim_id']}: unknown verdict {row['verdict']!r}. {did_you_mean(row['verdict'], VERDICTS)}"
            )
        for name in _NUMBERS:
            row[name] = _number(row[name], f"{row['claim_id']}: {name!r}")
        for name in ("ours_settings", "others"):
            row[name] = _means(row[name], f"{row['claim_id']}: {name!r}")
        printed = row["value"] if row["kind"] in ("value", "bound", "size") else ""
        row["about"] = "design" if _is_design(row) else "results"
        row["published"] = _number(printed, f"{row['claim_id']}: 'value'")
    return rows


def checks(audit: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the table of the audit, all of them text."""
    return _rows(audit, _AUDIT, "The table of the audit")


def _is_design(row: dict[str, Any]) -> bool:
    metric = row["metric"].startswith(("param_", "hardware_"))
    return metric or row["kind"] == "size" or row["experiment"].endswith("-protocol")


def _rows(table: pd.DataFrame, columns: Sequence[str], what: str) -> list[dict[Hashable, Any]]:
    if missing := [name for name in columns if name not in table]:
        raise UserError(f"{what} has no column {missing[0]!r}. It has: {', '.join(map(str, table.columns))}.")
    return table[list(columns)].fillna("").astype(str).to_dict("records")


def _number(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not isfinite(number):
        raise UserError(f"{where} must be a finite number or empty. Got {text!r} instead.")
    return number


def _means(text: str, where: str) -> dict[str, float | None]:
    try:
        means = json.loads(text or "{}")
    except json.JSONDecodeError:
        means = None
    if not isinstance(means, dict) or not all(value is None or type(value) in (int, float) for value in means.values()):
        raise UserError(f"{where} must be a JSON object of numbers. Got {text!r} instead.")
    return means
