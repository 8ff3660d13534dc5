"""What it costs a spot to be in a state: as released, and as the text has it."""

import numpy as np

_SCALE = 100
_RARE_SHARE, _RARE_SPOTS, _WEAK = 0.1, 30, 10


def released_unary(values: np.ndarray, means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Costs of scGCO 1.1.2: 100 times the signed distance to boundaries between the states.

    The boundary of two neighbouring states lies between their means, in proportion to their standard deviations. With v
    the highest state whose upper neighbour has a mean above the value (or the last but one), state j costs the value
    less boundary j if j <= v, and boundary j - 1 less the value otherwise. Costs are cut off to integers, and may be
    negative.

    Where few spots are above 1 (at most 30 and a tenth of all), the most frequent cost, if it is nearer to 0 than 10
    but not 0, is replaced by the median of the absolute values that occur, with either sign.

    Parameters
    ----------
    values
        (spots,) log-normalised values.
    means, variances
        (states,) of the states, ascending by mean.

    Returns
    -------
    ndarray
        (spots, states) integers. All zero where a boundary does not exist: two states without spread.

    Notes
    -----
    The text (eq. 8) has the absolute distance to the mean instead.
    """
    spreads = np.sqrt(variances)
    total = spreads[:-1] + spreads[1:]
    if not (total > 0).all():  # or NaN: a class of one spot has no variance
        return np.zeros((len(values), len(means)), dtype=np.int64)
    boundaries = (means[:-1] * spreads[1:] + means[1:] * spreads[:-1]) / total
    below = values[:, None] < means[1:]
    v = np.where(below.any(axis=1), below.argmax(axis=1), len(boundaries) - 1)
    states = np.arange(len(means))
    # Boundary j for the states up to v, j - 1 above: the last state is always above, the first never.
    upper = values[:, None] - np.append(boundaries, np.nan)
    lower = np.append(np.nan, boundaries) - values[:, None]
    cost = np.where(states <= v[:, None], upper, lower)
    cost = np.trunc(_SCALE * cost).astype(np.int64)
    high = (values > 1).sum()
    return _strengthened(cost) if high <= min(_RARE_SHARE * len(values), _RARE_SPOTS) else cost


def _strengthened(cost: np.ndarray) -> np.ndarray:
    found, frequency = np.unique(cost, return_counts=True)
    weak = found[frequency.argmax()]
    if not 0 < abs(weak) < _WEAK:
        return cost
    strong = int(np.median(np.abs(found)))
    return np.where(np.abs(cost) == abs(weak), np.sign(cost) * strong, cost)


def distance_unary(values: np.ndarray, means: np.ndarray) -> np.ndarray:
    """(spots, states) absolute distances of the values to the means (eq. 8 of the text)."""
    return np.abs(values[:, None] - means)
