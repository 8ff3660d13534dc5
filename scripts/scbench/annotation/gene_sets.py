"""Sets of genes from a GMT file or from a simulation, and which of their genes a dataset has."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from scbench.errors import UserError, did_you_mean

LARGEST_FILE = 256 * 2**20  # bytes; all human sets of MSigDB together take a tenth
MOST_SETS = 1_000_000


class GeneSet(NamedTuple):
    """A named set of genes; `source` says where it stands, for messages."""

    name: str
    genes: tuple[str, ...]
    source: str


class Found(NamedTuple):
    """The genes of a set that a dataset has.

    Attributes
    ----------
    members
        Increasing indices of the genes, each once; at least one.
    missing
        Names of the others, in the order of the set.
    """

    name: str
    members: np.ndarray
    missing: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of genes in the set, present or not."""
        return len(self.members) + len(self.missing)


def read_gmt(path: str | os.PathLike) -> dict[str, GeneSet]:
    """Read a GMT file: one set a line, with name, description and genes between tabs.

    Lines without any text are skipped, as are empty fields among the genes, which some exports end their lines with. A
    gene that a set names twice is taken once.

    Parameters
    ----------
    path
        UTF-8 text, at most `LARGEST_FILE` bytes and `MOST_SETS` sets.

    Returns
    -------
    dict
        Sets by name, in the order of the file.

    Raises
    ------
    UserError
        If the file is missing, too large, not UTF-8 text or has no set; if a line has fewer than two tabs, a name that
        is empty or has control characters, no gene, or a name that an earlier line has. It names file and line.

    References
    ----------
    Subramanian A. et al. Gene set enrichment analysis. PNAS 102, 15545-15550 (2005), whose software brought the format.
    """
    sets: dict[str, GeneSet] = {}
    for number, line in enumerate(_text(Path(path)).split("\n"), 1):
        if not line.strip():
            continue
        source = f"{path}, line {number}"
        found = _line(line, source)
        if found.name in sets:
            first = sets[found.name].source.rpartition(" ")[2]
            raise UserError(f"{source}: the set {found.name!r} has the name of the set in line {first}.")
        sets[found.name] = found
        if len(sets) > MOST_SETS:
            raise UserError(f"{path} has more than {MOST_SETS:,} sets.")
    if not sets:
        raise UserError(f"{path} has no gene set.")
    return sets


def owners(path: str | os.PathLike) -> pd.Series | None:
    """Type that each gene of a prepared dataset truly marks, by gene, "" for none; None where that is unknown."""
    from anndata.io import read_elem

    with h5py.File(path, "r") as file:
        var = read_elem(file["var"])
    return var["marker_of"].astype(object).fillna("") if "marker_of" in var else None


def simulated_sets(path: str | os.PathLike) -> dict[str, GeneSet]:
    """Take the true markers of each type of a simulated dataset for its sets.

    Parameters
    ----------
    path
        Prepared dataset whose genes have a column ``marker_of`` with the type that a gene marks, "" for none.

    Raises
    ------
    UserError
        If there is no such column, or no gene marks a type.
    """
    owner = owners(path)
    if owner is None:
        raise UserError(f"{path} has no column 'marker_of' of its genes: name a file of 'gene_sets' instead.")
    groups = owner[owner != ""].groupby(owner, sort=True).groups
    if not groups:
        raise UserError(f"No gene of {path} marks a type ('marker_of' is empty).")
    return {name: GeneSet(name, tuple(genes), str(path)) for name, genes in groups.items()}


def locate(sets: Mapping[str, GeneSet], wanted: Mapping[str, str], genes: np.ndarray) -> dict[str, Found]:
    """Find the genes of sets in a dataset.

    Names are compared letter by letter, with their case: ``Ins1`` of the mouse and ``INS`` of man are different genes,
    and which one stands for which is not guessed.

    Parameters
    ----------
    sets
        Sets by name.
    wanted
        For each type the name of its set.
    genes
        (genes,) unique names of the data.

    Returns
    -------
    dict
        For each type what was found of its set.

    Raises
    ------
    UserError
        If there is no set of a wanted name, or one shares no gene with the data; where the names would agree without
        case, it says so.
    """
    index, found = pd.Index(genes), {}
    for kind, name in wanted.items():
        if name not in sets:
            raise UserError(f"There is no gene set {name!r} (of {kind!r}). {_known(name, sets)}")
        given = sets[name]
        places = index.get_indexer(list(given.genes))
        if (places < 0).all():
            raise UserError(f"{given.source}: no gene of the set {name!r} is in the data. {_hint(given, genes)}")
        missing = tuple(gene for gene, place in zip(given.genes, places, strict=True) if place < 0)
        found[kind] = Found(name, np.sort(places[places >= 0]), missing)
    return found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UserError(f"The gene sets {path} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST_FILE:
        raise UserError(f"{path} is larger than {LARGEST_FILE // 2**20} MB, the most for a file of gene sets.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: not UTF-8 text (byte {content[error.start]:#04x}).") from error
    return text.replace("\r\n", "\n")


def _line(line: str, source: str) -> GeneSet:
    name, *rest = (field.strip() for field in line.split("\t"))
    if len(rest) < 2:
        raise UserError(f"{source}: tabs must part name, description and genes of a set. Got {line[:60]!r} instead.")
    if not (name and name.isprintable()):
        raise UserError(f"{source}: a set must have a name of printable letters. Got {name[:60]!r} instead.")
    genes = tuple(dict.fromkeys(gene for gene in rest[1:] if gene))
    if not genes:
        raise UserError(f"{source}: the set {name!r} has no genes.")
    return GeneSet(name, genes, source)


def _known(name: str, sets: Mapping[str, GeneSet]) -> str:
    """Suggest a set; of thousands of names, list only the first."""
    if len(sets) <= 30:
        return did_you_mean(name, sets)
    return did_you_mean(name, sets).partition("Allowed:")[0] + f"There are {len(sets):,}, such as {next(iter(sets))!r}."


def _hint(given: GeneSet, genes: np.ndarray) -> str:
    lower = {str(gene).lower() for gene in genes}
    same = sum(gene.lower() in lower for gene in given.genes)
    if same:
        return f"Without regard to case {same} of {len(given.genes)} are: is the set of another species?"
    return f"It has {given.genes[0]!r}, say; the data have {str(genes[0])!r}."
