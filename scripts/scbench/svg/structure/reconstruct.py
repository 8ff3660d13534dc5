"""Structure of a tissue rebuilt from a set of genes, and how well it matches another."""

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linear_sum_assignment

from scbench.contract import UNASSIGNED
from scbench.metrics.classification import (
    accuracy,
    confusion_matrix,
    macro_f1,
    misclassification_precision,
    misclassification_recall,
)
from scbench.svg.structure.components import components
from scbench.svg.structure.smoothing import smooth_labels

MEASURES = ("accuracy", "precision", "sensitivity", "f1", "ari")
_SMOOTH = 0.2  # layers of one or two spots survive it
_STARTS = 20
_SAMPLE = 2000  # spots of which silhouettes are computed


def layers_of(labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Names of the annotated layers and the layer of each spot (-1 where it has none); None without annotation.

    Examples
    --------
    >>> layers_of(np.array(["b", "", "a"], dtype=object))[1]
    array([ 1, -1,  0])
    """
    if labels is None or not (labels != "").any():
        return None
    names = np.unique(labels[labels != ""].astype(str))
    return names, np.where(labels == "", -1, np.searchsorted(names, labels.astype(str)) % len(names))


def choose_k(points: np.ndarray, *, seed: int, most: int = 8) -> int:
    """Number of clusters, at least 2, whose k-means partition has the largest mean silhouette.

    Parameters
    ----------
    points
        (points, dimensions); the silhouette is that of at most 2,000 of them.
    seed
        Decides the starts of k-means and the sample.
    most
        Largest number that is tried; less where there are fewer than five points per cluster.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    scores = {}
    for k in range(2, max(3, min(most, len(points) // 5) + 1)):
        found = KMeans(k, n_init=5, random_state=seed).fit_predict(points)
        scores[k] = silhouette_score(points, found, sample_size=min(_SAMPLE, len(points)), random_state=seed)
    return max(scores, key=scores.__getitem__)


def rebuild(
    X: sp.csc_matrix, genes: np.ndarray, pairs: np.ndarray, *, k: int, seed: int, smooth: float = _SMOOTH
) -> np.ndarray:
    """Rebuild the structure of a tissue from some genes.

    k-means of the spots on the first ten principal components of the standardised genes, then graph cuts: a spot costs
    its squared distance to the centre of a cluster, in units of the mean to the own one, and neighbours in different
    clusters cost `smooth`.

    Parameters
    ----------
    X
        (spots, all genes) log1p values.
    genes
        Columns of the set.
    pairs
        (pairs, 2) neighbouring spots.
    k
        Number of clusters.
    seed
        Decides the starts of k-means.
    smooth
        Cost of a pair of neighbours in different clusters.

    Returns
    -------
    numpy.ndarray
        (spots,) clusters from 0; -1 everywhere if no gene of the set varies. Fewer than `k` where the values have fewer
        different spots, or where the cut takes a small cluster in.

    Notes
    -----
    The paper (Methods, "Comparing spatial patterns to reference tissue structures") gives neither the scale of the
    values nor the costs. `scbench.svg.structure.released.rebuild_released` is as the released code does it. Here
    k-means gives the centres, and the cuts begin with one label everywhere; from the labels of k-means they reach the
    same energy.

    Time O(stored values + spots x k) and a few cuts; memory O(stored values of the set).
    """
    from sklearn.cluster import KMeans

    points = components(X, genes, seed=seed).spots
    if not points.shape[1]:
        return np.full(X.shape[0], -1)
    distinct = len(np.unique(points.round(9), axis=0))
    fitted = KMeans(min(k, distinct), n_init=_STARTS, random_state=seed).fit(points)
    cost = fitted.transform(points) ** 2
    own = cost.min(axis=1).mean()
    return smooth_labels(cost / own if own > 0 else cost, pairs, smooth)


def match(found: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Give clusters the numbers of the layers that they are, and measure how well they agree.

    Clusters are paired with layers so that the most spots agree (Hungarian algorithm), each with one at most. A cluster
    without a layer is wrong for all its spots; it has a number of its own after those of the layers.

    Parameters
    ----------
    found
        (spots,) clusters from 0.
    reference
        (spots,) layers from 0; spots with -1 have none and do not count.

    Returns
    -------
    renumbered
        (spots,) clusters with the numbers of their layers.
    measures
        ``accuracy``; ``precision``, ``sensitivity`` and ``f1`` as means over the layers (0 for a layer that no cluster
        is paired with); ``ari``, the adjusted Rand index, which needs no pairs.
    """
    from sklearn.metrics import adjusted_rand_score

    there = reference >= 0
    known, layer = np.unique(reference[there], return_inverse=True)
    shared = np.zeros((found.max() + 1, len(known)), dtype=int)
    np.add.at(shared, (found[there], layer), 1)
    clusters, layers = linear_sum_assignment(-shared)
    number = np.full(len(shared), -1)
    number[clusters] = known[layers]
    names = known.astype(str)
    paired = np.where(number < 0, UNASSIGNED, number.astype(str).astype(object))[found[there]]
    confusion = confusion_matrix(names[layer], paired, names)
    number[number < 0] = known[-1] + 1 + np.arange((number < 0).sum())
    measures = {
        "accuracy": accuracy(confusion),
        "precision": 1 - misclassification_precision(confusion),
        "sensitivity": 1 - misclassification_recall(confusion),
        "f1": macro_f1(confusion),
        "ari": float(adjusted_rand_score(reference[there], found[there])),
    }
    return number[found], measures
