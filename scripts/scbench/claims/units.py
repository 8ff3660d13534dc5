"""Printed units of claims, and what they are in the base unit of a metric."""

from scbench.errors import UserError, did_you_mean

# Factor from the printed unit to the base: seconds, gigabytes (10^9 bytes), fractions. What is not scaled is 1.
SCALES = {
    "time": {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0},
    "memory": {"MB": 1e-3, "MiB": 2**20 / 1e9, "GB": 1.0, "GiB": 2**30 / 1e9, "TB": 1e3, "TiB": 2**40 / 1e9},
    "share": {"fraction": 1.0, "percent": 0.01},
    "other": {"": 1.0, "ratio": 1.0, "um": 1.0, "GHz": 1.0},
}
_FACTORS = {unit: factor for scale in SCALES.values() for unit, factor in scale.items()}


def check(metric: str, unit: str) -> None:
    """Refuse a unit that does not go with its metric: a wrong factor would make a wrong verdict.

    Raises
    ------
    UserError
        Naming what is allowed.

    Examples
    --------
    >>> check("wall_time_s", "hours")
    Traceback (most recent call last):
    scbench.errors.UserError: the unit 'hours' does not go with the metric 'wall_time_s'. Allowed: h, min, ms, s.
    """
    if metric.endswith(("_s", "_gb")):
        known = set(SCALES["time" if metric.endswith("_s") else "memory"])
    elif metric.startswith(("n_", "param_", "hardware_")) or metric.endswith("_count"):
        return  # a count may be of anything
    else:
        known = set(_FACTORS)
    if unit not in known:
        raise UserError(f"the unit {unit!r} does not go with the metric {metric!r}. {did_you_mean(unit, known - {''})}")


def scale(unit: str) -> str:
    """Scale that a printed unit is of.

    Examples
    --------
    >>> scale("h"), scale("percent"), scale("genes")
    ('time', 'share', 'other')
    """
    return next((name for name, scale in SCALES.items() if unit in scale), "other")


def factor(unit: str) -> float:
    """Base units in one printed unit.

    Examples
    --------
    >>> factor("h"), factor("percent"), factor("genes")
    (3600.0, 0.01, 1.0)
    """
    return _FACTORS.get(unit, 1.0)
