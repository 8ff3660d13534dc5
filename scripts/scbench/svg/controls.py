"""Controls of the svg track."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import SpatialTest


class RandomPvalues(SpatialTest):
    """Uniform p-values: a test that never looks at the data."""

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "RandomPvalues":
        """Draw p-values; see `scbench.contract.SpatialTest`."""
        p = np.random.default_rng(seed).random(X.shape[1])
        self.table_ = pd.DataFrame({"statistic": p, "pvalue": p, "score": -p})
        return self


class TrueGenes(SpatialTest):
    """The genes that were simulated with a pattern: the best that can be reached."""

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int, truth: np.ndarray) -> "TrueGenes":
        """Repeat the truth, (genes,) booleans."""
        score = np.asarray(truth, dtype=float)
        self.table_ = pd.DataFrame({"statistic": score, "pvalue": 1 - score, "score": score})
        return self
