"""What all loaders share: from a matrix, cells and names of genes to an AnnData with known scale."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.data.checks import unique_names
from scbench.data.names import cut
from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from anndata import AnnData

SCALES = ("counts", "linear", "log1p", "log1p_counts", "log1p_of_total")
TOTAL = 1e4  # to which the counts of a cell were scaled before log1p, in ``log1p_of_total``
# Farthest that a restored count may be from an integer; sources that were rounded to three decimals need about 0.1.
TOLERANCE = 0.25


def assemble(
    source: Path,
    X: sp.csr_matrix,
    obs: pd.DataFrame,
    genes: pd.Index,
    values: str,
    *,
    total: str | None = None,
    unique: bool = False,
    spatial: np.ndarray | None = None,
    var: pd.DataFrame | None = None,
) -> "AnnData":
    """Put cells, genes and values together.

    Parameters
    ----------
    source
        What was read, for messages.
    X
        (cells, genes) values.
    obs
        Properties of the cells, indexed by their names.
    genes
        Names of the genes.
    values
        Scale of `X`: ``counts``; ``linear`` (values in proportion to molecules that are no counts: RPKM, counts divided
        by a volume or corrected); ``log1p`` (counts unknown); ``log1p_counts`` (counts are restored by expm1);
        ``log1p_of_total`` (log1p of counts scaled to a total of 10 000; counts are restored with the column `total`).
    total
        Column of `obs` with the original totals of the cells.
    unique
        Whether genes that share a name are told apart by ``-1``, ``-2``, ...; otherwise they are an error.
    spatial
        (cells, 2 or 3) coordinates.
    var
        Further columns of the genes.

    Returns
    -------
    AnnData
        Counts in ``layers["counts"]``, linear values in ``layers["linear"]``, or log1p values in ``X``.

    Raises
    ------
    UserError
        If names are not unique, or the values are not of the stated scale.
    """
    from anndata import AnnData
    from anndata.utils import make_index_unique

    check_known(source, "value of 'values'", values, SCALES)
    if (values == "log1p_of_total") != (total is not None):
        raise UserError(f"{source}: the option 'total' goes with 'values: log1p_of_total'. Got 'values: {values}'.")
    genes, obs.index = (names.astype(str).rename(None) for names in (genes, obs.index))
    genes = make_index_unique(genes) if unique else genes
    unique_names(source, obs.index, genes)
    var = pd.DataFrame(index=genes) if var is None else var.set_index(genes)
    obsm = {} if spatial is None else {"spatial": spatial}
    if values == "log1p":
        return AnnData(X.astype(np.float32, copy=False), obs=obs, var=var, obsm=obsm)
    if values == "linear":
        return AnnData(obs=obs, var=var, obsm=obsm, layers={"linear": X.astype(np.float32, copy=False)})
    if values != "counts":
        X = _restored(source, X, None if total is None else _totals(source, obs, total))
    return AnnData(obs=obs, var=var, obsm=obsm, layers={"counts": _integers(X)})


def csr(source: Path, matrix: np.ndarray | sp.spmatrix) -> sp.csr_matrix:
    """Make a CSR matrix without stored zeros, or raise `UserError` if it is no matrix of numbers."""
    if matrix.dtype.kind not in "biuf" or matrix.ndim != 2:
        shape = " x ".join(map(str, matrix.shape))
        raise UserError(f"{source}: the matrix must be two-dimensional and hold numbers. Got {shape} {matrix.dtype}.")
    matrix = sp.csr_matrix(matrix)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def csr_of_blocks(source: Path, blocks: Iterable[np.ndarray | sp.csr_matrix], values: str) -> sp.csr_matrix:
    """Make one CSR matrix of blocks of rows.

    Notes
    -----
    Memory: one block, and for each non-zero value 12 bytes (16 for those that are neither int32 nor read as `values`
    that become float32).
    """
    data, indices, sizes, width = [], [], [np.zeros(1, np.int64)], 0
    for dense_or_sparse in blocks:
        block = _compact(csr(source, dense_or_sparse), values)
        data.append(block.data)
        indices.append(block.indices)
        sizes.append(np.diff(block.indptr))
        width = block.shape[1]
    starts = np.cumsum(np.concatenate(sizes))
    # One after the other, so that not everything is there twice.
    joined = [np.concatenate(data or [np.zeros(0, np.int32)])]
    data.clear()
    joined.append(np.concatenate(indices or [np.zeros(0, np.int32)]))
    return sp.csr_matrix((*joined, starts), shape=(len(starts) - 1, width))


def _compact(block: sp.csr_matrix, values: str) -> sp.csr_matrix:
    return block.astype(np.float32, copy=False) if values in {"log1p", "linear"} else _integers(block)


def _restored(source: Path, X: sp.csr_matrix, totals: np.ndarray | None) -> sp.csr_matrix:
    """Undo log1p, and the scaling to a total where `totals` are given."""
    counts = np.expm1(X.data, dtype=float)
    if totals is not None:
        counts *= np.repeat(totals / TOTAL, np.diff(X.indptr))
    rounded = np.rint(counts)
    off = np.abs(counts - rounded)
    if off.size and not off.max() <= TOLERANCE:  # NaN is not <= either
        worst = counts[np.argmax(off)]
        raise UserError(f"{source}: a value restores to the count {worst:.6g}. Expected an integer; check 'values'.")
    return sp.csr_matrix((rounded, X.indices, X.indptr), shape=X.shape)


def _totals(source: Path, obs: pd.DataFrame, total: str) -> np.ndarray:
    check_known(source, "column", total, obs)
    totals = pd.to_numeric(obs[total].astype(str), errors="coerce").to_numpy()
    if not np.all(totals > 0):
        raise UserError(f"{source}: the totals in {total!r} must be positive. Got {totals[~(totals > 0)][0]}.")
    return totals


def _integers(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Turn whole numbers into int32; anything else stays as it is for the checks to report."""
    if counts.dtype == np.int32:
        return counts
    limits = np.iinfo(np.int32)
    whole = counts.data == np.rint(counts.data)
    fits = (counts.data >= limits.min) & (counts.data <= limits.max)
    return counts.astype(np.int32, copy=False) if np.all(whole & fits) else counts


def column(values: pd.Series, name: str) -> pd.Categorical | np.ndarray:
    """Make a column of ``obs``: plain numbers, or categories with "" for missing values (labels are categories)."""
    if name != "label" and pd.api.types.is_numeric_dtype(values):
        # Nullable numbers are stored with a mask, which plain readers do not see.
        missing = pd.api.types.is_extension_array_dtype(values) and values.hasnans
        return values.to_numpy(dtype=float, na_value=np.nan) if missing else values.to_numpy()
    return pd.Categorical(values.astype("string").fillna("").astype(object))


def text_column(values: Sequence[str], name: str) -> pd.Categorical | np.ndarray:
    """Make a column of ``obs`` of text; where every field is a number or empty, of numbers."""
    values = pd.Series(values, dtype=object)
    if name != "label" and (filled := values != "").any():
        numbers = pd.Series(numbers_of(values))
        # Longer numbers are names: not all of their digits fit into a float.
        if numbers[filled].notna().all() and (numbers[filled].abs() < 2**53).all():
            values = numbers.astype(np.int64) if (numbers == np.rint(numbers)).all() else numbers
    return column(values, name)


def numbers_of(values: Sequence) -> np.ndarray:
    """Make floats of numbers and of text; NaN where there is no number."""
    text = pd.Series(values, dtype=object).astype(str)
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(float, copy=True)
    known = ~np.isnan(numbers)
    numbers[known] = text[known].astype(float)  # to the last digit, which `to_numeric` may miss
    return numbers


def coordinates(source: Path, axes: Mapping[str, Sequence]) -> np.ndarray:
    """Make (cells, axes) coordinates of one sequence of numbers, or of text, for each axis."""
    found = {axis: numbers_of(values) for axis, values in axes.items()}
    for axis, numbers in found.items():
        if (bad := np.isnan(numbers)).any():
            got = str(np.asarray(axes[axis], dtype=object)[bad][0])
            raise UserError(f"{source}: coordinates must be numbers. Got {got!r} in {axis!r} ({bad.sum()} in all).")
    return np.column_stack(list(found.values()))


def gene_names(source: Path, names: Iterable[str], regex: str | None) -> np.ndarray:
    """Cut the names of genes to what the option 'gene_regex' captures, which must match all of them."""
    names = list(names)
    genes = cut(names, regex, "gene_regex")
    if (missing := pd.isna(genes)).any():
        first = str(names[int(np.argmax(missing))])
        raise UserError(f"{source}: gene_regex does not match the gene {first!r} ({missing.sum()} in all).")
    return genes


def numbered(word: str, n: int) -> pd.Index:
    """Names for what has none: ``word0``, ``word1``, ..."""
    return pd.Index(word + pd.Series(np.arange(n)).astype(str))


def check_mapping(source: Path, columns: object) -> None:
    """Raise `UserError` unless the option 'columns' is a mapping."""
    if not isinstance(columns, Mapping):
        raise UserError(f"{source}: 'columns' maps names in obs to columns of the source. Got {columns!r} instead.")


def check_known(source: Path, what: str, value: object, known: Iterable) -> None:
    """Raise `UserError` unless `value`, which may be anything that YAML can hold, is among those that are known."""
    known = list(known)
    if value not in known:
        raise UserError(f"{source}: unknown {what} {value!r}. {did_you_mean(value, known)}")


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn what goes wrong while a file is read into one line: a broken one makes readers raise almost anything."""
    if path.is_dir():
        raise UserError(f"{path} cannot be read as {kind}: it is a folder. The source's 'member' names a file in it.")
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path} cannot be read as {kind}: {reason}") from error
