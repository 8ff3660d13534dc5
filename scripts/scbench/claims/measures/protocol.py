"""Claims about steps of a protocol: what they do to a small example."""

import numpy as np
import scipy.sparse as sp

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry

# Number of 8 cells in which each gene is zero.
_ZEROS = np.array([3, 6, 0, 5, 1, 7, 2, 4])


def gene_order(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """How the order in which scRobust takes genes goes with their share of zero cells, as released."""
    from scbench.annotation.scrobust.order import gene_order as order
    from scbench.annotation.scrobust.settings import settings

    X = sp.csr_matrix((np.arange(len(_ZEROS))[:, None] >= _ZEROS).astype(float))
    taken = order(X, settings("faithful", {}).selection, seed=0)
    correlation = np.corrcoef(np.arange(len(taken)), _ZEROS[taken])[0, 1]  # both are ranks
    return Measurement(
        {"example": np.array([correlation])},
        "rank correlation of the share of zero cells with the place in the order",
        exact=True,
        evidence=("scripts/scbench/annotation/scrobust/order.py",),
    )
