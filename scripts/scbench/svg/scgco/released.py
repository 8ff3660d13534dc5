"""scGCO as released (1.1.2)."""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from scbench.contract import SpatialTest
from scbench.errors import UserError
from scbench.svg.graph import check_coords
from scbench.svg.scgco.gene import Model, best_cut
from scbench.svg.scgco.pruned_graph import pruned_delaunay
from scbench.svg.scgco.reader import (
    apply_filters,
    dense_blocks,
    keep_all,
    normalise,
    varying_genes,
    without_stored_zeros,
)
from scbench.svg.scgco.regions import Graph
from scbench.svg.scgco.results import Results
from scbench.svg.scgco.states import fit_states
from scbench.svg.scgco.sweep import Step

_FEWEST = 4


class SCGCOReleased(SpatialTest):
    """Test each gene as scGCO 1.1.2 does, errors included.

    The spots are joined by a Delaunay triangulation without its long edges. A mixture of Gaussians, or Otsu's
    threshold, gives each spot a state; graph cuts smooth the states, at a smooth factor that is searched for. If the
    states fell completely at random, the most unlikely connected segment of one smoothed state would have the p-value
    of the gene, which is not corrected for the choice of that segment.

    Parameters
    ----------
    filters
        Whether to leave out genes and poor spots as scGCO's reader does; genes that are left out have p = NaN.
    smooth_factor
        Factor at which the search starts for genes of middling autocorrelation (Moran's I from 0.05 to 0.1).
    keep_tail_rows
        Whether the graph has the surplus edges that an error of the released code leaves in it.

    Attributes
    ----------
    table_
        ``statistic`` is the score of the best cut (eq. 12), ``score`` is -log10(p). Genes with the same count
        everywhere have p = 1.
    extras_
        ``segment_genes`` and ``segment_labels``: the 200 genes with the lowest p-values and the state of each spot in
        their cuts (-1 for spots left out). For each gene ``model`` (``gmm`` or ``otsu``), ``smooth_factor``,
        ``n_states``, ``n_hidden_labels``, ``n_segments`` and ``segment_size`` (spots of the segment of the p-value).

    Notes
    -----
    Time O(genes x (spots + edges) x factors tried), about 0.8 ms for a gene of 250 spots. Memory: about 50 bytes for
    each stored count, and a few blocks of 64 MB. Deterministic whatever the seed: the authors fix theirs.

    The mixture is fitted to the distinct values, so values that differ in their last bit count twice; which do depends
    on the logarithm of the numpy in use. Where spots have few counts in all, and many pairs of ratios meet, that alone
    moves p-values in their first digits. With the logarithms of numpy 1.26 every p-value is that of the original.

    As in the original, the graph depends a little on the order of the spots and on the unit of the coordinates (1e-6 is
    added to variances of lengths).

    Deviations: spots without any edge (of several in one place, all but one) are left out of Moran's I too, where the
    original takes the values of other spots instead; genes with the same count
    everywhere have p = 1, where it stops (no counts at all) or tests the totals of the spots.

    References
    ----------
    Zhang K., Feng W., Wang P. Identification of spatially variable genes with graph cuts. Nature Communications 13,
    5488 (2022), and the package scGCO 1.1.2.
    """

    def __init__(self, *, filters: bool = True, smooth_factor: int = 60, keep_tail_rows: bool = True) -> None:
        self.filters = filters
        self.smooth_factor = smooth_factor
        self.keep_tail_rows = keep_tail_rows

    def warm_up(self) -> None:
        """Import what fits and cuts need."""
        import maxflow  # noqa: F401
        import sklearn.cluster
        import sklearn.mixture  # noqa: F401

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "SCGCOReleased":
        """Test the genes from counts; see `scbench.contract.SpatialTest`.

        Raises
        ------
        UserError
            If fewer than four spots are left, they span no area, or the filters leave nothing.
        SkipRunError
            If the coordinates are not in the plane.
        """
        X, coords = without_stored_zeros(X), check_coords(coords, X.shape[0])
        kept = apply_filters(X, coords) if self.filters else keep_all(X)
        if len(kept.spots) < _FEWEST:
            raise UserError(f"scGCO needs at least {_FEWEST} spots. Got {len(kept.spots)} instead.")
        graph = Graph.of(len(kept.spots), pruned_delaunay(coords[kept.spots], keep_tail_rows=self.keep_tail_rows))
        counts = X[kept.sources][:, kept.genes]
        varies = varying_genes(counts)
        genes = np.flatnonzero(kept.genes)[varies]
        values = normalise(counts)[:, varies]
        values.data = np.log1p(values.data)
        results = Results(kept.genes)
        for gene, model, step in released_tests(values, graph, smooth_factor=self.smooth_factor):
            results.add(genes[gene], model.name, model.unary.shape[1], step)
        self.table_ = results.table()
        self.extras_ = results.extras(kept.spots, X.shape[0])
        return self


def released_tests(
    values: sp.csr_matrix, graph: Graph, *, smooth_factor: int = 60
) -> Iterator[tuple[int, Model, Step]]:
    """Test the genes that are not the same everywhere.

    Parameters
    ----------
    values
        (spots, genes) log-normalised values, not negative.
    graph
        Neighbouring spots.
    smooth_factor
        See `SCGCOReleased`.

    Yields
    ------
    int
        Gene.
    Model
        Its states.
    Step
        Its best cut.
    """
    for genes, block in dense_blocks(values):
        morans = moran_row_standardised(block, graph)
        for gene, own, mixture, moran in zip(genes, block, fit_states(block), morans, strict=True):
            yield int(gene), *best_cut(own, mixture, moran, graph, smooth_factor=smooth_factor)


def moran_row_standardised(values: np.ndarray, graph: Graph) -> np.ndarray:
    """Moran's I of (genes, spots) values that vary; the weights of each spot's neighbours sum to 1."""
    ends = (np.cumsum(graph.linked) - 1)[graph.edges]
    n = graph.linked.sum()
    W = sp.coo_array((np.ones(len(ends)), ends.T), shape=(n, n)).tocsr()
    W.data[:] = 1  # a repeated edge counts once
    W = W + W.T
    W = sp.diags_array(1 / W.sum(axis=1)) @ W
    z = values[:, graph.linked]
    z = z - z.mean(axis=1, keepdims=True)
    total = (z * z).sum(axis=1)
    cross = np.einsum("gs,gs->g", z, (W @ z.T).T)
    return np.divide(cross, total, out=np.full(len(z), np.nan), where=total > 0)
