"""What a claim asks, in the ids of the registries: which runs, which metric, of which method."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scbench.claims.ledger import Claim
from scbench.errors import UserError, did_you_mean
from scbench.provenance import ROOT
from scbench.registry import Registry
from scbench.validate import read_yaml, validate

# Methods that are none: of claims about data, sets of genes, and principal components.
_WORDS = ("", "common-set", "random-genes", "pca")


@dataclass(frozen=True)
class Question:
    """One claim about one variant of its method.

    Attributes
    ----------
    claim
        The claim.
    datasets
        Our datasets, which are the settings of the claim.
    variant
        The claim's method in ours: one, or several of which the better one counts.
    each
        Methods that the claim holds for one by one; else empty.
    comparators
        Ledger id of a comparator -> its method in ours.
    elsewhere
        Ledger id of a comparator in another scenario -> the question of it; its datasets are in the order of ours.
    absent
        Ledger id of a comparator -> why there is none of ours.
    measure
        How the metric is measured (`config/claims/measures.yaml`), with the options of the setting.
    data
        Which reading of the data or of how the measure is made is asked about: empty for that of the paper's text.
    """

    claim: Claim
    datasets: tuple[str, ...]
    variant: tuple[str, ...]
    measure: dict[str, Any]
    each: tuple[str, ...] = ()
    comparators: dict[str, tuple[str, ...]] = field(default_factory=dict)
    elsewhere: dict[str, "Question"] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    data: str = ""

    def otherwise(self, name: str, options: dict[str, Any]) -> "Question":
        """The same question, measured with further options, which have a name."""
        elsewhere = {key: one.otherwise(name, options) for key, one in self.elsewhere.items()}
        data = ", ".join(filter(None, [self.data, name]))
        return replace(self, measure=self.measure | options, elsewhere=elsewhere, data=data)

    def option(self, name: str) -> Any:
        """Value of an option that the measure needs.

        Raises
        ------
        UserError
            If it is not given.
        """
        if name not in self.measure:
            by, given = self.measure["by"], ", ".join(key for key in self.measure if key != "by") or "none"
            raise UserError(f"measures.yaml: {self.claim.claim_id!r} needs the option {name!r} of {by}. Got {given}.")
        return self.measure[name]


@dataclass(frozen=True)
class Words:
    """`config/claims/measures.yaml`: the ledger's words in those of the workflow, key by key."""

    methods: dict[str, Any]
    missing: dict[str, str]
    untested: dict[str, str]
    datasets: dict[str, list[str]]
    released: dict[str, str]
    analogues: dict[str, dict[str, Any]]
    metrics: dict[str, dict[str, dict[str, Any]]]
    settings: dict[str, dict[str, dict[str, Any]]]
    claims: dict[str, dict[str, Any]]

    @classmethod
    def load(cls, root: Path = ROOT) -> "Words":
        """Read and check the file.

        Raises
        ------
        UserError
            Naming the key, the value and what is allowed.
        """
        schema = read_yaml(root / "workflow/schemas/measures.schema.yaml")
        content = validate(read_yaml(root / "config/claims/measures.yaml"), schema, "measures.yaml")
        datasets = {
            word: [name for one in names for name in _group(one)] for word, names in content["datasets"].items()
        }
        return cls(**content | {"datasets": datasets})

    def check(self, registry: Registry, claims: Iterable[Claim]) -> None:
        """Check that the words on our side are in the registry, and those on the other in the ledger.

        Raises
        ------
        UserError
            Naming the key and the word, with what was perhaps meant.
        """
        options = [*self.claims.values(), *(one for group in self.settings.values() for one in group.values())]
        swapped = [_names(entry) for one in options for entry in one.get("methods", {}).values()]
        methods = [name for names in (*self.variants().values(), *swapped) for name in sorted(names)]
        _known("methods", methods, [*registry.methods, *_WORDS])
        alike = [analogue["datasets"] for analogue in self.analogues.values()]
        alike += [[*self.released, *self.released.values()]]
        datasets = [*self.datasets.values(), *alike, *(option.get("datasets", []) for option in options)]
        _known("datasets", [name for names in datasets for name in names], registry.datasets)
        _known("analogues", self.analogues, self.datasets)
        claims = list(claims)
        _known("settings", self.settings, {claim.experiment for claim in claims})
        _known("claims", self.claims, {claim.claim_id for claim in claims})
        known = {getattr(claim, key) for claim in claims for key in ("claim_id", "experiment", "metric")}
        _known("untested", self.untested, known)
        for claim in claims:
            measure = self._measure(claim) if not self.why_not(claim) else {}
            if "also" in measure and measure["by"].startswith(("constants.", "design.")):
                raise UserError(
                    f"measures.yaml: {claim.claim_id!r} has 'also', which {measure['by']!r} does not know: "
                    "only measures of results have further options."
                )

    def variants(self) -> dict[str, set[str]]:
        """Methods of the registry that stand for each method of the ledger."""
        return {word: _names(entry) for word, entry in self.methods.items()}

    def why_not(self, claim: Claim) -> str:
        """Why a claim cannot be tested whatever is run; empty if it can."""
        for key in (claim.claim_id, claim.experiment, claim.metric):
            if key in self.untested:
                return self.untested[key]
        if claim.method not in self.methods:
            return f"{claim.method}: {self.missing.get(claim.method, 'no method of the registry stands for it')}."
        if claim.metric not in self.metrics[claim.track]:
            return f"There is no measure of {claim.metric}."
        if claim.dataset not in self.datasets:
            return f"No dataset of the registry stands for {claim.dataset}."
        if claim.scenario and claim.scenario not in self.settings.get(claim.experiment, {}):
            return f"The scenario {claim.scenario} is not set up."
        return ""

    def analogue(self, claim: Claim) -> tuple[list[str], str] | None:
        """Datasets that are like the claim's, and why they are not the paper's; None if its sizes are asked."""
        measure = self._measure(claim)
        if claim.dataset not in self.analogues or "datasets" in measure or measure["by"].startswith("design."):
            return None
        entry = self.analogues[claim.dataset]
        return entry["datasets"], entry["why"]

    def questions(self, claim: Claim, datasets: Iterable[str] = ()) -> list[Question]:
        """One question for each variant of the method, that of the released code first; `why_not` must be empty.

        Then the same ones about the data that the paper's code makes, where these are others, and then those with each
        of the further options of the measure (``also``). With `datasets` they are about these, and not about those that
        stand for the claim's.
        """
        measure = self._measure(claim)
        also = measure.pop("also", {})
        alike = tuple(datasets)
        names = alike or measure.get("datasets", self.datasets[claim.dataset])
        datasets = tuple(name + suffix for suffix in measure.get("suffixes", [""]) for name in names)
        methods = self.methods | measure.get("methods", {})
        entry = methods[claim.method]
        each = tuple(entry["each"]) if isinstance(entry, dict) else ()
        comparators, elsewhere, absent = {}, {}, {}
        for name in claim.comparator_ids:
            method, _, scenario = name.partition("@")
            if method not in methods or isinstance(methods[method], dict):
                absent[name] = self.missing.get(method, "no method of the registry stands for it")
            elif not scenario:
                comparators[name] = _group(methods[method][0])
            elif scenario not in self.settings.get(claim.experiment, {}):
                absent[name] = "another scenario, which is not set up"
            else:
                elsewhere[name] = self._alone(claim, method, scenario, alike)
        asked = [
            Question(claim, datasets, () if each else _group(variant), measure, each, comparators, elsewhere, absent)
            for variant in ([""] if each else entry)
        ]
        if datasets and set(datasets) <= set(self.released):
            released = tuple(self.released[name] for name in datasets)
            asked += [replace(question, datasets=released, data="data as released") for question in asked]
        return asked + [question.otherwise(name, options) for name, options in also.items() for question in asked]

    def _measure(self, claim: Claim) -> dict[str, Any]:
        setting = self.settings.get(claim.experiment, {}).get(claim.scenario, {})
        return self.metrics[claim.track][claim.metric] | setting | self.claims.get(claim.claim_id, {})

    def _alone(self, claim: Claim, method: str, scenario: str, datasets: Iterable[str]) -> Question:
        """The question of a comparator that is of another scenario than the claim."""
        raw = claim.raw | {"comparators": ""}
        return self.questions(replace(claim, method=method, scenario=scenario, comparators=(), raw=raw), datasets)[0]


def _known(key: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise UserError(f"measures.yaml: {key!r} names {name!r}, which is unknown. {did_you_mean(name, known)}")


def _names(entry: Any) -> set[str]:
    """Methods of an entry of `Words.methods`."""
    variants = entry["each"] if isinstance(entry, dict) else entry
    return {name for variant in variants for name in _group(variant)}


def _group(variant: str | list[str]) -> tuple[str, ...]:
    return (variant,) if isinstance(variant, str) else tuple(variant)
