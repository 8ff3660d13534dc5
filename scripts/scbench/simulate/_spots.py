"""How simulated spots are handed over: counts, positions, and which genes have a pattern."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

if TYPE_CHECKING:
    from anndata import AnnData


def as_spots(counts: sp.csr_matrix, positions: np.ndarray, shapes: Sequence[str]) -> "AnnData":
    """Name spots and genes, and keep the truth.

    Parameters
    ----------
    counts
        (spots, genes).
    positions
        (spots, 2).
    shapes
        The shape of each gene's pattern, or "" where it has none.

    Returns
    -------
    AnnData
        Counts in ``layers["counts"]``, positions in ``obsm["spatial"]``, the truth in ``var["spatial"]`` and the shapes
        in ``var["shape"]``.
    """
    from anndata import AnnData

    shapes = np.asarray(shapes, dtype=object)
    genes = [f"gene{i}" for i in range(counts.shape[1])]
    var = pd.DataFrame({"spatial": shapes != "", "shape": pd.Categorical(shapes)}, genes)
    obs = pd.DataFrame(index=[f"spot{i}" for i in range(counts.shape[0])])
    return AnnData(obs=obs, var=var, obsm={"spatial": positions}, layers={"counts": counts})
