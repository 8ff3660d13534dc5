"""scGCO as its text defines it."""

import numpy as np
import scipy.sparse as sp

from scbench.contract import SpatialTest
from scbench.errors import UserError, did_you_mean
from scbench.svg.graph import check_coords, delaunay
from scbench.svg.scgco.convex import minimise_steps
from scbench.svg.scgco.mixture import Mixture
from scbench.svg.scgco.reader import dense_blocks, normalise, varying_genes, without_stored_zeros
from scbench.svg.scgco.regions import Graph
from scbench.svg.scgco.results import Results
from scbench.svg.scgco.states import fit_sets
from scbench.svg.scgco.sweep import Step
from scbench.svg.scgco.text import PROBABILITIES, assess_states, search_until_worse
from scbench.svg.scgco.unary import distance_unary

_COMPONENTS = range(2, 11)
_FEWEST = 4


class SCGCOPaper(SpatialTest):
    """Test each gene as the text of scGCO says, where that differs from the released package.

    Log2 values of a gene, zeros included, are given a state each by the Gaussian mixture of 2 to 10 components with the
    lowest BIC. On the Delaunay triangulation, states k that cost |e - mu_k| at a spot and |i - j| F between neighbours
    (eqs 8 and 10) smooth them, here in the exact minimum; the text takes alpha-expansion, which only comes near it.
    Every connected segment is tested for its state (eq. 13), and the smooth factor F rises from 10 until the score (eq.
    12) falls.

    Parameters
    ----------
    tail
        Probability of a segment: ``"upper"``, of at least so many spots of its state, or ``"point"``, of exactly so
        many. The text has the latter, but it is no p-value: for a gene whose cut is a single segment it is about 1 /
        sqrt(2 pi C), for the C spots of the state, and so below 0.05 for any gene, as soon as C is above 64.
    unary_scale
        Factor of the costs of states. The text has none. Then F = 10 outweighs all differences of expression, and
        smooths every gene into one segment; 100 is what the package has.

    Attributes
    ----------
    table_
        ``statistic`` is the score of the best cut (eq. 12), ``score`` is -log10(p). Genes with the same count
        everywhere have p = 1.
    extras_
        As those of `scbench.svg.scgco.released.SCGCOReleased`; ``model`` is ``gmm``.

    Notes
    -----
    Time O(genes x (spots + edges) x states x factors tried). Memory: about 50 bytes for each stored count, a few blocks
    of 64 MB, and about 250 bytes for each spot and state while a gene is cut. The start of the mixtures is all that
    depends on the seed. Left open by the text, and so taken from the package: counts are divided by the total of their
    spot relative to the median, one is added before the logarithm.

    References
    ----------
    Zhang K., Feng W., Wang P. Identification of spatially variable genes with graph cuts. Nature Communications 13,
    5488 (2022), Methods.
    """

    def __init__(self, *, tail: str = "upper", unary_scale: float = 100.0) -> None:
        self.tail = tail
        self.unary_scale = unary_scale

    def warm_up(self) -> None:
        """Import what cuts need."""
        import maxflow  # noqa: F401

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "SCGCOPaper":
        """Test the genes from counts; see `scbench.contract.SpatialTest`.

        Raises
        ------
        UserError
            If a parameter is unknown, there are fewer than four spots, or they span no area.
        """
        if self.tail not in PROBABILITIES:
            hint = did_you_mean(self.tail, PROBABILITIES)
            raise UserError(f"The 'tail' parameter of SCGCOPaper is unknown. Got {self.tail!r} instead. {hint}")
        X, coords = without_stored_zeros(X), check_coords(coords, X.shape[0])
        if len(coords) < _FEWEST:
            raise UserError(f"scGCO needs at least {_FEWEST} spots. Got {len(coords)} instead.")
        upper = sp.triu(delaunay(coords)).tocoo()
        graph = Graph.of(len(coords), np.column_stack([upper.row, upper.col]))
        genes = np.flatnonzero(varying_genes(X))
        values = normalise(X)[:, genes]
        values.data = np.log2(1 + values.data)
        results = Results(np.ones(X.shape[1], dtype=bool))
        for names, block in dense_blocks(values):
            for gene, own, mixture in zip(genes[names], block, fit_all_values(block, seed), strict=True):
                results.add(gene, "gmm", len(mixture.means), self._test(own, mixture, graph))
        self.table_ = results.table()
        self.extras_ = results.extras(np.arange(len(coords)), len(coords))
        return self

    def _test(self, values: np.ndarray, mixture: Mixture, graph: Graph) -> Step:
        """Search for the best cut of a gene."""
        unary = self.unary_scale * distance_unary(values, mixture.means)
        observed = mixture.predict(values)

        def cut(factor: int) -> Step:
            labels = minimise_steps(unary, graph.edges, float(factor))
            return Step(factor, labels, assess_states(labels, observed, graph, tail=self.tail))

        return search_until_worse(cut, graph)


def fit_all_values(values: np.ndarray, seed: int) -> list[Mixture]:
    """Fit the mixture of 2 to 10 components with the lowest BIC to all values of each gene.

    Parameters
    ----------
    values
        (genes, spots); each gene has at least two different values, and no more components than those.
    seed
        Seed of the start.

    Returns
    -------
    list of Mixture
        One for each gene, its components ascending by mean.
    """
    sets, counts = zip(*(np.unique(gene, return_counts=True) for gene in values), strict=True)
    fits = [fit_sets(sets, counts, k, seed % 2**32) for k in _COMPONENTS]
    best = np.argmin([bic for _, bic in fits], axis=0)
    chosen = [fits[choice][0].of(i) for i, choice in enumerate(best)]
    return [Mixture(*(part[mixture.means.argsort()] for part in mixture)) for mixture in chosen]
