"""Shapes that a pattern can have in the unit square.

Each takes (spots, 2) positions and (4, genes) numbers from [0, 1) that place it, and gives (spots, genes) levels:
1 inside, 0 outside, and for a gradient anything between.
"""

import numpy as np


def _hotspot(positions: np.ndarray, place: np.ndarray) -> np.ndarray:
    return _distance(positions, 0.25 + 0.5 * place[:2]) < 0.15 + 0.15 * place[2]


def _annulus(positions: np.ndarray, place: np.ndarray) -> np.ndarray:
    distance = _distance(positions, 0.35 + 0.3 * place[:2])
    inner = 0.12 + 0.1 * place[2]
    return (distance >= inner) & (distance < inner + 0.08 + 0.07 * place[3])


def _streak(positions: np.ndarray, place: np.ndarray) -> np.ndarray:
    through = 0.3 + 0.4 * place[:2]
    along = _projection(positions, place[2]) - (through * _direction(place[2])).sum(axis=0)
    return np.abs(along) < 0.06 + 0.06 * place[3]


def _gradient(positions: np.ndarray, place: np.ndarray) -> np.ndarray:
    width = np.abs(_direction(place[2])).sum(axis=0)  # of the unit square in this direction
    return 0.5 + _projection(positions - 0.5, place[2]) / width


SHAPES = {"hotspot": _hotspot, "streak": _streak, "annulus": _annulus, "gradient": _gradient}


def _distance(positions: np.ndarray, centre: np.ndarray) -> np.ndarray:
    return np.hypot(positions[:, :1] - centre[0], positions[:, 1:] - centre[1])


def _direction(turn: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)])


def _projection(positions: np.ndarray, turn: np.ndarray) -> np.ndarray:
    return positions @ _direction(turn)
