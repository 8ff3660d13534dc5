"""SpatialDE: the authors' package, in its own environment."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import SpatialTest
from scbench.errors import UserError
from scbench.svg.adapters import gene_table, totals, varying
from scbench.svg.graph import check_coords

# Spots with no more counts are left out, as in the authors' analysis of the bulb (of the tumour: 5, where no spot lies
# between). The log of the total is regressed out, so that one spot of 7 counts makes hundreds of genes of the bulb.
_POOR_SPOT = 10
_PSEUDO_GENE = -1

COLUMNS = {"g": "gene", "LLR": "statistic", "pval": "pvalue", "qval": "qvalue"}


class SpatialDE(SpatialTest):
    """Test each gene for a Gaussian process over space against noise without place.

    Counts are stabilised for one common overdispersion (NaiveDE) and the log total of the spot is regressed out. Then a
    squared-exponential covariance is fitted for each of 10 length scales, and the best is compared with a constant by a
    likelihood ratio.

    Parameters
    ----------
    min_total
        Genes with fewer counts over all spots are not tested (p-value NaN).
    faithful
        Append the log total of the spots as a pseudo-gene, as the authors' analyses do. It has no row in the table but
        takes part in the q-values.

    Attributes
    ----------
    table_
        ``statistic`` and ``score`` are the log likelihood ratio, ``pvalue`` and ``qvalue`` (Storey) the package's.
        Genes with one value everywhere have p = 1.

    Notes
    -----
    The package works on dense tables, so memory is about 6 x 8 bytes x spots x genes, and 10 x 8 bytes x spots^2 for
    the eigenvectors of the covariances; time is O(spots^3 + genes x spots^2). Deterministic. Its p-values stop at
    1e-16; its q-values are 0 for all genes where no p-value is above 0.89, and those of Benjamini and Hochberg below
    100 genes.

    References
    ----------
    Svensson V., Teichmann S.A., Stegle O. SpatialDE: identification of spatially variable genes. Nature Methods 15,
    343-346 (2018). Package SpatialDE 1.1.3, functions ``run`` and, of NaiveDE 1.2.0, ``stabilize`` and ``regress_out``.
    """

    def __init__(self, *, min_total: int = 3, faithful: bool = False) -> None:
        self.min_total = min_total
        self.faithful = faithful

    def warm_up(self) -> None:
        """Import the packages."""
        import NaiveDE  # noqa: F401
        import SpatialDE  # noqa: F401

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "SpatialDE":
        """Test the genes of a (spots, genes) matrix of counts; see `scbench.contract.SpatialTest`."""
        import NaiveDE
        from SpatialDE import run

        coords = check_coords(coords, X.shape[0])
        counted = totals(X, axis=0) >= self.min_total
        total = totals(X[:, counted], axis=1)
        rich = total > _POOR_SPOT
        X, coords, spots = X[rich], coords[rich], pd.DataFrame({"total": total[rich]})
        varies = varying(X)
        genes = np.flatnonzero(counted & varies)
        if not len(genes):
            raise UserError(f"SpatialDE needs a gene that varies and has {self.min_total} counts. Got none.")
        stabilised = NaiveDE.stabilize(pd.DataFrame(X[:, genes].T.toarray(), index=genes))
        check_stabilised(stabilised)
        residuals = NaiveDE.regress_out(spots, stabilised, "np.log(total)").T
        if self.faithful:
            residuals[_PSEUDO_GENE] = np.log(spots["total"])
        found = run(coords, residuals).rename(columns=COLUMNS)
        self.table_ = gene_table(found[found["gene"] != _PSEUDO_GENE], varies)
        return self


def check_stabilised(values: pd.DataFrame) -> None:
    """Stop where counts could not be stabilised.

    Raises
    ------
    UserError
        If values are not finite: the overdispersion that was fitted to mean and variance of all genes is not positive.
    """
    if not np.isfinite(values.to_numpy()).all():
        raise UserError(
            "The counts are not overdispersed: no variance above that of a Poisson distribution is left to stabilise."
        )
