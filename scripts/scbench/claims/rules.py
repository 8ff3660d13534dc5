"""The rules by which claims are judged, read and checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from scbench.claims.ledger import FOLDER, RELATIONS, Claim
from scbench.errors import UserError, did_you_mean
from scbench.provenance import ROOT
from scbench.validate import read_yaml, validate

_SCHEMA = read_yaml(ROOT / "workflow" / "schemas" / "claim_rules.schema.yaml")

# What each test needs to be told.
_NEEDS = {
    "number": {"tolerance"},
    "constant": set(),
    "bound": {"tolerance"},
    "ordering": set(),
    "similar": {"tolerance", "margin"},
    "shape": {"statistics"},
}

Interval = tuple[float, float]


@dataclass(frozen=True)
class Rule:
    """How claims of one kind and some relations are judged.

    Attributes
    ----------
    test
        Which comparison is made.
    tolerance
        Scale of the unit -> largest difference of what is close.
    margin
        Standard deviations over replicates that are still similar.
    statistics
        What a shape may be told by -> interval in which it holds, and interval in which its opposite does.
    """

    id: str
    test: str
    why: str
    tolerance: Mapping[str, float] = field(default_factory=dict)
    margin: float = 0.0
    statistics: Mapping[str, tuple[Interval, Interval | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """All rules, and what they share."""

    shares: Mapping[str, float]
    resamples: int
    max_failed: float
    min_covered: float
    by_claim: Mapping[tuple[str, str, bool], Rule]

    @classmethod
    def load(cls, path: Path = FOLDER / "rules.yaml") -> "Rules":
        """Read the rules.

        Raises
        ------
        UserError
            Naming the rule, the value and what is allowed.
        """
        content = validate(read_yaml(path), _SCHEMA, path.name)
        limits = list(content["shares"].values())
        if [content["shares"][name] for name in _SHARES] != sorted(limits, reverse=True):
            raise UserError(
                f"{path.name}: 'shares' must fall from {' to '.join(_SHARES)}. Got {content['shares']} instead."
            )
        by_claim: dict[tuple[str, str, bool], Rule] = {}
        for name, entry in content.pop("rules").items():
            rule = _rule(name, entry, f"{path.name}: 'rules.{name}'")
            for relation in entry["relations"]:
                key = entry["kind"], relation, entry["constants"]
                if key in by_claim:
                    raise UserError(f"{path.name}: {by_claim[key].id!r} and {name!r} are both for {_say(*key)}.")
                by_claim[key] = rule
        return cls(**content, by_claim=by_claim)

    def of(self, claim: Claim) -> Rule:
        """Rule of a claim.

        Raises
        ------
        UserError
            If there is none.
        """
        constant = claim.metric.startswith(("param_", "hardware_"))
        for key in ((claim.kind, claim.relation, constant), (claim.kind, claim.relation, False)):
            if key in self.by_claim:
                return self.by_claim[key]
        raise UserError(f"rules.yaml: no rule is for {_say(*key)}, as in {claim.claim_id!r}.")

    def check(self, claims: Iterable[Claim]) -> None:
        """Check that every claim has a rule.

        Raises
        ------
        UserError
            Naming the first claim that has none.
        """
        for claim in claims:
            self.of(claim)


_SHARES = ("reproduced", "direction_holds", "not_reproduced", "contradicted")


def _rule(name: str, entry: dict, at: str) -> Rule:
    for relation in entry["relations"]:
        if relation not in RELATIONS[entry["kind"]]:
            hint = did_you_mean(relation, RELATIONS[entry["kind"]])
            raise UserError(f"{at}: {relation!r} is no relation of the kind {entry['kind']!r}. {hint}")
    given = {key: entry[key] for key in ("tolerance", "margin", "statistics") if key in entry}
    if given.keys() != _NEEDS[entry["test"]]:
        needs = ", ".join(sorted(_NEEDS[entry["test"]])) or "nothing"
        raise UserError(
            f"{at}: the test {entry['test']!r} must be given {needs}. Got {', '.join(given) or 'nothing'} instead."
        )
    if "statistics" in given:
        given["statistics"] = {
            statistic: (
                _interval(one["holds"], at),
                _interval(one["contradicts"], at) if "contradicts" in one else None,
            )
            for statistic, one in given["statistics"].items()
        }
    return Rule(id=name, test=entry["test"], why=entry["why"], **given)


def _interval(bounds: list[float | None], at: str) -> Interval:
    low, high = -inf if bounds[0] is None else bounds[0], inf if bounds[1] is None else bounds[1]
    if low > high:
        raise UserError(f"{at}: an interval must not end before it begins. Got {bounds} instead.")
    return low, high


def _say(kind: str, relation: str, constant: bool) -> str:
    return f"the kind {kind!r} and the relation {relation!r}{' of constants' if constant else ''}"
