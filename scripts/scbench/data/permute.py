"""Transforms that move values between spots: nulls without a spatial pattern, and patterns that are disturbed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.data.options import check_number, with_options
from scbench.errors import UserError, did_you_mean
from scbench.simulate._moves import check_share, exchanges, shuffles

if TYPE_CHECKING:
    from anndata import AnnData

_BLOCK_BYTES = 64 * 2**20
_MODES = ("per_gene", "whole_spots")


@with_options
def permute_spots(adata: "AnnData", *, seed: int) -> "AnnData":
    """Put whole spots at each other's places: no gene has a spatial pattern any more.

    Expression, labels and library size of a spot stay together, and genes that went together still do. Within the
    samples of ``obs["sample"]``, where there are any.

    Parameters
    ----------
    adata
        Spots x genes with coordinates.
    seed
        Decides which spot goes where.

    Returns
    -------
    AnnData
        As `adata`, with other coordinates, and False in ``var["spatial"]``.

    Raises
    ------
    UserError
        If there are no coordinates.
    """
    to = shuffles(np.random.default_rng(seed), _samples(adata), 1)[0]
    return _relocated("permute_spots", adata, to, _without_pattern(adata.var))


@with_options
def permute_genes(adata: "AnnData", *, copies: int = 1, seed: int) -> "AnnData":
    """Move the values of each gene to other spots, for each gene by an order of its own: no gene has a pattern.

    Within the samples of ``obs["sample"]``, where there are any. Labels and coordinates stay where they are.

    Parameters
    ----------
    adata
        Spots x genes.
    copies
        How often each gene is taken, each time in another order; from 2 on, ``#1``, ``#2``, ... is added to its name.
    seed
        Decides all orders.

    Returns
    -------
    AnnData
        (spots, copies x genes): counts where there are counts, log1p values otherwise, and False in ``var["spatial"]``.

    Raises
    ------
    UserError
        If `copies` is out of range.

    Notes
    -----
    Where there are counts, counts are moved, and log1p values are computed from them anew, relative to the new totals.
    Both are an exact null: the matrix of counts is as likely as the same with its spots in any other order, and so is
    whatever is computed from each of its rows; so the values of a gene, log1p values too, are equally likely in every
    order. (Moving log1p values beside the counts would give two matrices of which neither follows from the other.)
    But the totals differ less between spots than they did, as each is now that of a mixture of spots. To keep library
    sizes, or the correlation of genes, use `permute_spots`.

    A spot in which all genes happen to be zero is left out later, as in every dataset.

    Time O(spots x genes x copies); memory 24 bytes for each stored value of the result and a few blocks of 64 MB.
    """
    check_number("copies", copies, 1, integer=True)
    rng, samples = np.random.default_rng(seed), _samples(adata)
    names = adata.var_names
    if copies > 1:
        names = pd.Index([f"{name}#{copy + 1}" for copy in range(copies) for name in names])
    var = pd.DataFrame({"spatial": False}, index=names)
    return _rebuilt(adata, lambda size: shuffles(rng, samples, size), var, copies)


@with_options
def exchange(adata: "AnnData", *, share: float, mode: str = "per_gene", seed: int) -> "AnnData":
    """Let a random share of the spots exchange their values, which weakens every pattern.

    Exactly ``round(share * n)`` of the spots of each sample give their value away and get another's.

    Parameters
    ----------
    adata
        Spots x genes.
    share
        Share of the spots, in [0, 1). For all, see `permute_genes` and `permute_spots`.
    mode
        ``"per_gene"``: other spots for each gene; labels stay. ``"whole_spots"``: spots change places with their labels
        and library sizes, the same for all genes.
    seed
        Decides which spots.

    Returns
    -------
    AnnData
        As `adata`, with other coordinates (whole spots), or with other counts, or log1p values where there are no
        counts (per gene). A count that comes from a spot of another library size is larger or smaller than that of its
        new spot would have been, which adds noise where library sizes differ.

    Raises
    ------
    UserError
        If `share` or `mode` is not as above, or the coordinates are missing that whole spots need.
    """
    samples = _samples(adata)
    check_share("share", share, samples)
    if mode not in _MODES:
        raise UserError(f"The 'mode' parameter is unknown. Got {mode!r} instead. {did_you_mean(mode, _MODES)}")
    rng = np.random.default_rng(seed)
    if mode == "whole_spots":
        return _relocated("exchange", adata, exchanges(rng, samples, 1, share)[0], adata.var)
    return _rebuilt(adata, lambda size: exchanges(rng, samples, size, share), adata.var)


def _samples(adata: "AnnData") -> list[np.ndarray]:
    """Spots of each sample; all of them where there are no samples."""
    if "sample" not in adata.obs:
        return [np.arange(adata.n_obs)]
    return list(adata.obs.groupby("sample", observed=True).indices.values())


def _without_pattern(var: pd.DataFrame) -> pd.DataFrame:
    return var.drop(columns="shape", errors="ignore").assign(spatial=False)


def _relocated(transform: str, adata: "AnnData", to: np.ndarray, var: pd.DataFrame) -> "AnnData":
    """Move each spot to the place of another one."""
    if "spatial" not in adata.obsm:
        raise UserError(f"{transform}: the dataset has no coordinates (obsm key 'spatial').")
    adata = adata.copy()
    adata.obsm["spatial"], adata.var = adata.obsm["spatial"][to], var
    return adata


def _rebuilt(adata: "AnnData", draw: Callable[[int], np.ndarray], var: pd.DataFrame, copies: int = 1) -> "AnnData":
    """Move the values of each gene as `draw` says, in blocks of genes."""
    from anndata import AnnData

    counts = adata.layers.get("counts")
    values = sp.csc_matrix(adata.X if counts is None else counts)
    width = max(1, _BLOCK_BYTES // (8 * values.shape[0]))
    blocks = [
        _moved(values[:, start : start + width], draw) for _ in range(copies) for start in range(0, adata.n_vars, width)
    ]
    values = sp.hstack(blocks, format="csr")
    # A new object: log1p values of the old counts must not be carried over.
    kept = {"X": values} if counts is None else {"layers": {"counts": values}}
    return AnnData(obs=adata.obs, var=var, obsm=dict(adata.obsm), **kept)


def _moved(values: sp.csc_matrix, draw: Callable[[int], np.ndarray]) -> sp.csc_matrix:
    gene = np.repeat(np.arange(values.shape[1]), np.diff(values.indptr))
    spots = draw(values.shape[1])[gene, values.indices]
    return sp.csc_matrix((values.data, spots, values.indptr), shape=values.shape)
