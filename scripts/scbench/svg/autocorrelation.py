"""What Moran's I and Geary's C share: neighbours, moments in blocks of genes, and a z-score under the null."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import ndtr

from scbench.contract import SpatialTest
from scbench.errors import UserError, did_you_mean
from scbench.svg.graph import check_coords, delaunay, nearest_neighbours

_BLOCK_BYTES = 64 * 2**20


class WeightSums(NamedTuple):
    """Sums over symmetric weights that the null variances are made of (Cliff and Ord 1981, section 1.5)."""

    n: int
    s0: float
    s1: float
    s2: float

    @classmethod
    def of(cls, W: sp.csr_matrix) -> "WeightSums":
        """Sum the (spots, spots) weights."""
        degrees = np.asarray(W.sum(axis=1)).ravel()
        return cls(W.shape[0], degrees.sum(), 2 * (W.data**2).sum(), 4 * (degrees**2).sum())


class Autocorrelation(SpatialTest):
    """Base of the tests on a quadratic form of centred values; its children say which form, and its null.

    The p-value is the upper tail of the normal distribution at a z-score that is positive where neighbours are alike.
    A gene with the same value everywhere, or whose statistic is the same whatever the order of its values (all spots
    are neighbours of each other, say), has p = 1.
    """

    _constant: ClassVar[float]  # the statistic of a gene that does not vary
    _sign: ClassVar[int]  # of the statistic less its mean, where neighbours are alike

    def __init__(self, *, graph: str = "neighbours", n_neighbors: int = 6, null: str = "randomisation") -> None:
        self.graph = graph
        self.n_neighbors = n_neighbors
        self.null = null

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "Autocorrelation":
        """Test the genes; see `scbench.contract.SpatialTest`."""
        for name, known in (("graph", ("neighbours", "delaunay")), ("null", ("randomisation", "normality"))):
            if (value := getattr(self, name)) not in known:
                raise UserError(
                    f"The {name!r} parameter of {type(self).__name__} is unknown. Got {value!r} instead. "
                    f"{did_you_mean(value, known)}"
                )
        coords = check_coords(coords, X.shape[0])
        if len(coords) < 4:
            raise UserError(f"{type(self).__name__} needs at least 4 spots. Got {len(coords)} instead.")
        W = delaunay(coords) if self.graph == "delaunay" else nearest_neighbours(coords, self.n_neighbors)
        W = (W + W.T) / 2  # the same statistics, and the variance formulas in their short form
        self.table_ = self._table(X.tocsc(), W)
        return self

    @staticmethod
    @abstractmethod
    def _form(W: sp.csr_matrix) -> sp.csr_matrix:
        """Matrix A of the form z'Az."""

    @staticmethod
    @abstractmethod
    def _statistic(ratio: np.ndarray, sums: WeightSums) -> np.ndarray:
        """Statistic from z'Az / z'z."""

    @staticmethod
    @abstractmethod
    def _null(sums: WeightSums, kurtosis: np.ndarray | None) -> tuple[float, np.ndarray | float]:
        """Mean and variance under the null: randomisation given n sum(z^4) / sum(z^2)^2, normality given None."""

    def _table(self, X: sp.csc_matrix, W: sp.csr_matrix) -> pd.DataFrame:
        form, m2, m4 = moments(X, self._form(W))
        sums, n = WeightSums.of(W), X.shape[0]
        varies = m2 > 1e-12 * n
        scale = np.where(varies, m2, 1)
        statistic = np.where(varies, self._statistic(form / scale, sums), self._constant)
        kurtosis = np.where(varies, n * m4 / scale**2, 3.0)
        mean, variance = self._null(sums, kurtosis if self.null == "randomisation" else None)
        testable = varies & (variance > 1e-10 / n**2)
        z = self._sign * (statistic - mean) / np.sqrt(np.where(testable, variance, 1))
        z[~testable] = -np.inf
        # A score must be finite: genes that cannot be tested come last.
        score = np.where(testable, z, min(z[testable].min(initial=0.0), 0.0) - 1)
        return pd.DataFrame({"statistic": statistic, "pvalue": ndtr(-z), "score": score})


def moments(X: sp.csc_matrix, A: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums z'Az, z^2 and z^4 of each gene's centred values z, by blocks of 64 MB of dense values."""
    n, n_genes = X.shape
    form, m2, m4 = np.empty((3, n_genes))
    width = max(1, _BLOCK_BYTES // (8 * n))
    for start in range(0, n_genes, width):
        genes = slice(start, start + width)
        z = X[:, genes].toarray().astype(float, copy=False)
        z -= z.mean(axis=0)
        form[genes] = np.einsum("ij,ij->j", z, A @ z)
        z *= z
        m2[genes] = z.sum(axis=0)
        m4[genes] = np.einsum("ij,ij->j", z, z)
    return form, m2, m4
