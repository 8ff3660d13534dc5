"""Structure of a tissue rebuilt from a set of genes as the released code of scGCO does."""

import warnings

import numpy as np
import scipy.sparse as sp

from scbench.svg.scgco.expansion import expand
from scbench.svg.scgco.gene import state_distance

SMOOTH = 20  # of the notebook that draws the structures of the bulb; 10 is the default of the function
_OWN, _SWEEPS, _STARTS = 100, 10, 10


def rebuild_released(
    X: sp.csc_matrix, genes: np.ndarray, pairs: np.ndarray, *, k: int, seed: int = 0, smooth: int = SMOOTH
) -> np.ndarray:
    """Rebuild the structure of a tissue from some genes as scGCO 1.1.2 does (`create_labels`).

    k-means of the spots on the log values as they are, then graph cuts in which a spot keeps its cluster at a cost of
    -100 and goes to any other at 100.

    Parameters
    ----------
    X
        (spots, all genes) log1p values.
    genes
        Columns of the set.
    pairs
        (pairs, 2) neighbouring spots, as `scbench.svg.scgco.pruned_graph.pruned_delaunay` makes them.
    k
        Number of clusters.
    seed
        Decides the starts of k-means. The function's default is 0.
    smooth
        Factor of the cost of a pair of neighbours in different clusters.

    Returns
    -------
    numpy.ndarray
        (spots,) clusters from 0, some of which the cuts may have taken in; -1 everywhere if the set has no genes.

    Notes
    -----
    What the text does not say, and `scbench.svg.structure.reconstruct.rebuild` does otherwise: genes are not scaled, so
    that those of high values decide; no spot is nearer to one foreign cluster than to another; clusters i and j of
    neighbours cost ``smooth * (|i - j| + 1)``, although k-means gives the numbers in no order; and the graph has the
    surplus edges of the released one. Its label cost never counts: the cut takes it as a number of sweeps.

    The starts of k-means (ten) are those of the scikit-learn of its time, and its clusters may differ from the
    original's where starts end in different clusters; the cut of given clusters is the same
    (`scbench.svg.scgco.expansion.expand`).
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    if not len(genes):
        return np.full(X.shape[0], -1)
    with warnings.catch_warnings():
        # Of fewer different spots than clusters there are fewer clusters.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(k, n_init=_STARTS, random_state=seed).fit_predict(X[:, genes].tocsr().astype(float))
    return cut_clusters(found, pairs, smooth)


def cut_clusters(clusters: np.ndarray, pairs: np.ndarray, smooth: int) -> np.ndarray:
    """Smooth clusters over neighbouring spots.

    Parameters
    ----------
    clusters
        (spots,) clusters; their numbers count.
    pairs, smooth
        As of `rebuild_released`.

    Returns
    -------
    numpy.ndarray
        (spots,) places of clusters among those that there are.

    Examples
    --------
    A spot gives in where its neighbours cost more than 200: of the next cluster 40 each at a factor of 20.

    >>> pairs = np.array([[0, 1], [0, 2], [0, 3]])
    >>> cut_clusters(np.array([1, 0, 0, 0]), pairs, 20)
    array([1, 0, 0, 0])
    >>> cut_clusters(np.array([1, 0, 0, 0]), pairs, 40)
    array([0, 0, 0, 0])
    """
    known, place = np.unique(clusters, return_inverse=True)
    unary = np.where(place[:, None] == np.arange(len(known)), -_OWN, _OWN)
    return expand(unary, pairs, smooth * state_distance(len(known)), sweeps=_SWEEPS)
