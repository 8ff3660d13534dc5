"""Read what Cell Ranger writes: a matrix in HDF5, or a folder with a sparse matrix and its names as text."""

import csv
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import scipy.sparse as sp

from scbench.data.loaders.assembly import assemble, check_known, csr, reading
from scbench.data.options import with_options
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

EXPRESSION = "Gene Expression"


@with_options
def mtx(source: Path, *, features: str = EXPRESSION) -> "AnnData":
    """Read ``matrix.mtx``, ``barcodes.tsv`` and ``genes.tsv`` or ``features.tsv``, each plain or with ``.gz``.

    Parameters
    ----------
    source
        The folder with the three files, at any depth below it.
    features
        Which type of features to keep, where they have types: ``Gene Expression``, ``Peaks``, ``Antibody Capture``.

    Returns
    -------
    AnnData
        Cells x genes with counts; names that genes share are told apart by ``-1``, ``-2``, ..., and their ids are in
        ``var["gene_ids"]``.

    Raises
    ------
    UserError
        If a file is missing or broken, names and matrix do not fit, or there is no feature of the type.

    Notes
    -----
    Memory: 40 bytes for each value while they are read, about 20 afterwards.
    """
    from scipy.io import mmread

    if not source.is_dir():
        raise UserError(f"{source} is not a folder. Expected one with matrix.mtx, barcodes.tsv and genes.tsv.")
    path = _find(source, "matrix.mtx")
    cells = _names(_find(path.parent, "barcodes.tsv"))[0]
    table = _names(_find(path.parent, "features.tsv", "genes.tsv"))  # id, name and, in later versions, type
    with reading(path, "a sparse matrix"):
        X = mmread(path)
    if X.shape != (len(table), len(cells)):
        found = f"{X.shape[0]} genes x {X.shape[1]} cells"
        raise UserError(f"{path} holds {found}, but there are names of {len(table)} genes and {len(cells)} cells.")
    types = table.get(2, EXPRESSION)
    genes = pd.DataFrame({"name": table[min(1, table.shape[1] - 1)], "id": table[0], "type": types})
    return _assembled(source, csr(path, X.T), cells, genes, features)


@with_options
def tenx_h5(source: Path, *, features: str = EXPRESSION) -> "AnnData":
    """Read the HDF5 file of Cell Ranger, of version 2 or of a later one.

    Parameters
    ----------
    source
        The file.
    features
        See `mtx`.

    Returns
    -------
    AnnData
        As from `mtx`.

    Raises
    ------
    UserError
        If the file is broken or another, or there is no feature of the type.

    Notes
    -----
    Memory: 8 bytes for each value of all types, and about 12 for each of the type.
    """
    import scanpy as sc

    with reading(source, "HDF5 of 10x Genomics"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*names are not unique")  # they are made so
        adata = sc.read_10x_h5(source, gex_only=False)
    types = adata.var["feature_types"].to_numpy() if "feature_types" in adata.var else EXPRESSION
    genes = pd.DataFrame({"name": adata.var_names, "id": adata.var["gene_ids"].to_numpy(), "type": types})
    return _assembled(source, csr(source, adata.X), adata.obs_names, genes, features)


def _find(folder: Path, *names: str) -> Path:
    """Find the one file with one of the names, plain or compressed, at any depth."""
    found = [path for name in names for path in sorted(folder.rglob(f"{name}*")) if path.name in {name, f"{name}.gz"}]
    if len(found) != 1:
        what = f"{len(found)} files, {found[0]} and {found[1]} among them, are" if found else "no file is"
        raise UserError(f"{folder}: {what} named {' or '.join(names)} (.gz). Expected one.")
    return found[0]


def _names(path: Path) -> pd.DataFrame:
    with reading(path, "names"):
        return pd.read_csv(path, sep="\t", header=None, dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE)


def _assembled(source: Path, X: sp.csr_matrix, cells: pd.Index, genes: pd.DataFrame, features: str) -> "AnnData":
    check_known(source, "type of features", features, genes["type"].unique())
    keep = (genes["type"] == features).to_numpy()
    genes, X = genes[keep], X if keep.all() else X[:, keep]
    var = pd.DataFrame({"gene_ids": genes["id"]})
    names = pd.Index(genes["name"])
    return assemble(source, X, pd.DataFrame(index=pd.Index(cells)), names, "counts", unique=True, var=var)
