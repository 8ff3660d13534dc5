"""Judge how a method stands to others: in one setting, on average over settings, or in how many settings."""

from dataclasses import dataclass

import numpy as np

from scbench.claims.estimate import Estimate
from scbench.claims.ledger import Claim
from scbench.claims.measurement import Measurement
from scbench.claims.resampling import Setting, at_least, counts, holds, resample
from scbench.claims.rules import Rule, Rules
from scbench.claims.scalars import Finding, ladder, tolerance

# With fewer comparators the relation could not fail, or could not hold.
_LEAST = {"in_top_2": 2, "third_best_of": 2}


@dataclass(frozen=True)
class _Question:
    """A claim with what it takes to answer it."""

    claim: Claim
    measured: Measurement
    rule: Rule
    rules: Rules
    confidence: float

    @property
    def sign(self) -> int:
        """1 where more of the metric is what the relation means by more."""
        if self.claim.relation in ("<", ">", "similar_to"):
            return 1
        if self.measured.higher is None:
            raise ValueError(f"{self.claim.claim_id}: 'higher' must say what is better for {self.claim.relation!r}.")
        return 1 if self.measured.higher else -1


def ordering(
    claim: Claim, measured: Measurement, rule: Rule, rules: Rules, confidence: float, rng: np.random.Generator
) -> tuple[Finding, tuple[float, float, float] | None]:
    """Judge an ordering.

    Parameters
    ----------
    measured
        In printed units.

    Returns
    -------
    finding
        What is concluded.
    count
        For a claim that counts settings: in how many it holds, and the interval of that number; else None.
    """
    ask = _Question(claim, measured, rule, rules, confidence)
    settings = {name: setting for name in measured.claimed if (setting := _setting(ask, name, rng)) is not None}
    names = {name for setting in settings.values() for name in setting.names}
    if len(names) < _LEAST.get(claim.relation, 1):
        few = (
            f"{claim.relation} needs {_LEAST.get(claim.relation, 1)} comparator(s) with values; {len(names)} have any."
        )
        return Finding("not_tested", few), None
    shares = {name: _share(ask, {name: setting}) for name, setting in settings.items()}
    if claim.value is not None:
        finding, count = _counted(ask, shares)
    else:
        finding, count = _together(ask, settings, shares), None
    if len(names) < rules.min_covered * len(claim.comparators):
        finding = finding.weakened(f"Only {len(names)} of {len(claim.comparators)} comparators were run.")
    return finding, count


def _setting(ask: _Question, name: str, rng: np.random.Generator) -> Setting | None:
    claimed = ask.measured.claimed[name]
    others = {
        other: ask.sign * values[name]
        for other, values in ask.measured.others.items()
        if name in values and np.isfinite(values[name]).mean() >= 1 - ask.rules.max_failed
    }
    if not others or not np.isfinite(claimed).any():
        return None
    options = {"overlap": ask.measured.overlap, "resamples": ask.rules.resamples, "rng": rng}
    return resample(ask.sign * claimed, others, **options)


def _merged(settings: dict[str, Setting]) -> tuple[np.ndarray, np.ndarray]:
    """Average over the settings of each comparator: drawn differences, and (spread, mean) for the margin."""
    names = sorted({name for setting in settings.values() for name in setting.names})
    rows = [[(s, s.names.index(name)) for s in settings.values() if name in s.names] for name in names]
    drawn = np.array([np.mean([s.drawn[i] for s, i in row], axis=0) for row in rows])
    scale = np.array(
        [[np.sqrt(np.mean([s.spread[i] ** 2 for s, i in row])), np.mean([s.about[i] for s, i in row])] for row in rows]
    )
    return drawn, scale


def _share(ask: _Question, settings: dict[str, Setting]) -> tuple[float, bool]:
    """Probability that the relation holds, and whether it does as measured."""
    drawn, scale = _merged(settings)
    if ask.rule.test != "similar":
        held = holds(ask.claim.relation, drawn)
        return float(held[1:].mean()), bool(held[0])
    margins = _margins(ask, scale)
    # Two one-sided tests for each comparator; all must reject.
    beyond = np.maximum((drawn >= margins).mean(axis=1), (drawn <= -margins).mean(axis=1))
    return float(1 - beyond.max()), bool((np.abs(drawn[:, :1]) < margins).all())


def _margins(ask: _Question, scale: np.ndarray) -> np.ndarray:
    allowed = [max(ask.rule.margin * spread, tolerance(ask.claim, ask.rule, about)) for spread, about in scale]
    return np.array(allowed)[:, None]


def _together(ask: _Question, settings: dict[str, Setting], shares: dict[str, tuple[float, bool]]) -> Finding:
    """Judge the average over settings; in how many it holds is said, and exceptions weaken it."""
    share, _ = _share(ask, settings)
    drawn, scale = _merged(settings)
    held = sum(point for _, point in shares.values())
    verdict = ladder(share, ask.rules)
    limits = _margins(ask, scale)[:, 0] if ask.rule.test == "similar" else np.zeros(len(drawn))
    needed = None if verdict in ("reproduced", "contradicted") else _needed(ask, settings, limits)
    reason = _say(ask, share, len(settings))
    if ask.rule.test == "similar":
        reason += f" Margin {', '.join(f'{limit:.3g}' for limit in np.unique(limits))}."
    finding = Finding(verdict, reason, needed)
    exceptions = len(settings) - held if share >= 0.5 else held
    if len(settings) > 1:
        where = f"It holds in {held} of {len(settings)} settings."
        finding = finding.weakened(where) if exceptions else Finding(verdict, f"{reason} {where}", needed)
    return finding


def _counted(ask: _Question, shares: dict[str, tuple[float, bool]]) -> tuple[Finding, tuple[float, float, float]]:
    """Judge in how many settings the relation holds; with settings missing, in the same part of those that were run."""
    claimed, n, run = int(ask.claim.value), ask.claim.n, len(shares)
    probabilities = np.array([share for share, _ in shares.values()])
    held = sum(point for _, point in shares.values())
    target = claimed if run >= n else max(1, claimed * run // n)
    verdict = ladder(at_least(target, probabilities), ask.rules)
    if (
        verdict in ("not_reproduced", "contradicted")
        and at_least(claimed - (n - run), probabilities) > ask.rules.shares["not_reproduced"]
    ):
        verdict = "inconclusive"  # the missing settings could still make up for it
    cumulated = counts(probabilities).cumsum()
    low, high = (
        int(np.searchsorted(cumulated, level)) for level in ((1 - ask.confidence) / 2, (1 + ask.confidence) / 2)
    )
    finding = Finding(
        verdict, f"It holds in {held} of {run} settings; claimed are {claimed} of {n}.", agrees=held == claimed
    )
    if run < n:
        finding = finding.weakened(f"Only {run} of {n} settings were run.")
    return finding, (held, low, high)


def _needed(ask: _Question, settings: dict[str, Setting], limits: np.ndarray) -> int | None:
    """Replicates with which the interval of every difference is clear of its limit."""
    names = sorted({name for setting in settings.values() for name in setting.names})
    needed = []
    for name, limit in zip(names, limits, strict=True):
        differences = {k: s.differences[s.names.index(name)] for k, s in settings.items() if name in s.names}
        estimate = Estimate.of(differences, ask.measured.overlap, ask.measured.exact)
        if estimate.spread != 0:
            needed.append(estimate.replicates_for(abs(limit - abs(estimate.mean)), ask.confidence))
    return None if None in needed else max(needed, default=None)


def _say(ask: _Question, share: float, n_settings: int) -> str:
    average = " on average" if n_settings > 1 else ""
    if share in (0, 1):
        return f"{'Holds' if share else 'Does not hold'}{average}."
    return f"Holds{average} in {share:.0%} of resamples."
