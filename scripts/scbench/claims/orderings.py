"""Judge how a method stands to others: in one setting, on average over settings, or in how many settings."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from scbench.claims.estimate import Estimate
from scbench.claims.ledger import Claim
from scbench.claims.measurement import Measurement
from scbench.claims.resampling import Setting, at_least, counts, resample, share, similar
from scbench.claims.rules import Rule, Rules
from scbench.claims.scalars import Finding, ladder, tolerance

SINGLE = "a single run, whose spread is not known."

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
    odds = [_Merged.of(ask, [setting]).odds(claim.relation) for setting in settings.values()]
    held = sum(one for _, one, _ in odds)
    if claim.value is not None and not measured.joined:
        finding, count = _counted(ask, np.array([chance for chance, _, _ in odds]), held)
    else:
        finding, count = _together(ask, settings, held), None
    if not measured.exact and min(setting.differences.shape[1] for setting in settings.values()) == 1:
        finding = finding.weakened(f"n = 1: {SINGLE}")
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


@dataclass(frozen=True)
class _Merged:
    """Settings of a claim, averaged for each comparator over those that it has values in.

    Attributes
    ----------
    drawn
        (comparators, 1 + resamples) differences: as measured, then resampled.
    margins
        (comparators, 1) largest differences that are similar; 0 for other relations.
    """

    names: list[str]
    drawn: np.ndarray
    margins: np.ndarray

    @classmethod
    def of(cls, ask: _Question, settings: Iterable[Setting]) -> Self:
        names = sorted({name for setting in settings for name in setting.names})
        drawn, margins = [], np.zeros((len(names), 1))
        for i, name in enumerate(names):
            rows = [(setting, setting.names.index(name)) for setting in settings if name in setting.names]
            drawn.append(np.mean([setting.drawn[j] for setting, j in rows], axis=0))
            if ask.rule.test == "similar":
                spread = np.sqrt(np.mean([setting.spread[j] ** 2 for setting, j in rows]))
                about = np.mean([setting.about[j] for setting, j in rows])
                margins[i] = max(ask.rule.margin * spread, tolerance(ask.claim, ask.rule, about))
        return cls(names, np.array(drawn), margins)

    def odds(self, relation: str) -> tuple[float, bool, str]:
        """Probability that a relation holds, whether it does as measured, and the least sure comparator."""
        if relation == "similar_to":
            chance, i = similar(self.drawn[:, 1:], self.margins)
            held = bool((np.abs(self.drawn[:, :1]) < self.margins).all())
        else:
            chance, i = share(relation, self.drawn[:, 1:])
            held = share(relation, self.drawn[:, :1])[0] == 1
        return chance, held, self.names[i]


def _together(ask: _Question, settings: dict[str, Setting], held: int) -> Finding:
    """Judge the average over settings; in how many it holds is said, and exceptions weaken it."""
    merged = _Merged.of(ask, settings.values())
    chance, _, name = merged.odds(ask.claim.relation)
    verdict = ladder(chance, ask.rules)
    reason = "Holds" if chance == 1 else "Does not hold" if chance == 0 else f"Holds in {chance:.0%} of resamples"
    reason += " on average" if len(settings) > 1 else ""
    reason += f", least surely against {name}." if len(merged.names) > 1 and chance < 1 else "."
    if ask.rule.test == "similar":
        reason += f" Margin {', '.join(f'{margin:.3g}' for margin in np.unique(merged.margins))}."
    needed = None if verdict in ("reproduced", "contradicted") else _needed(ask, settings, merged)
    finding = Finding(verdict, reason, needed)
    if len(settings) == 1:
        return finding
    where = f"It holds in {held} of {len(settings)} settings."
    exceptions = held < len(settings) if chance >= 0.5 else held > 0
    return finding.weakened(where) if exceptions else replace(finding, reason=f"{reason} {where}")


def _counted(ask: _Question, chances: np.ndarray, held: int) -> tuple[Finding, tuple[float, float, float]]:
    """Judge in how many settings the relation holds; with settings missing, in the same part of those that were run."""
    claimed, n, run = int(ask.claim.value), ask.claim.n, len(chances)
    target = claimed if run >= n else max(1, claimed * run // n)
    verdict = ladder(at_least(target, chances), ask.rules)
    possible = at_least(claimed - (n - run), chances) > ask.rules.shares["not_reproduced"]
    if run < n and possible and verdict in ("not_reproduced", "contradicted"):
        verdict = "inconclusive"  # the missing settings could still make up for it
    cumulated, tail = counts(chances).cumsum(), (1 - ask.confidence) / 2
    low, high = (int(np.searchsorted(cumulated, level)) for level in (tail, 1 - tail))
    reason = f"It holds in {held} of {run} settings; claimed are {claimed} of {n}."
    finding = Finding(verdict, reason, agrees=held == claimed)
    if run < n:
        finding = finding.weakened(f"Only {run} of {n} settings were run.")
    return finding, (held, low, high)


def _needed(ask: _Question, settings: dict[str, Setting], merged: _Merged) -> int | None:
    """Replicates with which the interval of every difference is clear of its limit."""
    needed = []
    for name, margin in zip(merged.names, merged.margins[:, 0], strict=True):
        differences = {k: s.differences[s.names.index(name)] for k, s in settings.items() if name in s.names}
        estimate = Estimate.of(differences, ask.measured.overlap, ask.measured.exact)
        if estimate.spread != 0:
            needed.append(estimate.replicates_for(abs(margin - abs(estimate.mean)), ask.confidence))
    return None if None in needed else max(needed, default=None)
