"""Moran's I with an analytic p-value."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import ndtr

from scbench.contract import SpatialTest
from scbench.errors import UserError, did_you_mean
from scbench.svg.graph import check_coords, delaunay, nearest_neighbours

_BLOCK_BYTES = 64 * 2**20


class MoranI(SpatialTest):
    """Test each gene for positive spatial autocorrelation.

    I = (n / S0) z'Wz / z'z with z the centred values and W the weights of neighbouring spots; the p-value is the upper
    tail of the normal distribution with the exact mean and variance of I under the null.

    Parameters
    ----------
    graph
        ``"neighbours"`` (nearest spots, symmetrised) or ``"delaunay"``.
    n_neighbors
        Nearest spots of each spot, for ``graph="neighbours"``.
    null
        ``"randomisation"``: all orders of the observed values are equally likely (allows for heavy tails);
        ``"normality"``: the values are independent and normal.

    Attributes
    ----------
    table_
        ``statistic`` is I, ``score`` is its z-score. A gene with the same value everywhere has I = 0 and p = 1.

    Notes
    -----
    Genes are taken in blocks of 64 MB of dense values: time O(genes x (spots + edges)), memory O(edges) and one block
    beside the matrix itself, which is converted to CSC once. Deterministic.

    References
    ----------
    Moran P.A.P. Notes on continuous stochastic phenomena. Biometrika 37, 17-23 (1950).
    Cliff A.D., Ord J.K. Spatial processes: models and applications. Pion (1981), eqs 2.6 and 2.10.

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sp
    >>> rng = np.random.default_rng(0)
    >>> coords = rng.random((400, 2))
    >>> left = (coords[:, 0] < 0.5) * 2.0
    >>> X = sp.csr_matrix(np.column_stack([left, np.ones(400), rng.random(400)]))
    >>> MoranI().fit(X, coords, seed=0).table_["pvalue"].round(1).tolist()[:2]
    [0.0, 1.0]
    """

    def __init__(self, *, graph: str = "neighbours", n_neighbors: int = 6, null: str = "randomisation") -> None:
        self.graph = graph
        self.n_neighbors = n_neighbors
        self.null = null

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "MoranI":
        """Test the genes; see `scbench.contract.SpatialTest`."""
        for name, known in (("graph", ("neighbours", "delaunay")), ("null", ("randomisation", "normality"))):
            if (value := getattr(self, name)) not in known:
                hint = did_you_mean(value, known)
                raise UserError(f"The {name!r} parameter of MoranI is unknown. Got {value!r} instead. {hint}")
        coords = check_coords(coords, X.shape[0])
        if len(coords) < 4:
            raise UserError(f"Moran's I needs at least 4 spots. Got {len(coords)} instead.")
        W = delaunay(coords) if self.graph == "delaunay" else nearest_neighbours(coords, self.n_neighbors)
        W = (W + W.T) / 2  # the same I, and the variance formula in its short form
        cross, m2, m4 = _moments(X.tocsc(), W)
        n, s0 = X.shape[0], W.sum()
        varies = m2 > 1e-12 * n
        scale = np.where(varies, m2, 1)
        statistic = np.where(varies, n / s0 * cross / scale, 0.0)
        kurtosis = np.where(varies, n * m4 / scale**2, 3.0)
        variance = _variance(W, kurtosis if self.null == "randomisation" else None)
        z = np.where(varies, (statistic + 1 / (n - 1)) / np.sqrt(variance), -np.inf)
        # A score must be finite: constant genes come last.
        score = np.where(varies, z, min(z[varies].min(initial=0.0), 0.0) - 1)
        self.table_ = pd.DataFrame({"statistic": statistic, "pvalue": ndtr(-z), "score": score})
        return self


def _moments(X: sp.csc_matrix, W: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums z'Wz, z^2 and z^4 of each gene's centred values z."""
    n, n_genes = X.shape
    cross, m2, m4 = np.empty((3, n_genes))
    width = max(1, _BLOCK_BYTES // (8 * n))
    for start in range(0, n_genes, width):
        genes = slice(start, start + width)
        z = X[:, genes].toarray().astype(float, copy=False)
        z -= z.mean(axis=0)
        cross[genes] = np.einsum("ij,ij->j", z, W @ z)
        z *= z
        m2[genes] = z.sum(axis=0)
        m4[genes] = np.einsum("ij,ij->j", z, z)
    return cross, m2, m4


def _variance(W: sp.csr_matrix, kurtosis: np.ndarray | None) -> np.ndarray | float:
    """Variance of I under the null, for symmetric weights (Cliff and Ord 1981).

    Parameters
    ----------
    kurtosis
        n sum(z^4) / sum(z^2)^2 of each gene for the randomisation null; None for the normality null.
    """
    n, s0 = W.shape[0], W.sum()
    s1 = 2 * (W.data**2).sum()
    s2 = 4 * (np.asarray(W.sum(axis=1)).ravel() ** 2).sum()
    if kurtosis is None:
        second = (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2)
    else:
        second = (
            n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
        ) / ((n - 1) * (n - 2) * (n - 3) * s0**2)
    return second - 1 / (n - 1) ** 2
