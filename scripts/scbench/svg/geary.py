"""Geary's C with an analytic p-value."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import laplacian

from scbench.svg.autocorrelation import Autocorrelation, WeightSums


class GearyC(Autocorrelation):
    """Test whether neighbouring spots differ less than others do.

    C = (n - 1) / (2 S0) sum_ij w_ij (x_i - x_j)^2 / z'z with z the centred values, w the weights of neighbouring spots
    and S0 their sum: 1 without a pattern, less where neighbours are alike. It weighs small-scale contrasts more than
    Moran's I does. The p-value is the lower tail of the normal distribution with the exact mean and variance of C
    under the null.

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
        ``statistic`` is C, ``score`` is minus its z-score. A gene with the same value everywhere has C = 1 and p = 1;
        so has any gene p = 1 where all spots are neighbours of each other, and C cannot vary.

    Notes
    -----
    The sum over pairs is 2 z'Lz with L the Laplacian of the graph, so it costs what Moran's I costs: time O(genes x
    (spots + edges)) in blocks of 64 MB of dense values, memory O(edges) and one block beside the matrix itself, which
    is converted to CSC once. Deterministic.

    Where spots have unequal numbers of neighbours, C of a gene that is seen in few spots follows those spots' numbers
    of neighbours and is skewed: the normal tail is less exact than for Moran's I.

    References
    ----------
    Geary R.C. The contiguity ratio and statistical mapping. The Incorporated Statistician 5, 115-145 (1954).
    Cliff A.D., Ord J.K. Spatial processes: models and applications. Pion (1981), section 1.5 and chapter 2.

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sp
    >>> rng = np.random.default_rng(0)
    >>> coords = rng.random((400, 2))
    >>> left = (coords[:, 0] < 0.5) * 2.0
    >>> X = sp.csr_matrix(np.column_stack([left, np.ones(400), rng.random(400)]))
    >>> GearyC().fit(X, coords, seed=0).table_["pvalue"].round(1).tolist()[:2]
    [0.0, 1.0]
    """

    _constant = 1.0
    _sign = -1

    @staticmethod
    def _form(W: sp.csr_matrix) -> sp.csr_matrix:
        return laplacian(W).tocsr()

    @staticmethod
    def _statistic(ratio: np.ndarray, sums: WeightSums) -> np.ndarray:
        return (sums.n - 1) / sums.s0 * ratio

    @staticmethod
    def _null(sums: WeightSums, kurtosis: np.ndarray | None) -> tuple[float, np.ndarray | float]:
        n, s0, s1, s2 = sums
        if kurtosis is None:
            return 1.0, ((2 * s1 + s2) * (n - 1) - 4 * s0**2) / (2 * (n + 1) * s0**2)
        edges = (n - 1) * s1 * (n**2 - 3 * n + 3 - (n - 1) * kurtosis)
        degrees = (n - 1) * s2 * (n**2 + 3 * n - 6 - (n**2 - n + 2) * kurtosis) / 4
        total = s0**2 * (n**2 - 3 - (n - 1) ** 2 * kurtosis)
        return 1.0, (edges - degrees + total) / (n * (n - 2) * (n - 3) * s0**2)
