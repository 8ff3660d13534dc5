"""Read loom files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scbench.data.loaders.assembly import check_mapping
from scbench.data.loaders.hdf5 import hdf5
from scbench.data.options import with_options

if TYPE_CHECKING:
    from anndata import AnnData


@with_options
def loom(
    source: Path,
    *,
    gene: str = "Gene",
    cell: str = "CellID",
    columns: Mapping[str, str] | None = None,
    spatial: Sequence[str] | None = None,
    gene_regex: str | None = None,
    values: str = "counts",
    unique: bool = False,
) -> "AnnData":
    """Read the main matrix of a loom file (HDF5 by the rules of loompy: genes x cells, attributes of either).

    Parameters
    ----------
    source
        The file.
    gene, cell
        Row attribute with the names of the genes; column attribute with those of the cells.
    columns
        Name in ``obs`` and column attribute, for instance ``{label: ClusterName}``.
    spatial
        Column attributes with the coordinates, such as ``[X, Y]``.
    gene_regex
        See `scbench.data.loaders.grid.Layout`.
    values, unique
        See `scbench.data.loaders.assembly.assemble`.

    Returns
    -------
    AnnData
        Cells x genes.

    Raises
    ------
    UserError
        As from `scbench.data.loaders.hdf5.hdf5`.

    Notes
    -----
    Memory: as `scbench.data.loaders.hdf5.hdf5`.
    """
    if columns is not None:
        check_mapping(source, columns)
    return hdf5(
        source,
        matrix="matrix",
        genes="rows",
        gene=f"row_attrs/{gene}",
        cell=f"col_attrs/{cell}",
        columns={name: f"col_attrs/{attribute}" for name, attribute in (columns or {}).items()},
        spatial=[f"col_attrs/{attribute}" for attribute in spatial or ()],
        gene_regex=gene_regex,
        values=values,
        unique=unique,
    )
