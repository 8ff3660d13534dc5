"""Errors that speak to the user: one line that names the offender, the value and what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Wrong input or configuration. The message is meant to be shown without a traceback."""


class InvalidOutputError(ValueError):
    """A method broke its contract: the status of its run becomes ``invalid_output``."""


class WrongEnvironmentError(Exception):
    """A method was about to run with other versions than its environment's: the status becomes ``failed``."""


class SkipRunError(Exception):
    """A method cannot be applied here, for a stated reason: the status becomes ``skipped``."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Suggest the nearest known word and list all of them.

    Examples
    --------
    >>> did_you_mean("morans", ["moran_i", "hvg"])
    "Did you mean 'moran_i'? Allowed: hvg, moran_i."
    """
    known = sorted(map(str, known))
    near = get_close_matches(str(word), known, n=1, cutoff=0.5)
    return (f"Did you mean {near[0]!r}? " if near else "") + f"Allowed: {', '.join(known)}."
