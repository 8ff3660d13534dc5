"""Verdicts with made-up measurements, for pages and figures that nobody will read."""

import json

import numpy as np
import pandas as pd

from scbench.claims.ledger import Claim
from scbench.claims.looks import VERDICTS
from scbench.claims.table import COLUMNS

LEDGER = {
    "claim_id": "toy-f1", "paper": "toy", "locator": "Results; Fig. 1", "experiment": "toy-noise", "track": "svg",
    "dataset": "cells", "scenario": "noise-0.6", "method": "ours", "metric": "f1", "unit": "fraction", "value": "0.90",
    "sd": "0.02", "printed_decimals": "2", "n": "", "kind": "value", "relation": "", "comparators": "",
    "extracted_from": "text", "protocol": "mean of ten", "testable_here": "embedded", "note": "a note",
}  # fmt: skip
FOUND = {
    "verdict": "reproduced", "quantity": "mean F1", "ours": "0.905", "ours_low": "0.88", "ours_high": "0.93",
    "n_replicates": "5", "rule": "printed-number", "reason": "The interval holds the published value.",
    "needed_replicates": "", "agrees_rounded": "no", "covers": "yes", "ours_settings": '{"noise-0.6": 0.905}',
    "others": '{"peer": 0.7}', "evidence": "results/svg/scores.tsv;results/svg/ranks.tsv",
    "figure": "results/figures/svg-scores.png", "command": "snakemake --cores 2 svg",
}  # fmt: skip
CHECK = {
    "paper": "toy", "check": "1", "topic": "a sum", "computation": "1 + 1 = 3", "result": "differs", "detail": "by one",
}  # fmt: skip
RULES = {"rules": {"printed-number": {"kind": "value", "relations": [""], "test": "number", "why": "Few digits."}}}


def table(*changes: dict) -> pd.DataFrame:
    """One claim for each of the dicts, with its changes, and an id of its own unless it brings one."""
    rows = [LEDGER | FOUND | {"claim_id": f"toy-{place}"} | change for place, change in enumerate(changes)]
    return pd.DataFrame(rows, columns=COLUMNS)


def audit(*changes: dict) -> pd.DataFrame:
    return pd.DataFrame([CHECK | change for change in changes or ({},)])


def made_up(claims: list[Claim], seed: int = 0) -> pd.DataFrame:
    """Verdicts drawn at random; claims that need no download get values near the published ones."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame([_drawn(claim, rng) for claim in claims], columns=COLUMNS)


def _drawn(claim: Claim, rng: np.random.Generator) -> dict[str, str]:
    untested = dict.fromkeys(FOUND, "") | {"rule": claim.kind, "command": f"snakemake --cores 2 {claim.experiment}"}
    if claim.testable_here not in ("embedded", "shared-data"):
        verdict = "not_public" if claim.testable_here == "not-public" else "not_tested"
        return claim.raw | untested | {"verdict": verdict, "reason": f"{claim.dataset} was not downloaded."}
    exact = claim.metric.startswith(("param_", "hardware_", "n_"))
    published = 0.8 if claim.kind in ("ordering", "shape") else claim.value
    ours = published * (1 if exact else rng.normal(1, 0.06))
    half = 0 if exact else abs(ours) * rng.uniform(0.01, 0.08)
    judged = [name for name in VERDICTS if name not in ("not_tested", "not_public")]
    verdict = "reproduced" if exact else rng.choice(judged, p=[0.35, 0.15, 0.1, 0.15, 0.1, 0.05, 0.1])
    counted = claim.kind == "ordering" and claim.value is not None
    return claim.raw | untested | {
        "verdict": verdict,
        "quantity": claim.metric,
        "ours": f"{claim.value if counted else ours:.6g}",
        "ours_low": "" if exact else f"{ours - half:.6g}",
        "ours_high": "" if exact else f"{ours + half:.6g}",
        "n_replicates": "1" if exact else "5",
        "reason": f"Ours, {ours:.4g}, lies {abs(ours - published):.3g} from the published {published:.4g}.",
        "ours_settings": json.dumps({claim.scenario or "all": ours}),
        "others": json.dumps({name: ours * rng.uniform(0.5, 1) for name in claim.comparator_ids}),
        "evidence": FOUND["evidence"],
        "figure": FOUND["figure"],
    }  # fmt: skip
