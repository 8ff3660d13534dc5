"""Alpha-expansion: labels of low energy for any metric cost of neighbouring labels."""

import numpy as np

from scbench.svg.scgco.flow import minimise_two_labels


def energy(labels: np.ndarray, unary: np.ndarray, edges: np.ndarray, pairwise: np.ndarray) -> int | float:
    """Sum of the costs of the labels and of the pairs of labels over the edges."""
    pairs = pairwise[labels[edges[:, 0]], labels[edges[:, 1]]]
    return unary[np.arange(len(labels)), labels].sum() + pairs.sum()


def expand(unary: np.ndarray, edges: np.ndarray, pairwise: np.ndarray, *, sweeps: int) -> np.ndarray:
    """Expand one label after the other, each by an exact cut, until a sweep over all labels gains nothing.

    Parameters
    ----------
    unary
        (nodes, labels) costs. Integers make the result exact and repeatable to the last tie.
    edges
        (edges, 2) nodes; a repeated edge counts twice.
    pairwise
        (labels, labels) costs of neighbouring labels: a metric, 0 on the diagonal.
    sweeps
        At most so many rounds over the labels. With two labels the first round already finds the minimum.

    Returns
    -------
    ndarray
        (nodes,) labels. All start at label 0, labels expand in the order 0, 1, ...; of equal cuts the one is taken that
        expands most, and only if it is better than what there was: so does GCO v3, whose labels these are, ties
        included.

    References
    ----------
    Boykov Y., Veksler O., Zabih R. Fast approximate energy minimization via graph cuts. IEEE Transactions on Pattern
    Analysis and Machine Intelligence 23, 1222-1239 (2001).
    """
    n, n_labels = unary.shape
    nodes = np.arange(n)
    labels = np.zeros(n, dtype=np.int64)
    lowest = energy(labels, unary, edges, pairwise)
    for _ in range(1 if n_labels == 2 else sweeps):
        before = lowest
        for alpha in range(n_labels):
            if (labels == alpha).all():
                continue
            first, second = labels[edges[:, 0]], labels[edges[:, 1]]
            own, left, right = pairwise[first, second], pairwise[first, alpha], pairwise[alpha, second]
            gain = unary[nodes, labels] - unary[:, alpha]
            grown = np.where(minimise_two_labels(gain, edges, own, left, right, np.zeros_like(own)), alpha, labels)
            if (now := energy(grown, unary, edges, pairwise)) < lowest:
                labels, lowest = grown, now
        if lowest == before:
            break
    return labels
