"""Fourth stage of the network: Shapley values by DeepLIFT's rescale rule, in closed form."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

_NEAR = 1e-6  # inputs nearer than this have no slope of their own; the derivative stands in
_BLOCK_VALUES = 2**24


class Weights(NamedTuple):
    """Network without batch norm: affine, sigmoid, affine, sigmoid, affine; matrices are (outputs, inputs)."""

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    W3: np.ndarray
    b3: np.ndarray


def deep_lift(weights: Weights, X: np.ndarray, background: np.ndarray, *, softmax: str = "split") -> np.ndarray:
    """Attribute the class probabilities of each cell to its genes.

    For every pair of a cell and a background cell each nonlinear step is replaced by the slope between the two, so that
    the attributions of a pair add up to the difference of its probabilities; a cell's values are means over the
    background.

    Parameters
    ----------
    weights
        Of the network.
    X, background
        (cells, genes) values to explain, and (background cells, genes) to compare with.
    softmax
        ``"split"`` takes the softmax apart into exponential, sum and division (as TensorFlow's explainer, which the
        released code uses); ``"whole"`` takes each probability as a function of its own logit alone (as PyTorch's).

    Returns
    -------
    numpy.ndarray
        (cells, genes, classes) values. Their sum over genes is a cell's probabilities minus the mean ones of the
        background.

    Notes
    -----
    TensorFlow's explainer shifts the exponents of a cell and of a background cell by different maxima, which breaks
    additivity (by up to .13 of probability); here both are shifted by the same. Time O(cells x background x genes x
    classes x 32); memory 128 MB beyond the result.

    References
    ----------
    Shrikumar A. et al. Learning important features through propagating activation differences. ICML 2017. Lundberg S.,
    Lee S. A unified approach to interpreting model predictions. NeurIPS 2017. shap 0.39, ``DeepExplainer``.
    """
    hidden = [_forward(weights, values) for values in (X, background)]
    result = np.empty((len(X), X.shape[1], len(weights.b3)))
    block = max(1, _BLOCK_VALUES // (max(background.shape) * len(weights.b3) * len(weights.b1)))
    for start in range(0, len(X), block):
        cells = slice(start, start + block)
        multipliers = _multipliers(weights, [values[cells] for values in hidden[0]], hidden[1], softmax)
        mean = multipliers.mean(axis=1)
        # M is (cells, background, classes, units): sum_b M (x - b) W1 = x (sum_b M) W1 - (sum_b M b) W1.
        own = np.einsum("ig,ikg->igk", X[cells], mean @ weights.W1)
        flat = multipliers.transpose(0, 2, 3, 1).reshape(-1, len(background))
        shape = (*mean.shape, X.shape[1])
        reference = np.einsum("ikug,ug->igk", (flat @ background).reshape(shape), weights.W1) / len(background)
        result[cells] = own - reference
    return result


def probabilities(weights: Weights, X: np.ndarray) -> np.ndarray:
    """Class probabilities of (cells, genes) values."""
    logits = _forward(weights, X)[2]
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _forward(weights: Weights, X: np.ndarray) -> list[np.ndarray]:
    """Inputs of the two sigmoids, and the logits."""
    first = X @ weights.W1.T + weights.b1
    second = expit(first) @ weights.W2.T + weights.b2
    return [first, second, expit(second) @ weights.W3.T + weights.b3]


def _multipliers(weights: Weights, cells: list, background: list, softmax: str) -> np.ndarray:
    """Slopes of the probabilities over the first layer's outputs, (cells, background, classes, units)."""
    m1, m2 = (_sigmoid_slope(a[:, None], b[None]) for a, b in zip(cells[:2], background[:2], strict=True))
    steps = _softmax_slopes(cells[2][:, None], background[2][None], weights.W3, softmax)
    return ((steps * m2[:, :, None]) @ weights.W2) * m1[:, :, None]


def _sigmoid_slope(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = a - b
    near = np.abs(difference) < _NEAR
    value = expit(a)
    return np.where(near, value * (1 - value), (value - expit(b)) / np.where(near, 1, difference))


def _softmax_slopes(a: np.ndarray, b: np.ndarray, W3: np.ndarray, softmax: str) -> np.ndarray:
    """Slopes of the probabilities over the second layer's outputs, (cells, background, classes, units)."""
    difference = a - b
    near = np.abs(difference) < _NEAR
    safe = np.where(near, 1, difference)
    shift = np.maximum(a.max(axis=-1, keepdims=True), b.max(axis=-1, keepdims=True))
    ea, eb = np.exp(a - shift), np.exp(b - shift)
    sum_a, sum_b = ea.sum(axis=-1, keepdims=True), eb.sum(axis=-1, keepdims=True)
    if softmax == "whole":
        p, q = ea / sum_a, eb / sum_b
        return np.where(near, p * (1 - p), (p - q) / safe)[..., None] * W3
    exponential = np.where(near, ea, (ea - eb) / safe)
    # A quotient's difference is shared by its two parts as between two players: half before, half after the other.
    numerator = exponential * (1 / sum_a + 1 / sum_b) / 2
    denominator = (ea + eb) / (2 * sum_a * sum_b)
    return numerator[..., None] * W3 - denominator[..., None] * (exponential @ W3)[..., None, :]
