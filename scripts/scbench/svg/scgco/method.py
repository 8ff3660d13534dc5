"""scGCO with exact cuts and calibrated p-values."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from multiprocessing import get_context

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import ndtr, ndtri, owens_t

from scbench.contract import SpatialTest
from scbench.errors import UserError
from scbench.svg.graph import check_coords, edge_list, space_filling_order
from scbench.svg.scgco import autocorrelation, splitting
from scbench.svg.scgco.autocorrelation import Autocorrelation
from scbench.svg.scgco.levels import smoothest_states
from scbench.svg.scgco.scores import winsorised

_BLOCK_BYTES = 32 * 2**20
_KEPT = 200  # genes whose segmentation is kept,
_KEPT_LABELS = 5e6  # but not more than so many spots times genes
_KEPT_BELOW = 0.05
_CORRELATION = 0.74  # of the evidence of segments with that of all neighbours, if there is no pattern
_LARGEST_Z = 37.0  # the smallest p-value, 5e-300
_OFTEN_ENOUGH = 32  # spots that differ from the most frequent value, so that a quarter of the spots has about eight


class SCGCO(SpatialTest):
    """Find spatially variable genes, and the segments of the tissue in which they are high, by graph cuts.

    As in scGCO, a hidden Markov random field on the Delaunay graph of the spots is cut into segments. What differs from
    the released code (`scbench.svg.scgco.released`):

    - *Values* are those of the gene, outliers drawn in to three standard deviations, and the cut weighs them as they
      are, without a mixture before it.
    - *Smooth factor*: the largest on a ladder that leaves two states, instead of a search behind a threshold on Moran's
      I.
    - *Two states* while testing: one exact cut.
    - *p-value*: segments are tested on spots they were not found on (`scbench.svg.scgco.splitting`), and that evidence
      is joined with Moran's test on the first spots. All tests have the exact mean, variance and skewness under
      permutation of the values over the spots, and are independent: the sum of their normal quantiles, weighted by the
      square root of the pairs of spots that they compare, is normal. The larger of this sum and of Moran's test on all
      spots counts, with the p-value of the larger of two normal variables that are correlated by 0.74 (found with
      permuted genes: .75 on 120 spots and on a lattice, .72 on 1,000, .70 on 4,000, .84 in space, where the test is
      conservative). The released code takes the smallest of the probabilities of segments on the data they were found
      in.
    - *Rare genes*, of which fewer than 32 spots differ from the most frequent value, have no more than Moran's test on
      all spots: on a quarter of them too little could happen for the approximation of the tail.
    - *Segmentation*: genes with the smallest p-values are cut once more on all spots, into 2 to 4 states by a mixture
      on a histogram, exactly (`scbench.svg.scgco.levels`).

    Parameters
    ----------
    threads
        Processes that share the genes.

    Attributes
    ----------
    table_
        ``statistic`` is Moran's I of the values without outliers, ``score`` the normal quantile of the p-value.
    extras_
        ``smooth_factor`` (genes,), NaN without cut; ``segment_genes`` and ``segment_labels`` (kept genes, spots): the
        states of the spots, from 0, in the 200 genes with the smallest p below .05 (fewer above 25,000 spots).

    Notes
    -----
    Time O(genes x spots x log(spots)) in practice; a maximum flow has no such bound in theory. Memory: the matrix once
    more as CSC, 1 kB for each spot, and a block of 32 MB for each process, with a few arrays of its size.

    The parts are drawn with `seed`; otherwise deterministic. The result does not depend on the order of spots or genes,
    nor on rotation or scale. Spots must be in three or fewer dimensions, six or more to a sample and not on one line;
    samples with fewer than 32 spots are not split, and then no gene has more than Moran's test.

    References
    ----------
    Zhang K., Feng W., Wang P. Identification of spatially variable genes with graph cuts. Nature Communications 13,
    5488 (2022).
    Greig D.M., Porteous B.T., Seheult A.H. Exact maximum a posteriori estimation for binary images. Journal of the
    Royal Statistical Society B 51, 271-279 (1989).
    Owen D.B. Tables for computing bivariate normal probabilities. Annals of Mathematical Statistics 27, 1075-1090
    (1956).
    Cox D.R. A note on data-splitting for the evaluation of significance levels. Biometrika 62, 441-444 (1975).

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sp
    >>> rng = np.random.default_rng(0)
    >>> coords = rng.random((400, 2))
    >>> left = (coords[:, 0] < 0.5) + rng.normal(size=400)
    >>> X = sp.csr_matrix(np.column_stack([left, np.ones(400), rng.random(400)]))
    >>> method = SCGCO().fit(X, coords, seed=0)
    >>> method.table_["pvalue"].round(1).tolist()[:2], method.extras_["segment_labels"].shape
    ([0.0, 1.0], (1, 400))
    """

    def __init__(self, *, threads: int = 1) -> None:
        self.threads = threads

    def warm_up(self) -> None:
        """Import PyMaxflow."""
        import maxflow  # noqa: F401

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int, samples: np.ndarray | None = None) -> "SCGCO":
        """Test the genes; see `scbench.contract.SpatialTest`."""
        coords = check_coords(coords, X.shape[0])
        tissue = _Tissue.of(X.tocsc(), coords, _numbered(samples, len(coords)), seed)
        found = _test_all(tissue, self.threads)
        # Genes without variation come last, and a score must be finite.
        score = np.where(found.varies, found.z, min(found.z.min(initial=0.0), 0.0) - 1)
        pvalue = np.where(found.varies, ndtr(-found.z), 1.0)
        self.table_ = pd.DataFrame({"statistic": found.moran, "pvalue": pvalue, "score": score})
        best = np.argsort(-score, kind="stable")[: min(_KEPT, int(_KEPT_LABELS / len(coords)))]
        kept = np.sort(best[pvalue[best] < _KEPT_BELOW])
        labels = tissue.segmentations(kept)
        self.extras_ = {"smooth_factor": found.smooth_factor, "segment_genes": kept, "segment_labels": labels}
        return self


@dataclass(frozen=True)
class _Found:
    """What a block of genes came to, each (genes,): does it vary, Moran's I, joined z-score, smooth factor."""

    varies: np.ndarray
    moran: np.ndarray
    z: np.ndarray
    smooth_factor: np.ndarray

    @classmethod
    def joined(cls, blocks: list["_Found"]) -> "_Found":
        return cls(*(np.concatenate([getattr(block, field.name) for block in blocks]) for field in fields(cls)))


@dataclass(frozen=True)
class _Tissue:
    """What all genes are tested with. Spots are in a space-filling order, for the sake of the processor's cache."""

    values: sp.csc_matrix
    order: np.ndarray
    samples: np.ndarray
    whole: Autocorrelation
    first: np.ndarray
    on_first: Autocorrelation | None
    steps: list[splitting.Step]

    @classmethod
    def of(cls, values: sp.csc_matrix, coords: np.ndarray, samples: np.ndarray, seed: int) -> "_Tissue":
        order = space_filling_order(coords)
        coords, samples = coords[order], samples[order]
        whole = Autocorrelation.of(coords, samples)
        if np.bincount(samples).min() < splitting.FEWEST:
            return cls(values, order, samples, whole, order[:0], None, [])
        first, *_ = parts = splitting.deal(coords, samples, seed)
        on_first = Autocorrelation.of(coords[first], samples[first])
        return cls(values, order, samples, whole, first, on_first, splitting.steps(coords, samples, whole.graph, parts))

    def blocks(self) -> list[slice]:
        """Genes in blocks of 32 MB."""
        width = max(1, _BLOCK_BYTES // (8 * len(self.order)))
        return [slice(start, start + width) for start in range(0, self.values.shape[1], width)]

    def test(self, genes: slice) -> _Found:
        """Test a block of genes."""
        scores = winsorised(self.dense(genes), self.samples)
        varies = np.ptp(scores, axis=0) > 0
        moran, pvalue = self.whole.test(scores)
        z, factor = _quantile(pvalue), np.full(len(pvalue), np.nan)
        often = np.flatnonzero(_differing(scores) >= _OFTEN_ENOUGH) if self.steps else []
        if len(often):
            scores = scores[:, often]
            # Neighbours within the first part are share^2 of all pairs of neighbours.
            evidence = [_quantile(self.on_first.test(scores[self.first])[1])]
            weights = [splitting.SHARES[0] ** 2, *(step.weight for step in self.steps)]
            for step in self.steps:
                pvalue, factor[often] = splitting.held_out_test(scores, step)
                evidence.append(_quantile(pvalue))
            z[often] = _larger(z[often], np.sqrt(np.divide(weights, sum(weights))) @ evidence)
        return _Found(varies, moran, z, factor)

    def dense(self, genes: slice | np.ndarray) -> np.ndarray:
        """(spots, genes) values, in the order of the tissue."""
        return self.values[:, genes].toarray()[self.order].astype(float)

    def segmentations(self, genes: np.ndarray) -> np.ndarray:
        """(genes, spots) states, in the order of the matrix."""
        edges = edge_list(self.whole.graph)
        states = np.empty((len(genes), len(self.order)), dtype=np.int8)
        for row, gene in enumerate(genes):
            states[row, self.order] = smoothest_states(self.dense([gene])[:, 0], edges)
        return states


def _test_all(tissue: _Tissue, processes: int) -> _Found:
    """Test all genes; the blocks are shared out to processes, since a maximum flow holds Python's lock."""
    global _shared
    blocks = tissue.blocks()
    if processes == 1 or len(blocks) == 1:
        return _Found.joined([tissue.test(genes) for genes in blocks])
    _shared = tissue  # forked processes find it in their memory instead of being sent a copy
    try:
        with ProcessPoolExecutor(processes, get_context("fork")) as pool:
            return _Found.joined(list(pool.map(_test_shared, blocks)))
    finally:
        _shared = None


_shared: _Tissue | None = None


def _test_shared(genes: slice) -> _Found:
    return _shared.test(genes)


def _quantile(pvalue: np.ndarray) -> np.ndarray:
    """Normal quantile of an upper tail probability."""
    return np.clip(-ndtri(pvalue), -_LARGEST_Z, _LARGEST_Z)


def _larger(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Normal quantile for the larger of two correlated normal variables.

    P(max > z) = P(Z > z) + 2 T(z, c) with Owen's function T (Owen 1956, eq. 2.1) and c**2 = (1 - r) / (1 + r).
    """
    z = np.maximum(a, b)
    tilt = np.sqrt((1 - _CORRELATION) / (1 + _CORRELATION))
    return _quantile(ndtr(-z) + 2 * owens_t(z, tilt))


def _differing(scores: np.ndarray) -> np.ndarray:
    """Spots of each gene that do not have its most frequent value."""
    ordered = np.sort(scores, axis=0)
    n = len(scores)
    # The longest run of equal values: how far the first and the last of each run are apart.
    starts = np.vstack([np.ones((1, scores.shape[1]), bool), ordered[1:] != ordered[:-1]])
    first = np.maximum.accumulate(np.where(starts, np.arange(n)[:, None], 0), axis=0)
    return n - 1 - (np.arange(n)[:, None] - first).max(axis=0)


def _numbered(samples: np.ndarray | None, n: int) -> np.ndarray:
    """Number the samples from 0, and see that each is large enough."""
    if samples is None:
        names, numbers = np.array(["of all spots"]), np.zeros(n, dtype=np.intp)
    else:
        names, numbers = np.unique(np.asarray(samples, dtype=str), return_inverse=True)
    size = np.bincount(numbers, minlength=1)
    if size.min() < autocorrelation.FEWEST:
        which = "" if samples is None else f" in each sample; {str(names[size.argmin()])!r} is too small"
        raise UserError(f"scGCO needs at least {autocorrelation.FEWEST} spots{which}. Got {size.min()} instead.")
    return numbers
