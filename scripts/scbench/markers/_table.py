"""Tables of ranked genes from matrices of scores."""

import numpy as np
import pandas as pd


def rank_per_class(scores: np.ndarray, genes: np.ndarray, classes: np.ndarray, n_genes: int) -> pd.DataFrame:
    """Rank the genes of each class by their score.

    Parameters
    ----------
    scores
        (genes, classes); higher is better. Ties keep the order of the genes.
    genes, classes
        Names.
    n_genes
        Genes kept per class.

    Returns
    -------
    pandas.DataFrame
        Columns ``class, gene, rank, score``.
    """
    best = np.argsort(-scores, axis=0, kind="stable")[:n_genes]
    return pd.DataFrame(
        {
            "class": np.repeat(classes, len(best)),
            "gene": genes[best.T.ravel()],
            "rank": np.tile(np.arange(1, len(best) + 1), len(classes)),
            "score": np.take_along_axis(scores, best, axis=0).T.ravel(),
        }
    )
