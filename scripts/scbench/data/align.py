"""Bring cells onto the genes of other cells, by name."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.data.options import check_number
from scbench.errors import UserError


class Coverage(NamedTuple):
    """How much of the genes asked for the cells have.

    Attributes
    ----------
    matched
        Number of genes that are in both.
    missing
        Names of the genes asked for that the cells do not have, in their order; they became zeros.
    extra
        Number of genes of the cells that were not asked for.
    kept
        Share of the cells' values (counts, if `X` has counts) that lies in matched genes; 1 where there were none.
    emptied
        Number of cells that had values and have none any more.
    """

    matched: int
    missing: tuple[str, ...]
    extra: int
    kept: float
    emptied: int

    @property
    def share(self) -> float:
        """Share of the genes asked for that the cells have."""
        return self.matched / (self.matched + len(self.missing))

    def __str__(self) -> str:
        """Sum up in one line."""
        asked = self.matched + len(self.missing)
        return (
            f"{self.matched} of {asked} genes found ({self.share:.0%}), {self.extra} others left out; "
            f"{self.kept:.0%} of the values kept, {self.emptied} cell(s) emptied"
        )


def align(X: sp.csr_matrix, genes: np.ndarray, to: np.ndarray, *, least: float = 0.5) -> tuple[sp.csr_matrix, Coverage]:
    """Put the columns of a matrix into the order of other genes.

    Names are compared letter by letter, with their case. Genes that the cells do not have become zeros, which a method
    cannot tell from genes that were not expressed; so the coverage should be shown beside any result.

    Parameters
    ----------
    X
        (cells, genes) values; not changed.
    genes
        (genes,) names of its columns.
    to
        (others,) names of the columns to have.
    least
        Smallest share of `to`, in [0, 1], that must be among `genes`.

    Returns
    -------
    X
        (cells, others) CSR with sorted indices, of the same type.
    coverage
        What was found.

    Raises
    ------
    UserError
        If names are repeated, are not as many as there are columns, or fewer of them match than `least` asks for.

    Notes
    -----
    Time O(stored values + genes). Memory: a copy of the values that are kept, and 20 bytes per stored value meanwhile.
    """
    check_number("least", least, 0, 1)
    genes, to = pd.Index(genes), pd.Index(to)
    if len(genes) != X.shape[1]:
        raise UserError(f"The matrix has {X.shape[1]} columns, but there are {len(genes)} names of genes.")
    if not len(to):
        raise UserError("There are no genes to align to.")
    for whose, names in (("to be aligned", genes), ("to align to", to)):
        if not names.is_unique:
            twice = names[names.duplicated()][0]
            raise UserError(f"The gene {str(twice)!r} occurs more than once among those {whose}; names must be unique.")
    place = to.get_indexer(genes)
    found = place >= 0
    matched = int(found.sum())
    if matched < least * len(to):
        raise UserError(
            f"Only {matched} of {len(to)} genes were found ({matched / len(to):.0%}; at least {least:.0%} are needed). "
            f"{_hint(genes, to)}"
        )
    aligned = _columns(X, place, len(to))
    total = X.data.sum(dtype=float)
    coverage = Coverage(
        matched=matched,
        missing=tuple(map(str, to.difference(genes, sort=False))),
        extra=len(genes) - matched,
        kept=float(aligned.data.sum(dtype=float) / total) if total else 1.0,
        emptied=int(((np.diff(X.indptr) > 0) & (np.diff(aligned.indptr) == 0)).sum()),
    )
    return aligned, coverage


def _columns(X: sp.csr_matrix, place: np.ndarray, width: int) -> sp.csr_matrix:
    """Move each column to its place, and leave out those whose place is -1."""
    moved = place[X.indices]
    kept = moved >= 0
    before = np.concatenate([[0], np.cumsum(kept)])
    result = sp.csr_matrix((X.data[kept], moved[kept], before[X.indptr]), shape=(X.shape[0], width))
    result.sort_indices()
    return result


def _hint(genes: pd.Index, to: pd.Index) -> str:
    lower = to.astype(str).str.lower().isin(genes.astype(str).str.lower())
    if lower.any():
        return f"Without regard to case {lower.sum()} are there: are the cells of another species?"
    return f"Asked for is {str(to[0])!r}, say; the cells have {str(genes[0])!r}." if len(genes) else "There are none."
