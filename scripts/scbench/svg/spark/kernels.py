"""The ten kernels of SPARK."""

from collections.abc import Iterator

import numpy as np
from scipy.linalg import eigh
from scipy.spatial.distance import pdist, squareform

from scbench.errors import UserError

# Distances up to this count as none; eigenvalues below this are raised to it.
_NO_DISTANCE, _SMALLEST_EIGENVALUE = 1e-8, 1e-8
KERNELS = tuple(f"{shape}{i}" for i in range(1, 6) for shape in ("GSP", "COS"))


def length_scales(distances: np.ndarray) -> np.ndarray:
    """The five length scales: numbers 3 to 7 of ten, spaced evenly in the logarithm from min / 2 to max * 2.

    Raises
    ------
    UserError
        If all spots lie in one place.
    """
    positive = distances[distances > _NO_DISTANCE]
    if not len(positive):
        raise UserError("SPARK needs spots in more than one place. Got coordinates that are all the same instead.")
    return np.geomspace(positive.min() / 2, positive.max() * 2, 10)[2:7]


def kernels(coords: np.ndarray) -> Iterator[np.ndarray]:
    """Make the kernels one after the other: exp(-d^2 / 2 l^2) and cos(2 pi d / l) of each length scale l.

    The cosine of a distance is no covariance in the plane: about half of its eigenvalues are negative. Like the
    package, set the eigenvalues below 1e-8 to 1e-8.

    Parameters
    ----------
    coords
        (spots, 2 or 3) positions.

    Yields
    ------
    numpy.ndarray
        (spots, spots) positive definite matrices in the order of `KERNELS`. Time O(spots^3), memory 5 spots^2 doubles.
    """
    distances = pdist(coords)
    for scale in length_scales(distances):
        yield _positive(squareform(np.exp(-(distances**2) / (2 * scale**2)), checks=False))
        yield _positive(squareform(np.cos(2 * np.pi / scale * distances), checks=False))


def _positive(kernel: np.ndarray) -> np.ndarray:
    """Raise eigenvalues of a kernel, whose diagonal is still 0 instead of 1, in its own memory."""
    np.fill_diagonal(kernel, 1.0)
    values, vectors = eigh(kernel, overwrite_a=True, check_finite=False, driver="evd")
    vectors *= np.sqrt(np.maximum(values, _SMALLEST_EIGENVALUE))
    return vectors @ vectors.T
