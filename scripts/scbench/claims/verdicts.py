"""Judge claims: what was measured, beside what was printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from scbench.claims import scalars, units
from scbench.claims.estimate import Estimate
from scbench.claims.ledger import Claim
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.orderings import SINGLE, ordering
from scbench.claims.rules import Rule, Rules
from scbench.claims.scalars import Finding
from scbench.seeds import seed as derive

# From the best to the worst, then those that are none.
VERDICTS = (
    "reproduced", "close", "direction_holds", "inconclusive", "not_reproduced", "contradicted",
    "analogue", "not_tested", "not_public",
)  # fmt: skip


# Smallest positive double: the logarithm of a p-value that was too small for one.
_SMALLEST = 5e-324


@dataclass(frozen=True)
class Verdict:
    """What became of one claim; numbers are in the claim's printed unit.

    Attributes
    ----------
    rule
        Id of the rule that was applied.
    ours, low, high
        Our mean and its interval; for a claim that counts settings their number.
    n_replicates
        Replicates of the setting that has fewest; failed ones do not count.
    needed_replicates
        Replicates that would settle what is open, at the spread seen.
    agrees_rounded, covers
        Whether our rounded result equals the printed one; whether our interval covers a number that is printed as it.
    settings, others
        Means of the method in each setting, and of each comparator.
    """

    verdict: str
    rule: str
    reason: str
    quantity: str = ""
    ours: float | None = None
    low: float | None = None
    high: float | None = None
    n_replicates: int = 0
    needed_replicates: int | None = None
    agrees_rounded: bool | None = None
    covers: bool | None = None
    settings: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, float] = field(default_factory=dict)


def judge(claim: Claim, measured: Measurement | Unmeasured, rules: Rules, confidence: float, seed: int) -> Verdict:
    """Judge one claim.

    Parameters
    ----------
    measured
        In base units.
    confidence
        Level of the intervals.
    seed
        Of the run; the resampling of a claim does not depend on other claims.

    Raises
    ------
    UserError
        If no rule is for the claim, or its rule does not know the statistic.
    """
    rule = rules.of(claim)
    if isinstance(measured, Unmeasured):
        return Verdict(measured.verdict, rule.id, measured.reason)
    exact = measured.exact or claim.kind == "size" or rule.test == "constant"
    log = claim.log10 and rule.test == "number"
    measured = _scaled(replace(measured, exact=exact), 1 if claim.kind == "shape" else units.factor(claim.unit), log)
    values = np.concatenate([*measured.claimed.values(), np.empty(0)])
    if not np.isfinite(values).any():
        why = "; ".join(f"{name}: {text}" for name, text in measured.absent.items())
        return Verdict("not_tested", rule.id, f"No run gave a value. {why}".strip(), measured.quantity)
    if measured.intervals:
        estimate = Estimate.between(measured.claimed, measured.intervals, confidence)
    else:
        estimate = Estimate.of(measured.claimed, measured.overlap, measured.exact)
    finding, count = _find(claim, measured, estimate, rule, rules, confidence, seed)
    finding = _hedge(claim, finding, measured, estimate, rules)
    shown = count or (estimate.mean, *estimate.interval(confidence))
    verdict = Verdict(
        finding.verdict,
        rule.id,
        finding.reason,
        measured.quantity,
        *(_back(number, log and count is None) for number in shown),
        n_replicates=estimate.n,
        needed_replicates=finding.needed,
        agrees_rounded=finding.agrees,
        covers=finding.covers,
        settings={name: _back(_mean(array), log) for name, array in measured.claimed.items()},
        others={
            name: _back(_mean(np.concatenate(list(of.values()))), log) for name, of in measured.others.items() if of
        },
    )
    if measured.analogue:
        hidden = {"needed_replicates": None, "agrees_rounded": None, "covers": None}
        verdict = replace(verdict, verdict="analogue", reason=f"Not the paper's data: {measured.analogue}", **hidden)
    return verdict


def _find(
    claim: Claim,
    measured: Measurement,
    estimate: Estimate,
    rule: Rule,
    rules: Rules,
    confidence: float,
    seed: int,
) -> tuple[Finding, tuple[float, float, float] | None]:
    if rule.test in ("ordering", "similar"):
        rng = np.random.default_rng(derive(seed, "claim", claim.claim_id))
        return ordering(claim, measured, rule, rules, confidence, rng)
    if rule.test == "shape":
        return scalars.shape(claim, estimate, rule, measured.quantity, rules, confidence), None
    test = {"number": scalars.number, "constant": scalars.constant, "bound": scalars.bound}[rule.test]
    return test(claim, estimate, rule, rules, confidence), None


def _hedge(claim: Claim, finding: Finding, measured: Measurement, estimate: Estimate, rules: Rules) -> Finding:
    """Say what the finding rests on, and weaken it where that is little."""
    if not estimate.known and claim.kind != "ordering":
        finding = finding.weakened(f"n = 1: {SINGLE}")
        if claim.kind == "value" and finding.verdict == "direction_holds":
            finding = replace(finding, verdict="close")
    values = np.concatenate(list(measured.claimed.values()))
    failed = int((~np.isfinite(values)).sum())
    reason = finding.reason
    if failed:
        reason += f" {failed} of {len(values)} runs failed."
    if failed > rules.max_failed * len(values) and finding.verdict != "not_tested":
        finding = replace(finding, verdict="inconclusive")
    missing = dict(measured.absent)
    if claim.kind == "ordering":
        for name in claim.comparator_ids:
            if name not in measured.others:
                missing.setdefault(name, "not run")
            elif _failed(np.concatenate(list(measured.others[name].values()))) > rules.max_failed:
                missing[name] = "most of its runs failed"
    reason += "".join(f" Without {name}: {why}." for name, why in missing.items())
    return replace(finding, reason=reason)


def _scaled(measured: Measurement, factor: float, log: bool) -> Measurement:
    """Bring values to the printed unit, or to its logarithm."""

    def scaled(values: np.ndarray) -> np.ndarray:
        values = np.atleast_1d(np.asarray(values, float)) / factor
        return np.log10(np.maximum(values, _SMALLEST)) if log else values

    claimed = {name: scaled(values) for name, values in measured.claimed.items()}
    others = {name: {s: scaled(values) for s, values in of.items()} for name, of in measured.others.items()}
    intervals = {name: tuple(scaled(np.array(bounds))) for name, bounds in measured.intervals.items()}
    return replace(measured, claimed=claimed, others=others, intervals=intervals)


def _failed(values: np.ndarray) -> float:
    return float(1 - np.isfinite(values).mean()) if len(values) else 1.0


def _mean(values: np.ndarray) -> float:
    """Mean over the runs that ended well; NaN if none did."""
    valid = values[np.isfinite(values)]
    return float(valid.mean()) if len(valid) else np.nan


def _back(number: float, log: bool) -> float | None:
    """Return from the scale of the comparison; nothing for NaN."""
    return None if np.isnan(number) else 10.0**number if log else float(number)
