"""Sample splitting: segments that were found on some spots are tested on others.

The released scGCO tests segments on the data they were found in, so its p-values are not those of a test. Here the
spots are dealt into parts. Segments are cut on the first part and tested on the second, then cut on both and tested on
the third. If the values of a gene are exchangeable, each p-value is uniform whatever came out before it, so they are
independent, and adding up their normal quantiles gives an exact test.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from scbench.svg.graph import delaunay_within, edge_list
from scbench.svg.scgco.cut import LADDER, binary_cut, fewest_of_a_state
from scbench.svg.scgco.moments import centred, linear_moments

SHARES = (0.5, 0.25, 0.25)
FEWEST = 32  # spots in a sample, so that the smallest part has eight

_UNITS = 1000  # integer units of a standard deviation: cuts in integers are exact


@dataclass(frozen=True)
class Step:
    """Spots to find segments on, and those to test them on.

    Attributes
    ----------
    learn, test
        Indices of the spots.
    edges
        (edges, 2) Delaunay edges between the spots of `learn`, by their place in it.
    nearest
        For each spot of `test`, the place in `learn` of the nearest one of its sample.
    links
        (test, learn) graph of neighbours in the whole tissue.
    samples
        Sample of each spot of `test`.
    weight
        Share of the pairs of neighbours that the step compares.
    """

    learn: np.ndarray
    test: np.ndarray
    edges: np.ndarray
    nearest: np.ndarray
    links: sp.csr_matrix
    samples: np.ndarray
    weight: float


def deal(coords: np.ndarray, samples: np.ndarray, seed: int) -> list[np.ndarray]:
    """Deal the spots of each sample into random parts, of `SHARES`.

    The draw depends on where spots lie and not on their order: they are numbered by their distance from the centre of
    their sample and, if equal, from its outermost spot. (Only on a symmetric lattice can spots still be equal.)
    """
    rng = np.random.default_rng(seed)
    bounds = np.cumsum(SHARES[:-1])
    parts: list[list[np.ndarray]] = [[] for _ in SHARES]
    for sample in range(samples.max() + 1):
        members = np.flatnonzero(samples == sample)
        shuffled = members[_inherent_order(coords[members])][rng.permutation(len(members))]
        for part, own in zip(parts, np.split(shuffled, np.rint(bounds * len(members)).astype(int)), strict=True):
            part.append(own)
    return [np.sort(np.concatenate(part)) for part in parts]


def steps(coords: np.ndarray, samples: np.ndarray, graph: sp.csr_matrix, parts: list[np.ndarray]) -> list[Step]:
    """Prepare the steps: each part but the first is tested on segments of all parts before it."""
    found, learn, before = [], parts[0], SHARES[0]
    for test, share in zip(parts[1:], SHARES[1:], strict=True):
        nearest = np.empty(len(test), dtype=np.intp)
        for sample in range(samples.max() + 1):
            own, others = (np.flatnonzero(samples[part] == sample) for part in (learn, test))
            nearest[others] = own[cKDTree(coords[learn[own]]).query(coords[test[others]])[1]]
        edges = edge_list(delaunay_within(coords[learn], samples[learn]))
        found.append(Step(learn, test, edges, nearest, graph[test][:, learn], samples[test], 2 * before * share))
        learn, before = np.sort(np.concatenate([learn, test])), before + share
    return found


def _inherent_order(coords: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(coords - coords.mean(axis=0), axis=1)
    unit = distance.max() or 1.0
    distance = np.round(distance / unit, 9)  # rotation changes the last digits
    outermost = coords[distance.argmax()]
    return np.lexsort([np.round(np.linalg.norm(coords - outermost, axis=1) / unit, 9), distance])


def held_out_test(scores: np.ndarray, step: Step) -> tuple[np.ndarray, np.ndarray]:
    """Cut each gene on some spots, and test whether the others follow.

    What is expected of a tested spot is the state of the segment it lies in (that of the nearest spot that was cut)
    plus the mean of its neighbours that were cut, each with variance 1. The statistic is the sum of expected times
    observed scores; its permutation moments within samples are exact.

    Parameters
    ----------
    scores
        (spots, genes).
    step
        From `steps`.

    Returns
    -------
    pvalue, smooth_factor
        (genes,); the smooth factor is NaN where no cut left two states, and only neighbours are compared.

    Notes
    -----
    A maximum flow for each gene and smooth factor that is tried, 1.3 on average; memory a few (spots, genes) arrays.
    """
    n_genes = scores.shape[1]
    state, factor = np.zeros((len(step.test), n_genes)), np.full(n_genes, np.nan)
    learned = scores[step.learn]
    for gene in range(n_genes):
        found = smoothest_cut(learned[:, gene], step.edges)
        if found is not None:
            factor[gene], high = found
            state[:, gene] = high[step.nearest]
    expected = _standardised(state, step.samples)
    expected += _standardised(step.links @ learned, step.samples)
    observed = centred(scores[step.test], step.samples)
    moments = linear_moments(expected, observed, step.samples)
    return moments.upper_tail(np.einsum("ij,ij->j", expected, observed))[1], factor


def smoothest_cut(values: np.ndarray, edges: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Cut with the largest smooth factor of `LADDER` that leaves two states.

    A state must have at least 5 % of the spots; of a gene that fewer express, half as many as are above average.

    Returns
    -------
    tuple of float and ndarray, or None
        Smooth factor and (spots,) high state; None where every cut has one state.
    """
    sd = values.std()
    if sd == 0:
        return None
    gain = np.rint((values - values.mean()) * (_UNITS / sd)).astype(np.int64)
    fewest = fewest_of_a_state(len(gain), np.count_nonzero(gain > 0))
    for factor in LADDER:
        high = binary_cut(gain, edges, round(factor * _UNITS))
        if fewest <= high.sum() <= len(gain) - fewest:
            return factor, high
    return None


def _standardised(values: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Centred in each sample, and with variance 1 over all."""
    values = centred(values, samples)
    sd = values.std(axis=0)
    return values / np.where(sd > 0, sd, 1)
