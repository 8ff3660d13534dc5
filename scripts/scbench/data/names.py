"""Names of cells, genes and files, cut to the part that sources have in common."""

import re
from collections.abc import Iterable

import numpy as np

from scbench.errors import UserError


def cut(names: Iterable[str], regex: str | None, option: str) -> np.ndarray:
    r"""Cut names to what a regular expression captures.

    Parameters
    ----------
    names
        The names.
    regex
        Searched in each name; what its groups capture, joined by ``_``, is the new name. None keeps names as they are.
    option
        Name of the option that `regex` comes from, for messages.

    Returns
    -------
    ndarray
        Object array; None where the expression does not match.

    Raises
    ------
    UserError
        If `regex` is no regular expression, or has no group.

    Examples
    --------
    >>> cut(["D28.1_7", "ERCC"], r"^(D\d+)[.-](\d)_(\d+)$", "cell_regex")
    array(['D28_1_7', None], dtype=object)
    """
    names = [str(name) for name in names]
    result = np.array(names, dtype=object)
    if regex is not None:
        try:
            search = re.compile(regex).search
        except (re.error, TypeError) as error:
            raise UserError(f"{option}: {regex!r} is no regular expression: {error}.") from error
        if not search.__self__.groups:
            raise UserError(f"{option}: {regex!r} has no group. The part to keep goes between ( and ).")
        found = map(search, names)
        result[:] = [match and "_".join(group or "" for group in match.groups()) for match in found]
    return result
