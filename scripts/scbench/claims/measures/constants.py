"""Claims about constants of a protocol: what the variant that follows the paper has for them."""

from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry

_REDUCE = {"min": min, "max": max}


def constant(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Look up a constant.

    Options: ``at`` (see `look_up`); ``reduce`` (``min`` or ``max``) of several values.
    """
    at = question.option("at")
    value = look_up(at)
    if reduce := question.measure.get("reduce"):
        value = _REDUCE[reduce](value)
    module = at.partition(":")[0]
    return Measurement(
        {"constant": np.array([float(value)])},
        f"{at.partition(':')[2]} of {module}",
        exact=True,
        evidence=(f"scripts/{module.replace('.', '/')}.py",),
    )


def look_up(at: str) -> Any:
    """Value at ``module:name.attribute``, or the default of a parameter at ``module:function(parameter)``.

    Examples
    --------
    >>> look_up("scbench.markers.smash.settings:Settings.top_loadings")
    20
    """
    module, _, rest = at.partition(":")
    path, _, parameter = rest.rstrip(")").partition("(")
    value: Any = import_module(module)
    for name in path.split("."):
        value = getattr(value, name)
    return signature(value).parameters[parameter].default if parameter else value
