"""Types told by gene sets alone: how close the vectors of cells are to the vectors of the sets (scRobust, Fig. 4a)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.annotation.gene_sets import Found, GeneSet
from scbench.errors import UserError, did_you_mean
from scbench.metrics.classification import accuracy, class_accuracy, class_f1, confusion_matrix, macro_f1

CLOSENESS = ("as_coded", "symmetric", "cosine")
EXPRESSION = "expression"
COMMONEST = "commonest"
COLUMNS = ["encoder", "closeness", "sets", "draw", "class", "metric", "value", "n_cells"]


class PathwayEncoder(Protocol):
    """What is asked of a pre-trained encoder (`scbench.annotation.scrobust.pretrained.Pretrained`)."""

    def pathway(self, members: Sequence[int]) -> np.ndarray:
        """(width,) vector of a set, all of whose genes have the value 1."""

    def pathway_cells(self, X: sp.csr_matrix, members: Sequence[int]) -> np.ndarray:
        """(cells, width) vectors of the set with the values of each cell."""


def candidates(labels: np.ndarray, types: Mapping[str, str], sets: Mapping[str, GeneSet]) -> dict[str, str]:
    """Choose the types to tell apart, and the set of each.

    Parameters
    ----------
    labels
        (cells,) types.
    types
        Name of the set of each type; if empty, the sets that have the name of a type.

    Raises
    ------
    UserError
        If one of `types` is not among the labels, or there are fewer than two types.
    """
    known = np.unique(labels)
    for kind in types:
        if kind not in known:
            raise UserError(f"{kind!r} is not a type of the dataset. {did_you_mean(kind, known)}")
    wanted = dict(types) or {kind: kind for kind in known if kind in sets}
    if len(wanted) < 2:
        raise UserError(
            f"At least two types must have a gene set. Got {', '.join(wanted) or 'none'} instead; name the set of each "
            f"type ('types'). Types of the dataset: {', '.join(known)}."
        )
    return wanted


def closeness(cells: np.ndarray, pathway: np.ndarray, kind: str) -> np.ndarray:
    """How close cells are to a pathway.

    Parameters
    ----------
    cells
        (cells, width) pathway-informed vectors c.
    pathway
        (width,) vector p.
    kind
        ``as_coded``: |c| cos / |p| = c.p / p.p, as the released code has it, though the text speaks of both
        magnitudes; ``symmetric``: |c| |p| cos = c.p; ``cosine``: cos alone.

    Returns
    -------
    numpy.ndarray
        (cells,) closeness. A vector of zeros is not close to anything: 0.

    References
    ----------
    Park S., Lee H. Robust self-supervised learning strategy to tackle the inherent sparsity in single-cell RNA-seq
    data. Briefings in Bioinformatics 25, bbae586 (2024), eq. 20.

    Examples
    --------
    >>> cells, pathway = np.array([[3.0, 4.0], [4.0, 0.0]]), np.array([2.0, 0.0])
    >>> [closeness(cells, pathway, kind).tolist() for kind in CLOSENESS]
    [[1.5, 2.0], [6.0, 8.0], [0.6, 1.0]]
    """
    product = cells @ pathway
    match kind:
        case "symmetric":
            return product
        case "as_coded":
            norm = np.full(len(cells), pathway @ pathway)
        case "cosine":
            norm = np.linalg.norm(cells, axis=1) * np.linalg.norm(pathway)
        case _:
            raise ValueError(f"The 'kind' must be one of {', '.join(CLOSENESS)}. Got {kind!r} instead.")
    return np.divide(product, norm, out=np.zeros_like(product), where=norm > 0)


def mean_z(X: sp.spmatrix, members: Sequence[np.ndarray]) -> np.ndarray:
    """Mean over the genes of each set of their z-scores over cells: the simple rival.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    members
        Indices of the genes of each set.

    Returns
    -------
    numpy.ndarray
        (cells, sets); a gene that is the same in all cells counts as 0.

    Notes
    -----
    Nothing is densified: time and memory O(stored values of the sets' genes + cells x sets).

    Examples
    --------
    >>> mean_z(sp.csr_matrix([[2.0, 0.0, 1.0], [0.0, 4.0, 1.0]]), [np.array([0, 1]), np.array([0, 2])]).tolist()
    [[0.0, 0.5], [0.0, -0.5]]
    """
    columns, scores = X.tocsc(), np.empty((X.shape[0], len(members)))
    for place, genes in enumerate(members):
        part = columns[:, genes].astype(float)
        mean = np.asarray(part.mean(axis=0)).ravel()
        variance = np.asarray(part.multiply(part).mean(axis=0)).ravel() - mean**2
        varies = variance > 1e-12 * np.maximum(mean**2, 1e-12)
        weight = varies / np.sqrt(np.where(varies, variance, 1)) / len(genes)
        scores[:, place] = part @ weight - mean @ weight
    return scores


def score_cells(encoder: PathwayEncoder, X: sp.csr_matrix, members: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Closeness of cells to each set, in all ways.

    Returns
    -------
    dict
        For each of `CLOSENESS` the (cells, sets) scores.

    Notes
    -----
    Memory: (cells, width) vectors of one set at a time.
    """
    scores = {kind: np.empty((X.shape[0], len(members))) for kind in CLOSENESS}
    for place, genes in enumerate(members):
        pathway, cells = encoder.pathway(genes).astype(float), encoder.pathway_cells(X, genes).astype(float)
        for kind, found in scores.items():
            found[:, place] = closeness(cells, pathway, kind)
    return scores


def study(
    encoders: Mapping[str, PathwayEncoder],
    X: sp.csr_matrix,
    labels: np.ndarray,
    found: Mapping[str, Found],
    *,
    seed: int,
    draws: int = 20,
) -> pd.DataFrame:
    """Annotate the cells of the candidate types by the closest set, and see how often that is right.

    No label is used but to leave out cells of other types, as the paper does, and to count. Beside the given sets stand
    random ones: as many genes for each type, drawn from all genes of the data. What those reach is chance, for they too
    are unequal in size and unequally close to all cells.

    Parameters
    ----------
    encoders
        By name. Random sets are drawn for the first. An untrained one beside it shows what pre-training adds: the
        genes that cell and set share bring their vectors together whatever the weights.
    X
        (cells, genes) log1p values.
    labels
        (cells,) types.
    found
        For each candidate type its set (`scbench.annotation.gene_sets.locate`).
    seed, draws
        Of the random sets.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. Rows with a ``closeness`` (`CLOSENESS`; without ``encoder`` `EXPRESSION`, of `mean_z`, and
        `COMMONEST`, which gives every cell the commonest type) have a score: ``accuracy`` and ``macro_f1`` over all
        cells (``class`` ""), and ``accuracy`` (recall) and ``f1`` of each type. ``sets`` is ``given``, or ``random``
        with its ``draw`` from 1. Rows with closeness "" say how many genes a type's set has (``genes``), and the data
        of them (``genes_found``).
    """
    types = np.array(list(found), dtype=object)
    asked = np.flatnonzero(np.isin(labels, types))
    truth, part, by_gene = labels[asked], X[asked], X.tocsc()
    given = [each.members for each in found.values()]
    rng = np.random.default_rng(seed)
    random = ([rng.choice(X.shape[1], len(genes), replace=False) for genes in given] for _ in range(draws))
    values, counts = np.unique(truth, return_counts=True)
    rows = list(_coverage(found, truth))
    rows += _judge(np.full(len(truth), values[counts.argmax()]), truth, types, ("", COMMONEST), 0)
    for draw, members in enumerate([given, *random]):
        scores = {("", EXPRESSION): mean_z(by_gene, members)[asked]}
        for name, encoder in list(encoders.items())[: 1 if draw else None]:
            scores |= {(name, kind): close for kind, close in score_cells(encoder, part, members).items()}
        for case, close in scores.items():
            rows += _judge(types[close.argmax(axis=1)], truth, types, case, draw)
    return pd.DataFrame(rows, columns=COLUMNS)


def place_points(
    embedding: np.ndarray, labels: np.ndarray, vectors: Mapping[str, np.ndarray], *, seed: int, most: int = 4000
) -> pd.DataFrame:
    """Lay cells and pathways out in one t-SNE, after principal components.

    Parameters
    ----------
    embedding
        (cells, width) embeddings that saw no labels.
    labels
        (cells,) types.
    vectors
        For each type the (width,) vector of its set.
    most
        Cells to show; of more, a random part.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (``cell`` or ``set``), ``class``, ``x`` and ``y``.

    Notes
    -----
    Time O(cells log cells), about 20 CPU seconds for 4000.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    seed %= 2**31  # scikit-learn's C code takes no more
    cells = np.sort(np.random.default_rng(seed).permutation(len(embedding))[:most])
    points = np.vstack([embedding[cells], *vectors.values()])
    components = PCA(min(50, *points.shape), random_state=seed).fit_transform(points)
    perplexity = min(30.0, (len(points) - 1) / 3)
    x, y = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(components).T
    kind = np.repeat(["cell", "set"], [len(cells), len(vectors)])
    return pd.DataFrame({"kind": kind, "class": [*labels[cells], *vectors], "x": x, "y": y})


def _coverage(found: Mapping[str, Found], truth: np.ndarray) -> Iterator[tuple]:
    for name, each in found.items():
        n_cells = int((truth == name).sum())
        for metric, value in (("genes", each.size), ("genes_found", len(each.members))):
            yield "", "", "given", 0, name, metric, float(value), n_cells


def _judge(
    predicted: np.ndarray, truth: np.ndarray, types: np.ndarray, case: tuple[str, str], draw: int
) -> Iterator[tuple]:
    """Rows of one encoder and closeness (`case`)."""
    confusion, sets = confusion_matrix(truth, predicted, types), "random" if draw else "given"
    for metric, measure in (("accuracy", accuracy), ("macro_f1", macro_f1)):
        yield *case, sets, draw, "", metric, measure(confusion), len(truth)
    for metric, measure in (("accuracy", class_accuracy), ("f1", class_f1)):
        for name, value, n_cells in zip(types, measure(confusion), confusion.sum(axis=1), strict=True):
            yield *case, sets, draw, name, metric, float(value), int(n_cells)
