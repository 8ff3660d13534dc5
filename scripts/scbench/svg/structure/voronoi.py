"""Voronoi cells of spots, cut off where the tissue ends, and the borders between cells."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import Voronoi, cKDTree

_DIRECTIONS = 12
_FAR, _NEAR = 1.6, 1.5  # in spacings: where stand-ins for empty neighbours are put, and how near a spot they may be


class Cells(NamedTuple):
    """Voronoi cells.

    Attributes
    ----------
    polygons
        Corners of the cell of each of `spots`, (corners, 2) each.
    spots
        Places of the spots that have a cell. Spots in the same place have the same one.
    pairs
        (borders, 2) spots on both sides of each border between two cells.
    borders
        (borders, 2 ends, 2) coordinates.
    """

    polygons: list[np.ndarray]
    spots: np.ndarray
    pairs: np.ndarray
    borders: np.ndarray


def cells(coords: np.ndarray, spacing: float) -> Cells:
    """Compute the Voronoi cells of spots.

    Cells at the rim of the tissue, and at its holes, would reach far out or be infinite. They end half way to stand-ins
    for the neighbours that are missing, put around each spot at 1.6 spacings wherever no spot is near.

    Parameters
    ----------
    coords
        (spots, 2) positions.
    spacing
        Usual distance of neighbours.

    Returns
    -------
    Cells
        Time O(spots log(spots)).
    """
    angles = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    ring = _FAR * spacing * np.column_stack([np.cos(angles), np.sin(angles)])
    around = (coords[:, None] + ring).reshape(-1, 2)
    empty = around[cKDTree(coords).query(around)[0] > _NEAR * spacing]
    n = len(coords)
    diagram = Voronoi(np.concatenate([coords, empty]))
    regions = [diagram.regions[place] if place >= 0 else [] for place in diagram.point_region[:n]]
    spots = np.array([spot for spot, region in enumerate(regions) if region and -1 not in region], dtype=int)
    polygons = [diagram.vertices[regions[spot]] for spot in spots]
    ends = np.array(diagram.ridge_vertices)
    inner = (diagram.ridge_points < n).all(axis=1) & (ends >= 0).all(axis=1)
    return Cells(polygons, spots, diagram.ridge_points[inner], diagram.vertices[ends[inner]])


def boundaries(found: Cells, segments: np.ndarray) -> np.ndarray:
    """(borders, 2 ends, 2) borders between cells of different segments."""
    return found.borders[segments[found.pairs[:, 0]] != segments[found.pairs[:, 1]]]
