"""Marker genes from the attention of the summary token, and how well they tell the types (scRobust, Fig. 5)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.io import Prepared
from scbench.markers._table import rank_per_class
from scbench.markers.controls import RandomGenes
from scbench.markers.judge import Judge
from scbench.markers.lists import first_genes
from scbench.markers.panels import first
from scbench.markers.profiles import class_means
from scbench.markers.wilcoxon import Wilcoxon
from scbench.metrics.classification import confusion_matrix, macro_f1, misclassification
from scbench.splits import Split

SCORES = ("mean", "difference", "ratio")
WILCOXON = "wilcoxon"
RANDOM = "random"
COLUMNS = ["scenario", "encoder", "markers", "classifier", "fold", "metric", "value", "n_genes"]


def type_scores(means: np.ndarray, kind: str) -> np.ndarray:
    """Score genes for each type by the attention that they get.

    Parameters
    ----------
    means
        (types, genes) mean attention over the cells of each type; see `scbench.markers.profiles.class_means`.
    kind
        ``mean``: the attention in the type, which is how the text can be read. A gene that all cells look at may stand
        in the lists of all types.
        ``difference``: less the mean over the other types. ``ratio``: over that mean, both with the mean of all
        entries added, so that a gene that a single cell looks at does not lead. The last two are ours.

    Returns
    -------
    numpy.ndarray
        (types, genes), higher is better. With one type the three agree in their order.

    Examples
    --------
    >>> means = np.array([[0.6, 0.3, 0.1], [0.6, 0.0, 0.0]])
    >>> [type_scores(means, kind)[0].argmax().item() for kind in SCORES]
    [0, 1, 1]
    """
    others = (means.sum(axis=0) - means) / max(len(means) - 1, 1)
    match kind:
        case "mean":
            return means
        case "difference":
            return means - others
        case "ratio":
            return (means + means.mean()) / (others + means.mean())
    raise ValueError(f"The 'kind' must be one of {', '.join(SCORES)}. Got {kind!r} instead.")


def rank_genes(
    attention: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, kind: str = "mean", n_genes: int = 300
) -> pd.DataFrame:
    """Rank the genes of each type by attention.

    Parameters
    ----------
    attention
        (cells, genes) of the summary token in the last layer, averaged over heads; 0 for what is not a cell's input.
        The encoder saw no labels.
    labels
        (cells,) types: of training cells, where the list is to be judged on others.
    kind
        See `type_scores`.
    n_genes
        Genes kept per type.

    Returns
    -------
    pandas.DataFrame
        Columns ``class, gene, rank, score``, as `scbench.contract.MarkerSelector` has them.

    Notes
    -----
    Time O(stored values), memory a copy of them and O(types x genes).
    """
    classes = np.unique(labels)
    scores = type_scores(class_means(attention, labels, classes), kind)
    return rank_per_class(scores.T, genes, classes, n_genes)


def rankings(
    X: sp.csr_matrix,
    attentions: Mapping[str, sp.csr_matrix],
    labels: np.ndarray,
    genes: np.ndarray,
    *,
    n_genes: int,
    seed: int,
) -> dict[tuple[str, str], pd.DataFrame]:
    """Rank genes by the attention of each encoder and by the rivals.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    attentions
        By name of the encoder; see `rank_genes`, also for `labels`, `genes` and `n_genes`.
    seed
        Of the random genes.

    Returns
    -------
    dict
        By encoder and one of `SCORES`; `WILCOXON` and `RANDOM` have the encoder "".
    """
    found = {
        (name, kind): rank_genes(attention, labels, genes, kind=kind, n_genes=n_genes)
        for name, attention in attentions.items()
        for kind in SCORES
    }
    for name, method in ((WILCOXON, Wilcoxon(n_genes=n_genes)), (RANDOM, RandomGenes(n_genes=n_genes))):
        found["", name] = method.fit(X, labels, genes, seed=seed).ranking_
    return found


def judge_markers(
    data: Prepared,
    attentions: Mapping[str, sp.csr_matrix],
    folds: Sequence[Split],
    *,
    top: int,
    classifiers: Sequence[str],
    seed: int,
    owner: pd.Series | None = None,
) -> pd.DataFrame:
    """Classify test cells by panels of markers, in the same way as the marker track does.

    Parameters
    ----------
    data
        Dataset with labels of one level.
    attentions
        By name of the encoder the (cells, genes) attention, see `rank_genes`. It needs no labels, so that of all cells
        is taken; what a type looks at is averaged over its training cells alone. An untrained encoder shows what
        pre-training adds: where it looks at all genes alike, genes that are on in one type only still stand out in
        ``difference`` and ``ratio``.
    folds
        Training and test cells of each fold.
    top
        Genes per type.
    classifiers
        See `scbench.markers.classifiers.classify`.
    seed
        Of the random genes, which are other ones in each fold.
    owner
        Type that each gene truly marks, by gene, "" for none; None where that is unknown.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. Each of ``markers`` (`SCORES` of an encoder; `WILCOXON`; `RANDOM` genes) is judged by two panels
        (``scenario``): ``top<k>``, the first k genes of each type, as one names them; fewer different genes
        (``n_genes``) where types share them. And ``genes<n>``, with n = k x types different genes for all, so that no
        list gains from its number of genes. The metrics are ``misclassification`` and ``macro_f1``; and, of the first
        panel with an `owner`, ``true_markers``, without a classifier.

    Notes
    -----
    Memory: a copy of the data by gene, and what the classifiers need.
    """
    rows = []
    for fold, split in enumerate(folds):
        train, test = split.train, split.test
        judge, labels = Judge(data, train, test), data.labels[train]
        classes = np.unique(labels)
        n = min(top * len(classes), len(data.genes))
        looked = {name: attention[train] for name, attention in attentions.items()}
        found = rankings(data.X[train], looked, labels, data.genes, n_genes=n, seed=seed + fold)
        for case, ranking in found.items():
            lists = first_genes(ranking, top, len(classes))
            panels = {f"top{top}": lists["gene"].unique(), f"genes{n}": first(ranking, n, classes)}
            for scenario, genes in panels.items():
                for classifier, predicted in judge.predict({"": genes}, classifiers).items():
                    confusion = confusion_matrix(data.labels[test], predicted, np.unique(data.labels))
                    for metric in (misclassification, macro_f1):
                        value = metric(confusion)
                        rows.append((scenario, *case, classifier, fold, metric.__name__, value, len(genes)))
            if owner is not None:
                value = true_markers(lists, owner, top)
                rows.append((f"top{top}", *case, "", fold, "true_markers", value, lists["gene"].nunique()))
    return pd.DataFrame(rows, columns=COLUMNS)


def true_markers(lists: pd.DataFrame, owner: pd.Series, top: int) -> float:
    """Share of the true markers that could be listed that are listed, each for its own type.

    Parameters
    ----------
    lists
        Columns ``class`` and ``gene``, at most `top` rows for each type.
    owner
        Type that each gene marks, by gene.

    Returns
    -------
    float
        Of a type with fewer true markers than `top`, all can be listed. NaN if no gene marks a type of the lists.

    Examples
    --------
    >>> lists = pd.DataFrame({"class": ["a", "a", "b", "b"], "gene": ["g1", "g2", "g1", "g3"]})
    >>> true_markers(lists, pd.Series({"g1": "a", "g2": "", "g3": "b"}), 2)
    1.0
    """
    could = sum(min(top, int((owner == name).sum())) for name in lists["class"].unique())
    return float((owner[lists["gene"]].to_numpy() == lists["class"].to_numpy()).sum() / could) if could else np.nan
