"""Run the checks of the papers' own numbers."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scbench.claims.audit.expression import evaluate, show
from scbench.claims.audit.functions import FUNCTIONS
from scbench.claims.ledger import FOLDER, Claim
from scbench.errors import UserError, did_you_mean
from scbench.provenance import ROOT
from scbench.validate import read_yaml, validate

COLUMNS = ["paper", "check", "topic", "computation", "result", "detail"]
RESULTS = ("agrees", "differs", "possible", "cannot_be_checked", "contradicts", "depends")

_SCHEMA = read_yaml(ROOT / "workflow" / "schemas" / "claim_audit.schema.yaml")


def load(path: Path = FOLDER / "audit.yaml") -> dict[str, list[dict[str, Any]]]:
    """Read the checks: paper -> its checks in order.

    Raises
    ------
    UserError
        Naming the check, the value and what is allowed.
    """
    return validate(read_yaml(path), _SCHEMA, path.name)


def audit(checks: Mapping[str, list[dict[str, Any]]], claims: Iterable[Claim]) -> pd.DataFrame:
    """Run all checks.

    Returns
    -------
    pandas.DataFrame
        A row for each check, with the columns of `COLUMNS`.

    Raises
    ------
    UserError
        Naming the check and what is wrong with it.
    """
    claims = list(claims)
    by_id = {claim.claim_id: claim for claim in claims}
    rows = []
    for paper, listed in checks.items():
        own = [claim for claim in claims if claim.paper == paper]
        for number, check in enumerate(listed, start=1):
            try:
                rows.append({"paper": paper, "check": number, **run(check, by_id, own)})
            except UserError as error:
                raise UserError(f"audit.yaml: check {number} of {paper!r}: {error}") from None
    return pd.DataFrame(rows, columns=COLUMNS)


def run(check: Mapping[str, Any], by_id: Mapping[str, Claim], own: Iterable[Claim]) -> dict[str, str]:
    """Run one check.

    Parameters
    ----------
    by_id
        Claims that its numbers are named by.
    own
        Claims of its paper, which are counted.
    """
    names, shown = _inputs(check, by_id, own)
    steps, detail = [], []
    for name, text in check["values"].items():
        names[name] = evaluate(text, names, FUNCTIONS)
        steps.append(f"{name} = {show(text, shown)}")
        shown[name] = _text(names[name])
        detail.append(f"{name.strip('_').replace('_', ' ')}: {shown[name]}.")
    result = check["otherwise"]
    for candidate, text in check["results"].items():
        steps.append(f"{candidate} if {show(text, shown)}")
        if np.all(evaluate(text, names, FUNCTIONS)):
            result = candidate
            break
    if check["stated"]:
        detail.append("Rests on a reading of words.")
    if check["note"]:
        detail.append(check["note"].rstrip(".") + ".")
    return {"topic": check["topic"], "computation": "; ".join(steps), "result": result, "detail": " ".join(detail)}


def _inputs(
    check: Mapping[str, Any], by_id: Mapping[str, Claim], own: Iterable[Claim]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Values of all names, and how they are shown: as the paper prints them."""
    names: dict[str, Any] = {}
    shown: dict[str, str] = {}
    for name, given in check["numbers"].items():
        texts = [_printed(by_id, one) for one in ([given] if isinstance(given, str) else given)]
        if isinstance(given, str):
            names[name], shown[name] = int(texts[0]) if texts[0].isdigit() else float(texts[0]), texts[0]
            decimals = len(texts[0].partition(".")[2])
            names[f"{name}_decimals"], shown[f"{name}_decimals"] = decimals, str(decimals)
        else:
            names[name], shown[name] = np.array(texts, float), f"[{', '.join(texts)}]"
    for name, columns in check["counted"].items():
        names[name] = sum(all(_column(claim, column) in values for column, values in columns.items()) for claim in own)
        shown[name] = str(names[name])
    for name, given in (check["printed"] | check["stated"]).items():
        names[name], shown[name] = np.array(given) if isinstance(given, list) else given, str(given)
    return names, shown


def _printed(by_id: Mapping[str, Claim], reference: str) -> str:
    """Text of a claim's number: ``id`` its value, ``id.sd`` and ``id.n`` those columns."""
    claim_id, _, column = reference.partition(".")
    if claim_id not in by_id:
        raise UserError(f"{claim_id!r} is not in the ledger. {_near(claim_id, by_id)}")
    text = _column(by_id[claim_id], column or "value")
    if not text:
        raise UserError(f"{claim_id!r} has no {column or 'value'}.")
    return text


def _near(claim_id: str, by_id: Mapping[str, Claim]) -> str:
    """Suggest a claim without listing all of them."""
    return did_you_mean(claim_id, by_id).partition("Allowed:")[0].strip()


def _column(claim: Claim, column: str) -> str:
    if column not in claim.raw:
        raise UserError(f"{column!r} is no column of the ledger. {did_you_mean(column, claim.raw)}")
    return claim.raw[column]


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.6g}"
