"""The ten patterns of the scGCO paper (Fig. 2a), as sets of spots.

Each function takes (spots, 2) positions that span an area and tells which spots lie inside. Shifting the positions or
scaling them, both axes alike, changes nothing; nor does the order of the spots. A pattern that has a stated share of
the spots takes the nearest ones, ties going to the smaller x, then the smaller y. Time O(n log n), memory O(n).

Differences to the released code (`Simulations/simulation/simulation.py`):

- There every shape takes the lower end of the y axis from x, which displaces all of them unless the domain is a square
  in the corner of the axes. Here each axis has its own ends.
- Its centre is the spot nearest to the middle; here it is the middle, so that shapes are symmetric.
- Its Swiss roll is three pieces of rings at coordinates of one tissue section; here it is a spiral.
- Its three tissue patterns are layers of one section of the olfactory bulb. Here they are layers of our own around two
  lobes, as that section has, in its proportions: 73, 131 and 58 of 262 spots, and outside of them the 90 of the 352
  spots of the mesh that its extent holds.
"""

from collections.abc import Callable

import numpy as np

_DIGITS = 9  # positions that were shifted and scaled agree to so many digits of the extent
_MESH, _TISSUE, _CORE, _MIDDLE = 352, 262, 73, 131  # spots of the section's mesh, tissue and two of its layers
_LOBES = (0.27, 0.73)


def hotspot(positions: np.ndarray) -> np.ndarray:
    """Disc: the 30 % of the spots nearest to the middle."""
    return _nearest(_radius(positions), positions, 0, 0.3)


def streak(positions: np.ndarray) -> np.ndarray:
    """Upright band: the 20 % nearest to the middle line."""
    return _nearest(np.abs(_unit(positions)[:, 0] - 0.5), positions, 0, 0.2)


def streaks(positions: np.ndarray) -> np.ndarray:
    """Two upright bands: the 20 % nearest to the line at 0.3 of the width, and the 20 % nearest to that at 0.7."""
    x = _unit(positions)[:, 0]
    return _nearest(np.abs(x - 0.3), positions, 0, 0.2) | _nearest(np.abs(x - 0.7), positions, 0, 0.2)


def annulus(positions: np.ndarray) -> np.ndarray:
    """Ring: by distance from the middle, the spots from 10 to 40 %."""
    return _nearest(_radius(positions), positions, 0.1, 0.4)


def squares(positions: np.ndarray) -> np.ndarray:
    """Three boxes along the diagonal, each a fifth of the extent wide and high, with their borders."""
    unit = _unit(positions)
    return np.any([((unit >= low) & (unit <= low + 0.2)).all(axis=1) for low in (0.0, 0.4, 0.8)], axis=0)


def s_band(positions: np.ndarray) -> np.ndarray:
    """Band of height 0.3 along one period of a sine of amplitude 0.15."""
    x, y = _unit(positions).T
    return np.round(np.abs(y - 0.5 - 0.15 * np.sin(2 * np.pi * (x - 0.5))), _DIGITS) < 0.15


def swiss_roll(positions: np.ndarray) -> np.ndarray:
    """Spiral in the ellipse that fills the extent, as wide as the gaps between its turns."""
    x, y = (_unit(positions) - 0.5).T
    turns = np.round(4 * np.hypot(x, y) - np.arctan2(y, x) / (2 * np.pi), _DIGITS)
    return (np.hypot(x, y) <= 0.5) & (turns < 2) & (turns % 1 < 0.5)


def bulb_core(positions: np.ndarray) -> np.ndarray:
    """The cores of both lobes: the granule cells of an olfactory bulb."""
    return _layer(positions, 0, _CORE)


def bulb_middle(positions: np.ndarray) -> np.ndarray:
    """The layers around the cores: plexiform layer and glomeruli of an olfactory bulb."""
    return _layer(positions, _CORE, _CORE + _MIDDLE)


def bulb_rim(positions: np.ndarray) -> np.ndarray:
    """The outermost layers: the nerve fibres of an olfactory bulb."""
    return _layer(positions, _CORE + _MIDDLE, _TISSUE)


def bulb_outside(positions: np.ndarray) -> np.ndarray:
    """What the three layers leave of the extent; not one of the ten patterns."""
    return _layer(positions, _TISSUE, _MESH)


ALL: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "hotspot": hotspot,
    "streak": streak,
    "streaks": streaks,
    "annulus": annulus,
    "squares": squares,
    "s_band": s_band,
    "swiss_roll": swiss_roll,
    "bulb_core": bulb_core,
    "bulb_middle": bulb_middle,
    "bulb_rim": bulb_rim,
    "bulb_outside": bulb_outside,
}


def _unit(positions: np.ndarray) -> np.ndarray:
    """Scale each axis to [0, 1]."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    return np.round((positions - low) / (high - low), _DIGITS)


def _radius(positions: np.ndarray) -> np.ndarray:
    """Distance from the middle; a circle stays a circle."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    return np.linalg.norm((positions - (low + high) / 2) / (high - low).max(), axis=1)


def _layer(positions: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Take spots of the bulb from the core outwards, counted in spots of the section's mesh.

    The tissue is what lies nearest to two upright ellipses; its layers surround cores above their middles, so that the
    rim is thickest below.
    """
    x, y = _unit(positions).T
    across = np.min([np.abs(x - lobe) for lobe in _LOBES], axis=0)
    tissue = _nearest(np.hypot(2 * across, y - 0.5), positions, 0, _TISSUE / _MESH)
    return _nearest(np.hypot(2 * across, y - 0.6) + np.where(tissue, 0, 9), positions, start / _MESH, stop / _MESH)


def _nearest(distance: np.ndarray, positions: np.ndarray, start: float, stop: float) -> np.ndarray:
    """Take the spots from one share to another, by distance."""
    unit = _unit(positions)
    order = np.lexsort((unit[:, 1], unit[:, 0], np.round(distance, _DIGITS)))
    inside = np.zeros(len(positions), dtype=bool)
    inside[order[int(start * len(positions) + 1e-9) : int(stop * len(positions) + 1e-9)]] = True
    return inside
