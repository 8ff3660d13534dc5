"""Random moves of values between spots, drawn for many genes at once."""

from collections.abc import Sequence

import numpy as np

from scbench.data.options import check_number
from scbench.errors import UserError


def shuffles(rng: np.random.Generator, groups: Sequence[np.ndarray], n_genes: int) -> np.ndarray:
    """Draw an order of the spots for each gene, all orders within the groups being equally likely.

    Parameters
    ----------
    rng
        Source of the random numbers.
    groups
        Indices of the spots of each group; together they are all spots. Nothing leaves its group.
    n_genes
        How many to draw.

    Returns
    -------
    ndarray
        (genes, spots) int32: where the value of a spot goes.
    """
    to = np.empty((n_genes, sum(map(len, groups))), dtype=np.int32)
    for group in groups:
        to[:, group] = rng.permuted(np.tile(group.astype(np.int32), (n_genes, 1)), axis=1)
    return to


def exchanges(rng: np.random.Generator, groups: Sequence[np.ndarray], n_genes: int, share: float) -> np.ndarray:
    """Let a random share of the spots exchange their values, others for each gene.

    Of the ``n`` spots of a group ``round(share * n)`` (half to even) are chosen and hand their values on in one cycle
    of random order: none of them keeps its value, so that exactly the stated share moves.

    Parameters
    ----------
    rng, groups, n_genes
        See `shuffles`.
    share
        See `check_share`.

    Returns
    -------
    ndarray
        (genes, spots) int32: where the value of a spot goes.
    """
    order = shuffles(rng, groups, n_genes)
    to = np.tile(np.arange(order.shape[1], dtype=np.int32), (n_genes, 1))
    for group in groups:
        chosen = order[:, group[: round(share * len(group))]]
        np.put_along_axis(to, chosen, np.roll(chosen, 1, axis=1), axis=1)
    return to


def check_share(name: str, share: float, groups: Sequence[np.ndarray]) -> None:
    """Raise `UserError` unless the share is in [0, 1) and lets no spot of a group exchange values with itself."""
    check_number(name, share, 0, 1)
    if share == 1:
        raise UserError(f"The {name!r} parameter must be below 1: where all spots exchange, no pattern is left.")
    for size in map(len, groups):
        if round(share * size) == 1:
            raise UserError(
                f"The {name!r} parameter must make two or more spots exchange. Got {share} of {size} instead."
            )
