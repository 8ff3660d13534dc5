"""Moran's I with an analytic p-value."""

import numpy as np
import scipy.sparse as sp

from scbench.svg.autocorrelation import Autocorrelation, WeightSums


class MoranI(Autocorrelation):
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
        ``statistic`` is I, ``score`` is its z-score. A gene with the same value everywhere has I = 0 and p = 1; so
        has any gene p = 1 where all spots are neighbours of each other, and I cannot vary.

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

    _constant = 0.0
    _sign = 1

    @staticmethod
    def _form(W: sp.csr_matrix) -> sp.csr_matrix:
        return W

    @staticmethod
    def _statistic(ratio: np.ndarray, sums: WeightSums) -> np.ndarray:
        return sums.n / sums.s0 * ratio

    @staticmethod
    def _null(sums: WeightSums, kurtosis: np.ndarray | None) -> tuple[float, np.ndarray | float]:
        n, s0, s1, s2 = sums
        if kurtosis is None:
            second = (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2)
        else:
            second = (
                n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
                - kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
            ) / ((n - 1) * (n - 2) * (n - 3) * s0**2)
        return -1 / (n - 1), second - 1 / (n - 1) ** 2
