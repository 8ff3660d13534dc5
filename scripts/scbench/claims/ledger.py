"""The ledger of published claims: read, checked and typed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from scbench.claims import units
from scbench.errors import UserError, did_you_mean
from scbench.provenance import ROOT
from scbench.validate import read_yaml, validate

FOLDER = ROOT / "config" / "claims"
SCHEMA = read_yaml(ROOT / "workflow" / "schemas" / "claims.schema.yaml")
COLUMNS: list[str] = SCHEMA["required"]

# What each kind may claim.
RELATIONS = {
    "value": ["", "~"],
    "size": ["", "~"],
    "bound": ["<", "<=", ">", ">="],
    "ordering": [
        "best_of", "second_best_of", "third_best_of", "in_top_2", "not_best_of", "worst_of", "better_than",
        "worse_than", "similar_to", "<", ">",
    ],
    "shape": [
        "~linear", "~quadratic", "quadratic_or_cubic", "increasing", "decreasing", "unchanged", "varies", "separated",
        "mixed", "localised", "enriched", "by_cell_type", "by_dataset", "fails",
    ],
}  # fmt: skip

_NUMBERS = {"value": float, "sd": float, "printed_decimals": int, "n": int}


@dataclass(frozen=True)
class Claim:
    """One published statement; its attributes are the columns of the ledger.

    Attributes
    ----------
    comparators
        Method and scenario of each comparator; the scenario is None where it is the claim's own.
    raw
        The row as text, as the paper prints it.
    """

    claim_id: str
    paper: str
    locator: str
    experiment: str
    track: str
    dataset: str
    scenario: str
    method: str
    metric: str
    unit: str
    value: float | None
    sd: float | None
    printed_decimals: int | None
    n: int | None
    kind: str
    relation: str
    comparators: tuple[tuple[str, str | None], ...]
    extracted_from: str
    protocol: str
    testable_here: str
    note: str
    raw: dict[str, str] = field(repr=False, hash=False)

    @property
    def comparator_ids(self) -> tuple[str, ...]:
        """Comparators as the ledger writes them: ``method`` or ``method@scenario``."""
        return tuple(filter(None, self.raw["comparators"].split(";")))

    @property
    def log10(self) -> bool:
        """Whether the number is printed with an exponent, and so compared on the log10 scale."""
        return "e" in self.raw["value"]


def load(folder: Path = FOLDER) -> list[Claim]:
    """Read every ``*.tsv`` of a folder.

    Returns
    -------
    list of Claim
        Files by name, rows in their order.

    Raises
    ------
    UserError
        One line per fault: file, line, column, value and what is allowed.
    """
    claims, faults, first = [], [], {}
    for path in sorted(folder.glob("*.tsv")):
        try:
            rows = list(_rows(path))
        except UserError as error:
            faults.append(str(error))
            continue
        for line, row in rows:
            at = f"{path.name}, line {line}"
            try:
                claims.append(parse(row, path.stem, at))
            except UserError as error:
                faults.append(str(error))
            if row["claim_id"] in first:
                faults.append(f"{at}: 'claim_id' {row['claim_id']!r} is also in {first[row['claim_id']]}.")
            first.setdefault(row["claim_id"], at)
    if faults:
        raise UserError("\n".join(faults))
    if not claims:
        raise UserError(f"{folder} has no claims: no *.tsv with a row was found.")
    return claims


def parse(row: dict[str, str], paper: str, at: str) -> Claim:
    """Check one row and give it types.

    Parameters
    ----------
    row
        Column -> text.
    paper
        The paper that the row must be of.
    at
        File and line, for the messages.

    Raises
    ------
    UserError
        One line per fault.
    """
    row = validate(row, SCHEMA, at)
    if faults := list(_faults(row, paper)):
        raise UserError("\n".join(f"{at}: {fault}" for fault in faults))
    numbers = {name: kind(row[name]) if row[name] else None for name, kind in _NUMBERS.items()}
    sides = (side.partition("@") for side in filter(None, row["comparators"].split(";")))
    return Claim(
        **row | numbers | {"comparators": tuple((name, scenario or None) for name, _, scenario in sides)}, raw=row
    )


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        lines = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} cannot be read as UTF-8 text: {error}") from error
    header = lines[0].split("\t")
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            raise UserError(
                f"{path.name}, line 1: the column {name!r} is unknown or given twice. {did_you_mean(name, COLUMNS)}"
            )
    if missing := [name for name in COLUMNS if name not in header]:
        raise UserError(f"{path.name}, line 1: the column {missing[0]!r} is missing.")
    for line, text in enumerate(lines[1:], start=2):
        fields = text.split("\t")
        if len(fields) != len(header):
            raise UserError(f"{path.name}, line {line}: must have {len(header)} fields. Got {len(fields)} instead.")
        yield line, dict(zip(header, fields, strict=True))


def _faults(row: dict[str, str], paper: str) -> Iterator[str]:
    """Say what does not fit between the columns of a row whose columns are well formed."""
    if row["paper"] != paper:
        yield f"'paper' must be the name of the file, {paper!r}. Got {row['paper']!r} instead."
    if not row["claim_id"].startswith(f"{row['paper']}-"):
        yield f"'claim_id' must begin with {row['paper'] + '-'!r}. Got {row['claim_id']!r} instead."
    kind, relation = row["kind"], row["relation"]
    if relation not in RELATIONS[kind]:
        allowed = [name or "(empty)" for name in RELATIONS[kind]]
        hint = did_you_mean(relation, allowed)
        yield f"'relation' does not go with the kind {kind!r}. Got {relation!r} instead. {hint}"
    try:
        units.check(row["metric"], row["unit"])
    except UserError as error:
        yield f"'unit': {error}"
    for name, text in row.items():
        if any(not char.isprintable() for char in text):
            yield f"{name!r} must not have control characters. Got {text!r} instead."
    yield from _number_faults(row)
    sides = row["comparators"].split(";")
    if kind == "ordering" and sides == [""]:
        yield "'comparators' must not be empty for an ordering."
    for side in {side for side in sides if sides.count(side) > 1 or side == row["method"] != ""}:
        yield f"'comparators' names {side!r} twice, or the claim's own method."


def _number_faults(row: dict[str, str]) -> Iterator[str]:
    kind, value, decimals = row["kind"], row["value"], row["printed_decimals"]
    if kind == "ordering":
        n = row["n"]
        if value and not (value.isdigit() and n and int(value) <= int(n)):
            yield f"'value' of an ordering must be a number of settings, at most 'n'. Got {value!r} of {n!r} instead."
        empty = ["sd", "printed_decimals"]
    else:
        empty = ["value", "sd", "printed_decimals"] if kind == "shape" else []
    for name in empty:
        if row[name]:
            yield f"{name!r} must be empty for the kind {kind!r}. Got {row[name]!r} instead."
    if kind not in ("ordering", "shape"):
        printed = len(re.sub(r"e.*", "", value).partition(".")[2])
        if not value:
            yield f"'value' must not be empty for the kind {kind!r}."
        elif "e" in value and not 0 < float(value) < inf:
            yield f"'value' with an exponent must be a positive number that a double can hold. Got {value!r} instead."
        elif decimals != str(printed):
            yield f"'printed_decimals' must be {printed}, as in {value!r}. Got {decimals!r} instead."
