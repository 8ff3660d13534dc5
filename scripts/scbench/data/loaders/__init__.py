"""Readers of source files, one for each format: counts in ``layers["counts"]``, or other values where they are unknown.

Each takes a path and the options of a registry entry, and gives cells x genes.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from scbench.data.loaders.h5ad import h5ad
from scbench.data.loaders.hdf5 import hdf5
from scbench.data.loaders.loom import loom
from scbench.data.loaders.mat import mat
from scbench.data.loaders.table import table
from scbench.data.loaders.tenx import mtx, tenx_h5
from scbench.data.loaders.xlsx import molecules, xlsx

if TYPE_CHECKING:
    from anndata import AnnData

LOADERS: dict[str, Callable[..., "AnnData"]] = {
    loader.__name__: loader for loader in (h5ad, hdf5, loom, mat, molecules, mtx, table, tenx_h5, xlsx)
}
