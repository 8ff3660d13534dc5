"""The first genes of a ranking, whether it has a list per class or one list for all."""

import numpy as np
import pandas as pd


def first_genes(ranking: pd.DataFrame, k: int, n_classes: int) -> pd.DataFrame:
    """Rows of the first `k` genes of each class, by class and rank.

    Parameters
    ----------
    ranking
        Columns ``class``, ``gene`` and ``rank``. A global list, whose class is "", has no genes of a class: its first
        ``k * n_classes`` genes are taken, as many as the lists of the classes have together. Of a two-step run, rows
        with another ``within`` than "" are left out.
    k
        Genes per class.
    n_classes
        Number of classes.

    Examples
    --------
    >>> table = pd.DataFrame({"class": ["b", "b", "a"], "gene": ["g1", "g2", "g1"], "rank": [2, 1, 1]})
    >>> first_genes(table, 1, 2)["gene"].tolist()
    ['g1', 'g2']
    >>> first_genes(pd.DataFrame({"class": "", "gene": ["g2", "g3", "g1"], "rank": [1, 2, 3]}), 1, 2)["gene"].tolist()
    ['g2', 'g3']
    """
    if "within" in ranking:
        ranking = ranking[ranking["within"].fillna("") == ""]
    limit = np.where(ranking["class"] == "", k * n_classes, k)
    return ranking[ranking["rank"] <= limit].sort_values(["class", "rank"], kind="stable", ignore_index=True)
