"""scGCO: the authors' package, in its own environment."""

import contextlib
import functools
import io
import sys
import types

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import SpatialTest
from scbench.errors import SkipRunError, UserError
from scbench.svg.adapters import gene_table, totals, varying
from scbench.svg.graph import check_coords

_FEWEST_GENES = 2
_FEWEST_SPOTS = 4


class SCGCOUpstream(SpatialTest):
    """Test each gene with scGCO 1.1.2 itself; `scbench.svg.scgco.released` is the same in other words, and faster.

    The package's import of pygco, whose build downloads C++ sources, is answered with gco-wrapper, which ships the same
    sources (GCO 3): the same alpha-expansion over the same edges in the same order.

    Parameters
    ----------
    filters
        Whether to leave out genes and poor spots by the package's reader; genes that are left out have p = NaN. What it
        reads is text, so that the table is written and read again, in memory.
    smooth_factor
        Factor at which the search starts for genes of middling autocorrelation.

    Attributes
    ----------
    table_
        ``statistic`` and ``score`` are -log10(p), ``pvalue`` is the lowest of the gene's segments and ``qvalue`` the
        package's (Benjamini and Hochberg). Genes with the same count everywhere have p = 1.

    Notes
    -----
    The package works on dense tables: memory about 10 x 8 bytes x spots x genes, with the reader three times that.
    About 30 ms for a gene of 250 spots and 2 s for one of 10,000. One process does the work, where the package would
    start more. Deterministic: the authors fix the seed.

    References
    ----------
    Zhang K., Feng W., Wang P. Identification of spatially variable genes with graph cuts. Nature Communications 13,
    5488 (2022). Package scGCO 1.1.2, functions ``read_spatial_expression``, ``normalize_count_cellranger``,
    ``create_graph_with_weight``, ``multiGMM`` and ``identify_spatial_genes``.
    """

    def __init__(self, *, filters: bool = True, smooth_factor: int = 60) -> None:
        self.filters = filters
        self.smooth_factor = smooth_factor

    def warm_up(self) -> None:
        """Import the package."""
        _import()

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "SCGCOUpstream":
        """Test the genes of a (spots, genes) matrix of counts; see `scbench.contract.SpatialTest`.

        Raises
        ------
        UserError
            If fewer than four spots or two genes that vary are left: the package divides by their number.
        SkipRunError
            If the coordinates are not in the plane.
        """
        coords = check_coords(coords, X.shape[0])
        if coords.shape[1] != 2:
            raise SkipRunError(f"scGCO takes coordinates in 2 dimensions. Got {coords.shape[1]}")
        scgco = _import()
        varies = varying(X)
        locs, counts = _read(scgco, X, coords) if self.filters else _whole(X, coords)
        if len(locs) < _FEWEST_SPOTS:
            raise UserError(f"scGCO needs at least {_FEWEST_SPOTS} spots. Got {len(locs)} instead.")
        values = scgco.normalize_count_cellranger(counts)
        values = values.loc[:, (counts != counts.iloc[0]).any().to_numpy()]
        if values.shape[1] < _FEWEST_GENES:
            raise UserError(f"scGCO needs at least {_FEWEST_GENES} genes that vary. Got {values.shape[1]} instead.")
        graph = scgco.create_graph_with_weight(locs, values.iloc[:, 0])
        mixtures = scgco.multiGMM(values, ncores=1)
        found = scgco.identify_spatial_genes(locs, values, graph, mixtures, smooth_factor=self.smooth_factor, ncores=1)
        pvalues = found["p_value"].map(min).to_numpy(float)
        results = {"gene": found.index.astype(int), "statistic": -np.log10(pvalues), "pvalue": pvalues}
        self.table_ = gene_table(pd.DataFrame(results | {"qvalue": found["fdr"].to_numpy(float)}), varies)
        return self


def _whole(X: sp.csr_matrix, coords: np.ndarray) -> tuple[np.ndarray, pd.DataFrame]:
    """All spots that have counts, as the package's reader would give them without its filters."""
    filled = totals(X, axis=1) > 0
    return coords[filled].astype(float), pd.DataFrame(X[filled].toarray())


def _read(scgco: types.ModuleType, X: sp.csr_matrix, coords: np.ndarray) -> tuple[np.ndarray, pd.DataFrame]:
    """Have the package read and filter a table with names such as ``1.5x2.0`` for its spots."""
    names = [f"{x!r}x{y!r}" for x, y in coords.astype(float).tolist()]
    text = pd.DataFrame(X.toarray(), index=names).to_csv(sep="\t")
    with contextlib.redirect_stdout(sys.stderr):
        locs, counts, _ = scgco.read_spatial_expression(io.StringIO(text), sep="\t")
    return locs, counts.set_axis(counts.columns.astype(int), axis=1)


def _import() -> types.ModuleType:
    """Import the package, with a stand-in for pygco, and keep it in this process: a run's memory is that of one."""
    if "pygco" not in sys.modules:
        sys.modules["pygco"] = types.ModuleType("pygco")
        sys.modules["pygco"].cut_from_graph = _cut
        import parmap

        parmap.starmap = functools.partial(parmap.starmap, pm_parallel=False)
    import scGCO

    return scGCO


def _cut(edges: np.ndarray, unary: np.ndarray, pairwise: np.ndarray, sweeps: int) -> np.ndarray:
    """Label the ends of (n, 2) edges by alpha-expansion; an edge that comes twice counts twice."""
    from gco.pygco import GCO  # not of gco, which takes the stand-in for the pygco that it prefers

    graph = GCO()
    graph.create_general_graph(*unary.shape)
    try:
        first, second = np.sort(edges, axis=1).T  # pairs in falling order would be passed over
        graph.set_all_neighbors(first, second, np.ones(len(edges), np.int32))
        graph.set_data_cost(unary)
        graph.set_smooth_cost(pairwise.astype(np.int32))
        graph.expansion(int(sweeps))
        return graph.get_labels()
    finally:
        graph.destroy_graph()
