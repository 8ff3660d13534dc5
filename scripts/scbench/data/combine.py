"""Make one dataset of several that are prepared."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from scbench.data.parts import parts

if TYPE_CHECKING:
    from anndata import AnnData


def combine(paths: Mapping[str, Path], *, column: str) -> "AnnData":
    """Put the cells of prepared datasets below one another, with the genes that all of them have.

    Parameters
    ----------
    paths
        Prepared file of each dataset.
    column
        Column of ``obs`` for the dataset that a cell is from. Of the other columns those that all have are kept.

    Returns
    -------
    AnnData
        Cells named ``DATASET_CELL``. If all datasets have counts, their counts; otherwise values in proportion to what
        each was normalised from. Either is normalised anew, as if no other genes had been measured.

    Raises
    ------
    UserError
        If no gene is in all of them.

    Notes
    -----
    Memory: the chosen matrices of all datasets, twice.
    """
    counts = all(map(_has_counts, paths.values()))
    load = partial(_load, counts=counts)
    return parts(
        lambda names: {name: paths[name] for name in names},
        load,
        members=list(paths),
        column=column,
        cell="{part}_{cell}",
        genes="inner",
    )


def _has_counts(path: Path) -> bool:
    with h5py.File(path) as file:
        return "counts" in file["layers"]


def _load(path: Path, *, counts: bool) -> "AnnData":
    from anndata import AnnData
    from anndata.io import read_elem

    with h5py.File(path) as file:
        obs, var, obsm = (read_elem(file[key]) for key in ("obs", "var", "obsm"))
        if counts:
            return AnnData(obs=obs, var=var, obsm=obsm, layers={"counts": read_elem(file["layers/counts"])})
        linear = read_elem(file["X"])
    np.expm1(linear.data, out=linear.data)
    return AnnData(obs=obs, var=var, obsm=obsm, layers={"linear": linear})
