"""Keyword arguments that come from the registry: a wrong one gives a clear line instead of a traceback."""

import inspect
from collections.abc import Callable
from functools import wraps
from numbers import Integral, Real
from typing import Any

from scbench.errors import UserError, did_you_mean


def with_options(function: Callable) -> Callable:
    """Wrap `function` so that unknown and missing keyword-only arguments raise `UserError`."""
    parameters = inspect.signature(function).parameters.values()
    keywords = {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}

    @wraps(function)
    def checked(*args: Any, **options: Any) -> Any:
        for option in options:
            if option not in keywords:
                raise UserError(f"{function.__name__}: unknown option {option!r}. {did_you_mean(option, keywords)}")
        for option, parameter in keywords.items():
            if parameter.default is parameter.empty and option not in options:
                raise UserError(f"{function.__name__}: the option {option!r} is missing.")
        return function(*args, **options)

    return checked


def check_number(name: str, value: Any, low: float, high: float = float("inf"), *, integer: bool = False) -> None:
    """Raise `UserError` unless `value` is a number (an integer, if so asked) with ``low <= value <= high``."""
    kind = Integral if integer else Real
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        what = "an integer" if integer else "a number"
        limit = f">= {low:g}" if high == float("inf") else f"from {low:g} to {high:g}"
        raise UserError(f"The {name!r} parameter must be {what} {limit}. Got {value!r} instead.")
