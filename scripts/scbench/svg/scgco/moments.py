"""Mean, variance and skewness of two statistics under permutation of a gene's values over the spots.

With three moments the tail is that of a gamma distribution (Pearson's type III), and p-values hold for genes seen in a
few spots only, where a normal tail is far too light.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import poch
from scipy.stats import pearson3


@dataclass(frozen=True)
class Moments:
    """Mean, variance and third central moment of (genes,) statistics; those of independent statistics add up."""

    mean: np.ndarray
    variance: np.ndarray
    third: np.ndarray

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.mean + other.mean, self.variance + other.variance, self.third + other.third)

    def upper_tail(self, statistic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Z-scores and upper tail probabilities; a statistic that cannot vary has z = 0 and p = 1."""
        varies = self.variance > 1e-12 * np.maximum(self.mean**2, 1e-300)
        sd = np.sqrt(np.where(varies, self.variance, 1.0))
        z = np.where(varies, (statistic - self.mean) / sd, 0.0)
        # Where the skew is negative Pearson's curve would end; a normal tail stays on the safe side.
        skew = np.where(varies, np.maximum(self.third / sd**3, 0.0), 0.0)
        return z, np.where(varies, pearson3.sf(z, skew), 1.0)


def power_sums(centred: np.ndarray) -> dict[int, np.ndarray]:
    """Sums over the spots of the powers 2, 3, 4 and 6 of (spots, genes) values with mean 0."""
    square = centred * centred
    sums = {2: square.sum(axis=0), 3: np.einsum("ij,ij->j", square, centred)}
    square_of_square = square * square
    return sums | {4: square_of_square.sum(axis=0), 6: np.einsum("ij,ij->j", square_of_square, square)}


@dataclass(frozen=True)
class Motifs:
    """Sums over the motifs of up to three edges of a weighted graph, of the products of their weights.

    Attributes
    ----------
    n
        Number of nodes.
    total
        All edges.
    square, cherry, apart
        Of two edges: the same one twice; sharing a node; disjoint.
    cube, twice_cherry, twice_apart
        Of three edges of which two are the same: all the same; the other shares a node; it does not.
    triangle, star, path, cherry_apart, matching
        Of three edges: a triangle; from one node; in a row; two that share a node and one apart; all apart.
    """

    n: int
    total: float
    square: float
    cherry: float
    apart: float
    cube: float
    twice_cherry: float
    twice_apart: float
    triangle: float
    star: float
    path: float
    cherry_apart: float
    matching: float

    @classmethod
    def of(cls, W: sp.csr_matrix) -> "Motifs":
        """Count the motifs of a symmetric graph without loops, in O(edges x neighbours)."""
        W2 = W.multiply(W).tocsr()
        d, q, c = (np.asarray(matrix.sum(axis=1)).ravel() for matrix in (W, W2, W2.multiply(W)))
        total, square, cube = d.sum() / 2, q.sum() / 2, c.sum() / 2
        cherry = ((d**2 - q) / 2).sum()
        twice_cherry = (q * d - c).sum()
        triangle = (W @ W).multiply(W).sum() / 6
        star = ((d**3 - 3 * d * q + 2 * c) / 6).sum()
        upper = sp.triu(W, 1).tocoo()
        path = (upper.data * (d[upper.row] - upper.data) * (d[upper.col] - upper.data)).sum() - 3 * triangle
        # A third edge beside a cherry makes a triangle or a star (counted three times), a path (twice), or lies apart.
        cherry_apart = cherry * total - twice_cherry - 3 * triangle - 3 * star - 2 * path
        triples = (total**3 - 3 * total * square + 2 * cube) / 6
        return cls(
            n=W.shape[0],
            total=total,
            square=square,
            cherry=cherry,
            apart=(total**2 - square) / 2 - cherry,
            cube=cube,
            twice_cherry=twice_cherry,
            twice_apart=square * total - cube - twice_cherry,
            triangle=triangle,
            star=star,
            path=path,
            cherry_apart=cherry_apart,
            matching=triples - triangle - star - path - cherry_apart,
        )


def autocorrelation_moments(p: dict[int, np.ndarray], motifs: Motifs) -> Moments:
    """Permutation moments of ``z'Wz``, the numerator of Moran's I.

    Each moment is a sum over motifs of edges times the mean of the matching product of values at different spots, and
    those means follow from power sums (Cliff and Ord 1981, section 2.3, for two moments; Siemiatycki, Biometrika 65,
    1978, for the third of Mantel's statistic).

    Parameters
    ----------
    p
        `power_sums` of the centred values of (genes,).
    motifs
        Of the graph.
    """
    n = motifs.n

    def mean(total: np.ndarray, nodes: int) -> np.ndarray:
        return total / poch(n - nodes + 1, nodes)

    # Sums over different spots of products of powers. A spot with power 1 is summed last: with mean 0 it leaves only
    # what it must not coincide with.
    s22 = p[2] ** 2 - p[4]
    s211 = -(s22 - p[4])
    s1111 = -3 * s211
    first = 2 * motifs.total * mean(-p[2], 2)
    second = 4 * (motifs.square * mean(s22, 2) + 2 * motifs.cherry * mean(s211, 3) + 2 * motifs.apart * mean(s1111, 4))
    s33, s42 = p[3] ** 2 - p[6], p[4] * p[2] - p[6]
    s222 = p[2] ** 3 - 3 * p[4] * p[2] + 2 * p[6]
    s321 = -(s42 + s33)
    s411 = -(s42 - p[6])
    s2211 = -(2 * s321 + s222)
    s3111 = -(s411 + 2 * s321)
    s21111 = -(s3111 + 3 * s2211)
    third = 8 * (
        motifs.cube * mean(s33, 2)
        + 3 * motifs.twice_cherry * mean(s321, 3)
        + 3 * motifs.twice_apart * mean(s2211, 4)
        + 6 * motifs.triangle * mean(s222, 3)
        + 6 * motifs.star * mean(s3111, 4)
        + 6 * motifs.path * mean(s2211, 4)
        + 6 * motifs.cherry_apart * mean(s21111, 5)
        + 6 * motifs.matching * mean(-5 * s21111, 6)
    )
    variance = second - first**2
    return Moments(first, variance, third - 3 * first * second + 2 * first**3)


def linear_moments(weights: np.ndarray, values: np.ndarray, samples: np.ndarray) -> Moments:
    """Permutation moments of ``sum(weights * values)``, the values being permuted within each sample.

    Parameters
    ----------
    weights, values
        (spots, genes), with mean 0 in each sample.
    samples
        (spots,) number of the sample of each spot, from 0; each has three spots or more.

    Returns
    -------
    Moments
        Of (genes,); the mean is 0.
    """
    parts = []
    for members in members_of(samples):
        n = len(weights[members])
        (a2, a3), (b2, b3) = (
            (np.einsum("ij,ij->j", x, x), np.einsum("ij,ij,ij->j", x, x, x))
            for x in (weights[members], values[members])
        )
        third = n / ((n - 1) * (n - 2)) * a3 * b3
        parts.append(Moments(np.zeros_like(a2), a2 * b2 / (n - 1), third))
    return sum(parts[1:], parts[0])


def members_of(samples: np.ndarray) -> list[slice | np.ndarray]:
    """Index of the spots of each sample; of a single one without copying them."""
    if samples.max() == 0:
        return [slice(None)]
    return [np.flatnonzero(samples == sample) for sample in range(samples.max() + 1)]


def centred(values: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """(spots, genes) values less their mean in each sample."""
    values = np.array(values, dtype=float)
    for members in members_of(samples):
        values[members] -= values[members].mean(axis=0)
    return values
