"""Seeds derived from named axes, so that every random choice can be repeated on its own."""

from hashlib import sha256


def seed(base: int, *axes: str | int) -> int:
    """Hash a base seed and the names of a random choice into a 32-bit seed.

    Parameters
    ----------
    base
        The run's seed (``seed`` in the configuration).
    *axes
        What the choice depends on, for instance ``"split", "zeisel", 0``. Axes that are left out do not matter: two
        methods that ask for the same split get the same split.

    Returns
    -------
    int
        In ``[0, 2**32)``, as numpy, scikit-learn and torch accept.

    Examples
    --------
    >>> seed(1, "split", "zeisel", 0) == seed(1, "split", "zeisel", 0)
    True
    >>> seed(1, "split", "zeisel", 0) == seed(1, "split", "zeisel", 1)
    False
    """
    text = "\x1f".join(str(axis) for axis in (base, *axes))
    return int.from_bytes(sha256(text.encode()).digest()[:4], "big")
