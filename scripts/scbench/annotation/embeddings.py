"""Embeddings that saw no labels: their clusters, their maps, and what their neighbourhoods agree with."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.annotation.variable_genes import highly_variable

if TYPE_CHECKING:
    from scbench.annotation.scrobust.pretrained import Pretrained

MOST_CELLS = 5000
COLUMNS = ["embedding", "of", "score", "value"]
_COMPONENTS, _NEIGHBOURS = 50, 10
# Genes of a cell that the encoder reads (the authors' default), and those of the principal components in the paper.
_INPUT, _HVGS = 400, 2000


def sample(labels: np.ndarray, seed: int) -> np.ndarray:
    """Sorted indices of at most 5,000 cells, at random; each type keeps its share, to a cell."""
    n = min(len(labels), MOST_CELLS)
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_type = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return np.sort(by_type[np.linspace(0, len(labels), n, endpoint=False).astype(int)])


def embeddings(encoder: "Pretrained", X: sp.csr_matrix, features: Sequence[int], *, seed: int) -> dict[str, np.ndarray]:
    """Embed cells by each layer of an encoder, by principal components, and by an encoder that was never trained.

    Parameters
    ----------
    encoder
        Pre-trained on cells with these genes.
    X
        (cells, genes) log1p values; any modality whose values are not negative.
    features
        Numbers of input features; none for 400 of the encoder's and 2,000 of the principal components'.

    Returns
    -------
    dict
        (cells, dimensions) by name; of encoders their first 50 principal components. The untrained encoder, of which
        the last layer and the first number of features are taken, shows what is owed to the form of the encoder alone.

    Notes
    -----
    Time O(cells x features), memory O(cells x width).
    """
    from scbench.annotation.untrained import untrained

    found = {}
    sizes = [min(n, X.shape[1]) for n in features or [_INPUT]]
    for n in sizes:
        layers = encoder.embed(X, n_genes=n)
        for number, values in enumerate(layers, 1):
            layer = f", layer {number}" if len(layers) > 1 else ""
            found[f"scRobust{layer}, {n} genes"] = components(values, seed=seed)
    for n in features or [_HVGS]:
        found[f"PCA, {min(n, X.shape[1])} HVGs"] = components(X[:, highly_variable(X, n)], seed=seed)
    values = untrained(encoder, seed).embed(X, n_genes=sizes[0])[-1]
    found[f"Untrained, {sizes[0]} genes"] = components(values, seed=seed)
    return found


def components(values: np.ndarray | sp.csr_matrix, *, seed: int) -> np.ndarray:
    """First 50 principal components, (cells, at most 50) float64."""
    from sklearn.decomposition import PCA

    return PCA(min(_COMPONENTS, min(values.shape) - 1), svd_solver="arpack", random_state=seed).fit_transform(values)


def clusters(values: np.ndarray, *, seed: int) -> np.ndarray:
    """Leiden clusters of the graph of 10 neighbours, "0" the largest (as in the paper; resolution 1)."""
    import scanpy as sc
    from anndata import AnnData

    adata = AnnData(np.zeros((len(values), 0), dtype=np.float32), obsm={"X": values})
    sc.pp.neighbors(adata, n_neighbors=min(_NEIGHBOURS, len(values) - 1), use_rep="X", random_state=seed)
    sc.tl.leiden(adata, flavor="igraph", n_iterations=2, directed=False, random_state=seed)
    names = adata.obs["leiden"].astype(str)
    return names.map({name: str(place) for place, name in enumerate(names.value_counts().index)}).to_numpy(str)


def layout(values: np.ndarray, kind: str, *, seed: int) -> np.ndarray:
    """(cells, 2) coordinates of a map: ``tsne`` or ``umap``."""
    if kind == "tsne":
        from sklearn.manifold import TSNE

        return TSNE(perplexity=min(30, (len(values) - 1) / 3), init="pca", random_state=seed).fit_transform(values)
    from umap import UMAP

    return UMAP(n_neighbors=min(15, len(values) - 1), random_state=seed, n_jobs=1).fit_transform(values)


def agreement(values: np.ndarray, found: np.ndarray, groups: np.ndarray, types: np.ndarray) -> dict[str, float]:
    """How well an embedding agrees with a property of cells.

    Parameters
    ----------
    values
        (cells, dimensions).
    found
        (cells,) clusters.
    groups
        (cells,) names of groups, or numbers.
    types
        (cells,) cell types: neighbours may also be looked for among cells of the same type, to see whether a property
        of samples shows within types.

    Returns
    -------
    dict
        Of groups: ``ari`` and ``nmi`` with the clusters, ``silhouette``, and ``knn_purity``, the mean share of the 10
        nearest cells in the same group, with ``chance``, its value for random neighbours. Of numbers: ``knn_r2``, the
        share of their variance that the mean of the 10 nearest cells explains, below 0 if it is worse than the mean
        of all. Also ``..._within_types``.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score

    near = neighbours(values)
    inside = _within(values, types)
    if np.issubdtype(np.asarray(groups).dtype, np.number):
        return {"knn_r2": _explained(groups, near), "knn_r2_within_types": _explained(groups, inside)}
    codes, kinds = (np.unique(names, return_inverse=True)[1] for names in (groups, types))
    shares = np.bincount(codes) / len(codes)
    scores = {
        "ari": adjusted_rand_score(groups, found),
        "nmi": normalized_mutual_info_score(groups, found),
        "silhouette": silhouette_score(values, groups) if 1 < len(shares) < len(codes) else np.nan,
        "knn_purity": _purity(codes, near),
        "chance": float((shares**2).sum()),
    }
    if np.array_equal(groups, types):
        return scores
    of_types = np.bincount(kinds)
    pairs = np.zeros((len(of_types), len(shares)))
    np.add.at(pairs, (kinds, codes), 1)
    chance = float(((pairs**2).sum(axis=1) / of_types).sum() / len(codes))
    return scores | {"knn_purity_within_types": _purity(codes, inside), "chance_within_types": chance}


def neighbours(values: np.ndarray) -> np.ndarray:
    """(cells, at most 10) numbers of the nearest other cells; -1 where there are fewer."""
    from sklearn.neighbors import NearestNeighbors

    n = min(_NEIGHBOURS, len(values) - 1)
    near = np.full((len(values), _NEIGHBOURS), -1)
    if n:
        near[:, :n] = NearestNeighbors(n_neighbors=n).fit(values).kneighbors(return_distance=False)
    return near


def _within(values: np.ndarray, types: np.ndarray) -> np.ndarray:
    near = np.full((len(values), _NEIGHBOURS), -1)
    for name in np.unique(types):
        cells = np.flatnonzero(types == name)
        own = neighbours(values[cells])
        near[cells] = np.where(own < 0, -1, cells[own])
    return near


def _known(property_: np.ndarray) -> np.ndarray:
    """Which cells have a name or a number."""
    return property_ != "" if property_.dtype.kind in "OU" else np.isfinite(property_)


def _purity(codes: np.ndarray, near: np.ndarray) -> float:
    """Mean share of neighbours in the same group; cells without neighbours do not count."""
    known = near >= 0
    same = (codes[near] == codes[:, None]) & known
    some = known.any(axis=1)
    return float((same.sum(axis=1)[some] / known.sum(axis=1)[some]).mean()) if some.any() else np.nan


def _explained(numbers: np.ndarray, near: np.ndarray) -> float:
    known = near >= 0
    some = known.any(axis=1)
    predicted = (np.where(known, numbers[near], 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))[some]
    truth = np.asarray(numbers, dtype=float)[some]
    spread = ((truth - truth.mean()) ** 2).sum()
    return float(1 - ((truth - predicted) ** 2).sum() / spread) if spread else np.nan


def study(
    found: Mapping[str, np.ndarray], types: np.ndarray, covariate: np.ndarray | None, *, kind: str, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cluster, score and lay out embeddings.

    Parameters
    ----------
    found
        (cells, dimensions) by name.
    types
        (cells,) names.
    covariate
        (cells,) names or numbers, or None. Cells without one ("" or NaN) are left out of what agrees with it.
    kind
        ``tsne`` or ``umap``.

    Returns
    -------
    scores
        Columns `COLUMNS`; ``of`` is ``types`` or ``covariate``. See `agreement`.
    points
        Columns ``embedding, x, y, cluster, type`` and, if there is one, ``covariate``, a row per cell and embedding.
    """
    properties = {"types": types} | ({} if covariate is None else {"covariate": covariate})
    rows, maps = [], []
    for name, values in found.items():
        groups = clusters(values, seed=seed)
        for of, property_ in properties.items():
            known = _known(property_)
            scores = agreement(values[known], groups[known], property_[known], types[known])
            rows += [(name, of, score, value) for score, value in scores.items()]
        x, y = layout(values, kind, seed=seed).T
        table = {"embedding": name, "x": x, "y": y, "cluster": groups, "type": types}
        maps.append(pd.DataFrame(table | ({} if covariate is None else {"covariate": covariate})))
    return pd.DataFrame(rows, columns=COLUMNS), pd.concat(maps, ignore_index=True)
