"""Measure and judge every claim of the ledger."""

from dataclasses import replace
from pathlib import Path

from scbench.claims import ledger, table
from scbench.claims.measure import measure
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Words
from scbench.claims.results import Results
from scbench.claims.rules import Rules
from scbench.claims.verdicts import Verdict, judge
from scbench.registry import Registry


def rows(*, confidence: float, seed: int, root: Path = Path()) -> list[dict[str, str]]:
    """Rows of the table of verdicts, in the order of the ledger.

    Parameters
    ----------
    confidence
        Level of the intervals.
    seed
        Base seed, of the resampling.
    root
        Working folder with the results.

    Returns
    -------
    list of dict
        As `scbench.claims.table.row` makes them, about the first variant of a claim's method. What the verdict on
        other variants is stands in the reason.
    """
    claims, rules, words = ledger.load(), Rules.load(), Words.load()
    rules.check(claims)
    results, registry = Results(root), Registry.load()
    words.check(registry, claims)
    found = []
    for claim in claims:
        measured = [(name, _linked(one, root)) for name, one in measure(claim, words, results, registry)]
        verdicts = [judge(claim, one, rules, confidence, seed) for _, one in measured]
        others = [
            _say(name, verdict)
            for (name, one), verdict in zip(measured[1:], verdicts[1:], strict=True)
            if isinstance(one, Measurement)
        ]
        first = verdicts[0]
        about = f"{measured[0][0]}:" if measured[0][0] and isinstance(measured[0][1], Measurement) else ""
        reason = " ".join(filter(None, [about, first.reason, *others]))
        command = f"snakemake --cores 2 claims --config experiment={claim.experiment}"
        found.append(table.row(claim, measured[0][1], replace(first, reason=reason), command))
    return found


def _linked(measured: Measurement | Unmeasured, root: Path) -> Measurement | Unmeasured:
    """What was measured, without a figure that was not drawn."""
    if isinstance(measured, Measurement) and not (root / measured.figure).is_file():
        return replace(measured, figure="")
    return measured


def _say(name: str, verdict: Verdict) -> str:
    ours = "" if verdict.ours is None else f" ({verdict.ours:.4g})"
    return f"{name}: {verdict.verdict.replace('_', ' ')}{ours}."
