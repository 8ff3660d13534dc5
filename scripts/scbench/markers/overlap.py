"""How far two methods choose the same genes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.markers.lists import first_genes


class _Choice(NamedTuple):
    """First genes of each method, as (methods, genes) zeros and ones: per class, and of all classes together."""

    per_class: list[sp.csr_matrix]
    pooled: sp.csr_matrix
    is_global: np.ndarray


def overlap(
    rankings: Mapping[tuple[str, int], pd.DataFrame],
    *,
    methods: Sequence[str],
    classes: Iterable[str],
    ks: Iterable[int] = (5, 30),
) -> pd.DataFrame:
    """Compare each pair of methods by the Jaccard index of their first k genes.

    Parameters
    ----------
    rankings
        For a method and a replicate its ranking (see `scbench.contract.MarkerSelector`). An empty table, which a failed
        run leaves, counts as missing.
    methods
        Methods to compare.
    classes
        All classes of the dataset.
    ks
        Genes per class.

    Returns
    -------
    pandas.DataFrame
        A row per k and pair: ``k, method_a, method_b, jaccard, compared, n_replicates``. The index is the mean over
        classes, then over the replicates that both methods have; a class for which neither has genes is left out, and
        one for which only one of them has is 0. NaN if there is no common replicate, or no class with genes.

    Notes
    -----
    A global list has no genes of a class: with it, the ``k * classes`` first genes are compared with all that the other
    method has for any class (or with its first ``k * classes``, if it has a global list, too), and ``compared`` is
    ``"panels"``, else ``"classes"``. Panels are larger, so more of them is common by chance alone: compare such an
    index with that of random genes.

    Time O(replicates x classes x methods^2 x k), memory O(methods x classes x k).
    """
    methods, classes = list(methods), list(classes)
    replicates = sorted({replicate for _, replicate in rankings})
    shape = (len(replicates), len(methods), len(methods))
    pairs = np.triu_indices(len(methods), 1)
    names = np.array(methods, dtype=object)
    tables = []
    for k in ks:
        values, panels, both = np.full(shape, np.nan), np.zeros(shape, bool), np.zeros(shape, bool)
        for place, replicate in enumerate(replicates):
            present = [m for m, method in enumerate(methods) if len(rankings.get((method, replicate), ()))]
            if present:
                found, where = [rankings[methods[m], replicate] for m in present], np.ix_(present, present)
                values[place][where], panels[place][where] = _similarity(_choices(found, k, classes))
                both[place][where] = True
        n = both[:, *pairs].sum(axis=0)
        columns = {
            "method_a": names[pairs[0]],
            "method_b": names[pairs[1]],
            "jaccard": _mean(values[:, *pairs]),
            "compared": np.where(panels[:, *pairs].any(axis=0), "panels", np.where(n > 0, "classes", "")),
            "n_replicates": n,
        }
        tables.append(pd.DataFrame({"k": k, **columns}))
    return pd.concat(tables, ignore_index=True)


def _choices(rankings: list[pd.DataFrame], k: int, classes: list[str]) -> _Choice:
    chosen = pd.concat(
        [first_genes(ranking, k, len(classes)).assign(method=place) for place, ranking in enumerate(rankings)]
    )
    gene, names = pd.factorize(chosen["gene"])
    method, name = chosen["method"].to_numpy(), chosen["class"].to_numpy()

    def incidence(rows: np.ndarray) -> sp.csr_matrix:
        shape = (len(rankings), len(names))
        found = sp.csr_matrix((np.ones(rows.sum()), (method[rows], gene[rows])), shape=shape)
        found.data[:] = 1  # a gene of several classes is one gene of the panel
        return found

    is_global = np.isin(np.arange(len(rankings)), method[name == ""])
    return _Choice([incidence(name == one) for one in classes], incidence(np.full(len(name), True)), is_global)


def _similarity(choice: _Choice) -> tuple[np.ndarray, np.ndarray]:
    """(methods, methods) Jaccard indices, and which of them are of whole panels."""
    panels = choice.is_global[:, None] | choice.is_global
    per_class = _mean(np.array([_jaccard(chosen) for chosen in choice.per_class]))
    return np.where(panels, _jaccard(choice.pooled), per_class), panels


def _jaccard(chosen: sp.csr_matrix) -> np.ndarray:
    """Jaccard index of each pair of rows; NaN where both are empty."""
    common = (chosen @ chosen.T).toarray()
    sizes = common.diagonal()
    union = sizes[:, None] + sizes - common
    return np.where(union > 0, common / np.where(union > 0, union, 1), np.nan)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is not NaN; NaN where all is."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
