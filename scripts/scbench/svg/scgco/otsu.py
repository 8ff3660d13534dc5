"""The other model of scGCO as released, which the text does not mention: two states by Otsu's threshold."""

import numpy as np
from scipy.special import gammainc

from scbench.svg.scgco.segments import segments

_BINS = 256
_LEVELS = 1000


def otsu_threshold(values: np.ndarray) -> float:
    """Threshold with the largest variance between the two classes (Otsu 1979), on a histogram of 256 bins.

    The same as scikit-image's, which counts in single precision.
    """
    counts, edges = np.histogram(values, _BINS)
    counts = counts.astype(np.float32)
    centres = (edges[1:] + edges[:-1]) / 2
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    moments = counts * centres
    means = np.cumsum(moments) / below, (np.cumsum(moments[::-1]) / above[::-1])[::-1]
    between = below[:-1] * above[1:] * (means[0][:-1] - means[1][1:]) ** 2
    return centres[between.argmax()]


def otsu_states(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, means and variances of the two classes; the variance of a class of one spot is NaN."""
    labels = (values > otsu_threshold(values)).astype(np.int64)
    classes = values[labels == 0], values[labels == 1]
    variances = [own.var(ddof=1) if len(own) > 1 else np.nan for own in classes]
    return labels, np.array([own.mean() for own in classes]), np.array(variances)


def zeros_lie_together(values: np.ndarray, edges: np.ndarray, limit: float = 1e-4) -> bool:
    """Whether the largest patch of spots with the same value is too large for zeros that fell at random.

    Values are cut off at three decimals. V being the size of the largest patch of one value, whichever that is, and n0
    of the n spots being zero, P(Poisson(V n0 / n) >= V) n / V must be below `limit`.

    Parameters
    ----------
    values
        (spots,) log-normalised values.
    edges
        (edges, 2) of the graph.
    limit
        Limit of the probability, at most 1.
    """
    levels = (values * _LEVELS).astype(np.int64)
    share = (levels == 0).mean()

    def probability(size: int) -> float:
        return gammainc(size, size * share) / size * len(values)

    # It falls with the size. So if all spots of the most frequent value together are not enough, no patch is.
    if not share or probability(np.unique(levels, return_counts=True)[1].max()) >= limit:
        return False
    return probability(np.bincount(segments(levels, edges)[1]).max()) < limit
