"""SOMDE: the authors' package, in the environment of SpatialDE."""

import math

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import SpatialTest
from scbench.errors import SkipRunError, UserError
from scbench.svg.adapters import gene_table, totals, varying
from scbench.svg.graph import check_coords
from scbench.svg.spatialde import COLUMNS, check_stabilised

_FEWEST_NODES = 25


class SOMDE(SpatialTest):
    """SpatialDE's test on the nodes of a self-organising map of the tissue.

    A square map of about n / k nodes is trained on the coordinates. A node's expression is the mean of the maximum and
    the mean of its spots; these go through SpatialDE's stabilisation, regression and test.

    Parameters
    ----------
    k
        Spots per node; fewer make a finer map. The package's default is 20.
    min_total
        Genes with fewer counts over all spots are not tested (p-value NaN).
    faithful
        Run also where the map has fewer than 25 nodes. There no p-value comes near 1, Storey's share of null genes is
        then estimated as 0, and every gene has q = 0: all are "called".

    Attributes
    ----------
    table_
        ``statistic`` and ``score`` are the log likelihood ratio, ``pvalue`` and ``qvalue`` (Storey) the package's.
        Genes with one value everywhere have p = 1.
    extras_
        ``nodes``, (nodes, 2) coordinates of the nodes that have spots, rounded to 4 digits by the package.

    Notes
    -----
    Memory about 3 x 8 bytes x spots x genes (the package works on dense tables), and 10 x 8 bytes x nodes^2; time
    O(spots x nodes + nodes^3 + genes x nodes^2). Training starts from a regular grid and is deterministic with one
    thread.

    References
    ----------
    Hao M., Hua K., Zhang X. SOMDE: a scalable method for identifying spatially variable genes with self-organizing map.
    Bioinformatics 37, 4392-4398 (2021). Package somde 0.1.8, class ``SomNode``, with somoclu 1.7.6.
    """

    def __init__(self, *, k: int = 20, min_total: int = 3, faithful: bool = False) -> None:
        self.k = k
        self.min_total = min_total
        self.faithful = faithful

    def warm_up(self) -> None:
        """Import the packages."""
        import somde  # noqa: F401

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "SOMDE":
        """Test the genes of a (spots, genes) matrix of counts; see `scbench.contract.SpatialTest`."""
        coords = check_coords(coords, X.shape[0])
        self._check(coords)
        from somde import SomNode

        varies = varying(X)
        genes = np.flatnonzero(varies & (totals(X, axis=0) >= self.min_total))
        if not len(genes):
            raise UserError(f"SOMDE needs a gene that varies and has {self.min_total} counts. Got none.")
        node = SomNode(coords.astype(np.float32), self.k)
        _, nodes = node.mtx(pd.DataFrame(X[:, genes].T.toarray(), index=genes))
        check_stabilised(node.norm())
        found, _ = node.run()
        self.table_ = gene_table(found.rename(columns=COLUMNS), varies)
        self.extras_ = {"nodes": nodes[["x", "y"]].to_numpy(float)}
        return self

    def _check(self, coords: np.ndarray) -> None:
        """Stop where the package would fail or give q-values that mean nothing."""
        if not (isinstance(self.k, int) and self.k >= 1):
            raise UserError(f"The 'k' parameter of SOMDE must be a whole number from 1. Got {self.k!r} instead.")
        if coords.shape[1] != 2:
            raise SkipRunError(f"SOMDE takes coordinates in 2 dimensions. Got {coords.shape[1]}")
        side = math.isqrt(len(coords) // self.k)
        if side**2 < _FEWEST_NODES and not self.faithful:
            raise SkipRunError(
                f"k = {self.k} makes {side**2} nodes of {len(coords)} spots. SOMDE needs {_FEWEST_NODES}: with fewer "
                "no p-value comes near 1, the share of null genes is estimated as 0, and all genes get q = 0"
            )
        import somoclu.train

        if not hasattr(somoclu.train, "wrap_train"):
            raise SkipRunError("somoclu was installed without its compiled part: no C++ compiler was found")
