"""What adapters of the authors' packages share: which genes they test, and the table of what they found."""

import numpy as np
import pandas as pd
import scipy.sparse as sp


def totals(X: sp.csr_matrix, axis: int) -> np.ndarray:
    """Sums of a sparse matrix over one of its axes."""
    return np.asarray(X.sum(axis=axis)).ravel()


def varying(X: sp.csr_matrix) -> np.ndarray:
    """Whether each column of a sparse matrix has more than one value."""
    return (X.max(axis=0) != X.min(axis=0)).toarray().ravel() if X.shape[0] else np.zeros(X.shape[1], bool)


def gene_table(found: pd.DataFrame, varies: np.ndarray) -> pd.DataFrame:
    """Make the table of a `scbench.contract.SpatialTest` of a package's findings.

    Parameters
    ----------
    found
        Columns ``gene`` (number of the column of the matrix), ``statistic`` (higher means more spatial), ``pvalue`` and
        ``qvalue``. Rows in any order; of several for one gene the first counts.
    varies
        Whether each gene varies.

    Returns
    -------
    pandas.DataFrame
        One row per gene. A gene that was not tested comes last, with p = 1 if it is constant and NaN otherwise.
    """
    found = found.drop_duplicates("gene").set_index("gene")
    untested = pd.DataFrame({"statistic": 0.0, "pvalue": np.where(varies, np.nan, 1.0)})
    table = untested.assign(qvalue=untested["pvalue"], score=found["statistic"].min() - 1)
    found = found.loc[varies[found.index], ["statistic", "pvalue", "qvalue"]]
    table.loc[found.index, found.columns] = found
    table.loc[found.index, "score"] = found["statistic"]
    return table
