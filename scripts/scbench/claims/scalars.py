"""Judge a claim of one number: a printed value, a constant, a limit, a shape told by a statistic."""

from dataclasses import dataclass, replace
from math import floor, isfinite, log10
from typing import Self

from scbench.claims import units
from scbench.claims.estimate import Estimate
from scbench.claims.ledger import Claim
from scbench.claims.rules import Interval, Rule, Rules
from scbench.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Finding:
    """What a test concludes, before it is looked at what the test rests on.

    Attributes
    ----------
    needed
        Replicates that would settle what is open.
    agrees, covers
        Whether the rounded result is the printed one; whether the interval covers what is printed as it.
    """

    verdict: str
    reason: str
    needed: int | None = None
    agrees: bool | None = None
    covers: bool | None = None

    def weakened(self, why: str) -> Self:
        """Keep the direction but not the certainty."""
        verdict = {"reproduced": "direction_holds", "contradicted": "not_reproduced"}.get(self.verdict, self.verdict)
        return replace(self, verdict=verdict, reason=f"{self.reason} {why}")


def ladder(share: float, rules: Rules) -> str:
    """Verdict of a relation that holds with some probability."""
    for name in ("reproduced", "direction_holds"):
        if share >= rules.shares[name]:
            return name
    for name in ("contradicted", "not_reproduced"):
        if share <= rules.shares[name]:
            return name
    return "inconclusive"


def tolerance(claim: Claim, rule: Rule, about: float) -> float:
    """Largest difference that is close, in printed units: of shares as it is, of all else relative to a number."""
    scale = units.scale(claim.unit)
    return rule.tolerance[scale] * (1 / units.factor(claim.unit) if scale == "share" else abs(about))


def number(claim: Claim, estimate: Estimate, rule: Rule, rules: Rules, confidence: float) -> Finding:
    """Compare with a printed number: rounded, by the interval, and within a tolerance."""
    first, last = _printed_as(claim)
    printed = log10(claim.value) if claim.log10 else claim.value
    low, high = estimate.interval(confidence)
    half = (high - low) / 2
    agrees = first <= estimate.mean <= last
    covers = bool(low <= last and first <= high) if isfinite(half) else None
    # "About" is a factor either way: half as much is as far off as twice as much, and nothing is about nothing.
    factor = claim.relation == "~" and not claim.log10
    close = tolerance(claim, rule, min(abs(estimate.mean), abs(printed)) if factor else printed)
    off = abs(estimate.mean - printed)
    wanted = max(close, (last - first) / 2)
    if (agrees or covers) and half > wanted:
        reason = "The interval holds the printed number, and is wider than what is close."
        return Finding("inconclusive", reason, estimate.replicates_for(wanted, confidence), agrees, covers)
    if agrees or covers:
        reason = "Rounds to the printed number." if agrees else "The interval holds the printed number."
        return Finding("reproduced", reason, None, agrees, covers)
    reason = f"Off by {off:.3g}{' on the log10 scale' if claim.log10 else ''}, where {close:.3g} would be close."
    return Finding("close" if off <= close else "not_reproduced", reason, None, agrees, covers)


def constant(claim: Claim, estimate: Estimate, rule: Rule, rules: Rules, confidence: float) -> Finding:
    """Compare a constant of the protocol with the one that is used."""
    agrees = abs(estimate.mean - claim.value) <= 1e-9 * max(1, abs(claim.value))
    reason = "The same constant is used." if agrees else "Another constant is used."
    return Finding("reproduced" if agrees else "not_reproduced", reason, agrees=agrees)


def bound(claim: Claim, estimate: Estimate, rule: Rule, rules: Rules, confidence: float) -> Finding:
    """Compare with a printed limit, without rounding."""
    above = estimate.share_above(claim.value, or_equal=claim.relation in ("<", ">="))
    share = 1 - above if claim.relation.startswith("<") else above
    verdict, distance = ladder(share, rules), abs(estimate.mean - claim.value)
    if verdict in ("not_reproduced", "contradicted") and distance <= tolerance(claim, rule, claim.value):
        verdict = "close"
    open_ = verdict in ("inconclusive", "direction_holds", "not_reproduced")
    needed = estimate.replicates_for(distance, confidence) if open_ else None
    return Finding(verdict, f"{_probably(share, estimate)} on the claimed side of the limit.", needed)


def shape(claim: Claim, estimate: Estimate, rule: Rule, quantity: str, rules: Rules, confidence: float) -> Finding:
    """See whether the statistic that tells a shape lies where the rule wants it.

    Raises
    ------
    UserError
        If the rule does not know the statistic.
    """
    name = next((name for name in rule.statistics if quantity.startswith(name)), None)
    if name is None:
        hint = did_you_mean(quantity, rule.statistics)
        raise UserError(f"{claim.claim_id}: {quantity!r} is no statistic of the rule {rule.id!r}. {hint}")
    holds, contradicts = rule.statistics[name]
    share = _inside(estimate, holds)
    verdict = ladder(share, rules)
    if verdict in ("contradicted", "not_reproduced"):
        opposite = contradicts is not None and _inside(estimate, contradicts) >= rules.shares["reproduced"]
        verdict = "contradicted" if opposite else "not_reproduced"
    distance = min(abs(estimate.mean - edge) for edge in holds if isfinite(edge))
    needed = estimate.replicates_for(distance, confidence) if verdict in ("inconclusive", "direction_holds") else None
    within = f"from {holds[0]:g} to {holds[1]:g}".replace("from -inf to", "up to").replace(" to inf", " on")
    return Finding(verdict, f"{_probably(share, estimate)} where the rule wants the {name}, {within}.", needed)


def _printed_as(claim: Claim) -> tuple[float, float]:
    """First and last number that are printed as the claim's, on the scale of the comparison."""
    exponent = floor(log10(claim.value)) if claim.log10 else 0
    half = 0.5 * 10.0 ** (exponent - claim.printed_decimals) * (1 + 1e-9)
    ends = claim.value - half, claim.value + half
    return (log10(ends[0]), log10(ends[1])) if claim.log10 else ends


def _inside(estimate: Estimate, interval: Interval) -> float:
    """Two one-sided tests: 1 minus the larger probability of lying beyond either end."""
    low, high = interval
    return 1 - max(1 - estimate.share_above(low, or_equal=True), estimate.share_above(high))


def _probably(share: float, estimate: Estimate) -> str:
    if share in (0, 1):
        return "Lies" if share else "Does not lie"
    return f"Lies, with a probability of {share:.2f} under the error of {estimate.n} replicates,"
