"""Read h5ad files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.data.loaders.assembly import assemble, check_known, check_mapping, column, csr, reading
from scbench.data.options import with_options

if TYPE_CHECKING:
    from anndata import AnnData


@with_options
def h5ad(
    source: Path,
    *,
    matrix: str = "X",
    values: str = "counts",
    columns: Mapping[str, str] | None = None,
    spatial: str | None = None,
    total: str | None = None,
    genes: str | None = None,
    unique: bool = False,
) -> "AnnData":
    """Read an h5ad file.

    Parameters
    ----------
    source
        The file.
    matrix
        ``X``, ``raw`` or ``layers/NAME``.
    values, unique
        See `scbench.data.loaders.assembly.assemble`.
    total
        Name in ``obs`` of the original totals of the cells, for ``values: log1p_of_total``.
    columns
        Name in ``obs`` of the result and in ``obs`` of the file. By default the label is ``cell_type``, if there.
    spatial
        Key of the coordinates in ``obsm``. By default ``spatial``, if there.
    genes
        Column of ``var`` (or ``raw/var``) with the names of the genes; its index by default.

    Returns
    -------
    AnnData
        With the chosen matrix, columns and coordinates.

    Raises
    ------
    UserError
        If the file is not h5ad; a matrix, column or key does not exist; names of cells or genes are not unique; or
        the values are not of the stated scale.

    Notes
    -----
    Memory: the whole file, and a second copy of the matrix.
    """
    import anndata

    with reading(source, "h5ad"):
        adata = anndata.read_h5ad(source)
    columns = columns or ({"label": "cell_type"} if "cell_type" in adata.obs else {})
    check_mapping(source, columns)
    for key in columns.values():
        check_known(source, "column", key, adata.obs)
    X, var = _matrix(source, adata, matrix)
    if genes is not None:
        check_known(source, "column of the genes", genes, var)
    found = {name: column(adata.obs[key], name) for name, key in columns.items()}
    obs = pd.DataFrame(found, index=adata.obs_names)
    if total is not None and total not in obs:
        check_known(source, "column", total, adata.obs)
        obs[total] = adata.obs[total]
    if spatial is not None:
        check_known(source, "key of obsm", spatial, adata.obsm)
    coords = adata.obsm.get(spatial or "spatial")
    coords = coords if coords is None else np.asarray(coords, dtype=float)
    names = var.index if genes is None else pd.Index(var[genes])
    return assemble(source, X, obs, names, values, total=total, unique=unique, spatial=coords)


def _matrix(source: Path, adata: "AnnData", where: str) -> tuple[sp.csr_matrix, pd.DataFrame]:
    layers = {f"layers/{layer}": adata.layers[layer] for layer in adata.layers}
    found = {"X": adata.X, "raw": adata.raw and adata.raw.X} | layers
    found = {key: value for key, value in found.items() if value is not None}
    check_known(source, "matrix", where, found)
    return csr(source, found[where]), (adata.raw if where == "raw" else adata).var
