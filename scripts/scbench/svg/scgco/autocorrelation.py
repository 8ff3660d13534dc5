"""Moran's test with the skewness of its permutation null."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from scbench.svg.graph import delaunay_within
from scbench.svg.scgco.moments import Moments, Motifs, autocorrelation_moments, centred, members_of, power_sums

FEWEST = 6  # spots in a sample: the third moment takes three disjoint edges


@dataclass(frozen=True)
class Autocorrelation:
    """The Delaunay graph of some spots, and what its permutation moments need.

    Attributes
    ----------
    graph
        (spots, spots) zeros and ones; samples are apart.
    samples
        (spots,) number of the sample of each spot.
    motifs
        Of the graph of each sample.
    """

    graph: sp.csr_matrix
    samples: np.ndarray
    motifs: list[Motifs]

    @classmethod
    def of(cls, coords: np.ndarray, samples: np.ndarray) -> "Autocorrelation":
        """Triangulate each sample."""
        graph = delaunay_within(coords, samples)
        return cls(graph, samples, [Motifs.of(graph[members][:, members]) for members in members_of(samples)])

    def test(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Moran's I of (spots, genes) scores, and its upper tail probability under permutation within samples."""
        scores = centred(scores, self.samples)
        observed = np.einsum("ij,ij->j", scores, self.graph @ scores)
        moments, squares = [], 0.0
        for members, motifs in zip(members_of(self.samples), self.motifs, strict=True):
            sums = power_sums(scores[members])
            moments.append(autocorrelation_moments(sums, motifs))
            squares = squares + sums[2]
        total: Moments = sum(moments[1:], moments[0])
        scale = np.where(squares > 0, squares, 1) * self.graph.nnz / len(scores)
        return observed / scale, total.upper_tail(observed)[1]
