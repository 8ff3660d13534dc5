"""The experiments on one tissue: its structure from sets of genes, the distance of genes to it, and genes to show."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.io import Prepared
from scbench.svg.scgco.pruned_graph import pruned_delaunay
from scbench.svg.structure.calls import COMMON
from scbench.svg.structure.components import components
from scbench.svg.structure.distances import METRICS, compare, distances, passing
from scbench.svg.structure.reconstruct import MEASURES, choose_k, layers_of, match, rebuild
from scbench.svg.structure.released import rebuild_released
from scbench.svg.structure.smoothing import edge_lengths, neighbours
from scbench.svg.structure.states import states

ANNOTATED, RANDOM, SHARED = "annotated", "random", "shared"
_MOST_GENES, _MOST_VALUES = 1000, 2**23  # of a set whose distances are measured; the larger limit counts
_MOST_EXAMPLES, _FEW_EXAMPLES = 8, 4


class Structures(NamedTuple):
    """Structures of a tissue.

    Attributes
    ----------
    table
        ``set, n_genes, reference, n_layers`` and the measures of `scbench.svg.structure.reconstruct.match`.
    codes
        (spots,) layers by set of genes, and ``annotated`` where there is annotation; -1 for no layer.
    layers
        Names of the annotated layers.
    """

    table: pd.DataFrame
    codes: dict[str, np.ndarray]
    layers: list[str]


def structures(
    data: Prepared,
    sets: Mapping[str, np.ndarray],
    *,
    seed: int,
    n_layers: int | None = None,
    released: bool = False,
) -> Structures:
    """Rebuild the structure of a tissue from each set of genes, and compare it with the two references.

    Parameters
    ----------
    data
        Dataset with log1p values and coordinates; annotated layers (`labels`) are used where there are any.
    sets
        As `scbench.svg.structure.calls.gene_sets` makes them.
    seed
        Decides the starts of k-means.
    n_layers
        Number of layers to look for. By default as many as are annotated, else as the silhouette of the spots suggests
        for the common genes (for the first set that has genes, if there are none).
    released
        Whether to rebuild as scGCO's released code does, whatever the seed
        (`scbench.svg.structure.released.rebuild_released`).

    Returns
    -------
    Structures
        The references are the annotated layers, where there are any, and the structure of the common genes (as in the
        paper; a set that is near by its making). Sets without genes have no layer anywhere and no measures. Without any
        reference the table is empty. So is all where the released code shall rebuild a tissue that is not in the plane:
        it cannot.
    """
    columns = ["set", "n_genes", "reference", "n_layers", *MEASURES]
    if released and data.coords.shape[1] != 2:
        return Structures(pd.DataFrame(columns=columns), {}, [])
    X = data.X.tocsc()
    if released:
        make = partial(rebuild_released, X, pairs=pruned_delaunay(data.coords))
    else:
        make = partial(rebuild, X, pairs=neighbours(data.coords, data.obs.get("sample")), seed=seed)
    annotated = layers_of(data.labels)
    codes = {} if annotated is None else {ANNOTATED: annotated[1]}
    if n_layers is None:
        n_layers = _number_of_layers(X, sets, seed) if annotated is None else len(annotated[0])
    rows = []
    for name, genes in sets.items():
        found = make(genes=genes, k=n_layers)
        for reference in (COMMON, ANNOTATED):  # last the one whose numbers stay
            if reference not in codes or (codes[reference] < 0).all():
                continue
            row = {
                "set": name,
                "n_genes": len(genes),
                "reference": reference,
                "n_layers": len(np.unique(found[found >= 0])),
            }
            if found[0] >= 0:
                found, measures = match(found, codes[reference])
                row |= measures
            rows.append(row)
        codes[name] = found
    return Structures(pd.DataFrame(rows, columns=columns), codes, [] if annotated is None else list(annotated[0]))


def _number_of_layers(X: sp.csc_matrix, sets: Mapping[str, np.ndarray], seed: int) -> int:
    for genes in sets.values():
        points = components(X, genes, seed=seed).spots
        if points.shape[1]:
            return choose_k(points, seed=seed)
    return 2


class Compared(NamedTuple):
    """Distances of sets of genes to a structure.

    Attributes
    ----------
    table
        ``gene, set, segmentation`` and the three distances of `scbench.svg.structure.distances.distances`. The
        segmentation is ``shared``, or a method that left segments of its own.
    cutoffs, tests
        As `scbench.svg.structure.distances.passing` and `compare` make them, of the shared segmentation.
    """

    table: pd.DataFrame
    cutoffs: pd.DataFrame
    tests: pd.DataFrame


def compare_sets(
    data: Prepared,
    sets: Mapping[str, np.ndarray],
    reference: np.ndarray | None,
    *,
    left: Mapping[str, Mapping[str, np.ndarray]],
    confidence: float,
    seed: int,
) -> Compared:
    """Compare how far the common genes, those of one method only and random ones are from a structure.

    All genes are split into high and low spots alike, whichever method called them. A method's own segments, where it
    leaves any, are measured apart: they are another ruler, which only some genes have.

    Parameters
    ----------
    data
        Dataset with log1p values and coordinates.
    sets
        As `scbench.svg.structure.calls.gene_sets` makes them.
    reference
        (spots,) layers from 0, -1 for none; None or without any layer, all tables are empty.
    left
        By method, what it left beside its table: ``segment_genes`` (places of genes) and ``segment_labels`` (genes,
        spots), or neither.
    confidence
        Level of the intervals of shares.
    seed
        Decides the random genes (called ones, values dealt to random spots), and which genes of a large set are
        measured: 1,000, or more where there are less than 8,000 spots. A test of two sets has its p-value from all
        their genes, so on the tissues of the papers no set is cut.
    """
    rng = np.random.default_rng(seed)
    most = max(_MOST_GENES, _MOST_VALUES // len(data.coords))
    chosen = {name: sample(genes, most, rng) for name, genes in sets.items() if not name.startswith("all ")}
    called = np.unique(np.concatenate(list(sets.values())))
    if reference is None or (reference < 0).all() or not len(called):
        chosen, called = {COMMON: called[:0]}, called[:0]
        reference = np.full(len(data.coords), -1)
    chosen[RANDOM] = sample(called, most, rng)
    X, pairs = data.X.tocsc(), neighbours(data.coords, data.obs.get("sample"))
    spacing = float(np.median(edge_lengths(data.coords, pairs)))
    tables, shared = [], {}
    for name, genes in chosen.items():
        found = {SHARED: (genes, states(X, genes, pairs, shuffle=rng if name == RANDOM else None))}
        if name != RANDOM:
            found |= {method: _own(extras, genes) for method, extras in left.items() if "segment_genes" in extras}
        for segmentation, (measured, labels) in found.items():
            table = distances(labels, reference, data.coords, spacing=spacing)
            tables.append(table.assign(gene=data.genes[measured], set=name, segmentation=segmentation))
        shared[name] = tables[-len(found)][list(METRICS)]
    table = pd.concat(tables, ignore_index=True)[["gene", "set", "segmentation", *METRICS]]
    return Compared(table, passing(shared, common=COMMON, confidence=confidence), compare(shared))


def _own(extras: Mapping[str, np.ndarray], genes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of the genes that a method left segments of, and their (genes, spots) segments."""
    place = pd.Index(extras["segment_genes"]).get_indexer(genes)
    return genes[place >= 0], np.asarray(extras["segment_labels"])[place[place >= 0]]


def sample(genes: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """At most so many of some genes, in their order."""
    return genes if len(genes) <= most else np.sort(rng.choice(genes, most, replace=False))


class Example(NamedTuple):
    """A gene to show: its name, what it stands for, its (spots,) values and segments."""

    gene: str
    text: str
    values: np.ndarray
    segments: np.ndarray


def examples(
    data: Prepared,
    clusters: pd.DataFrame,
    called: pd.DataFrame,
    output: pd.DataFrame,
    *,
    method: str,
    left: Mapping[str, np.ndarray],
) -> list[Example]:
    """Choose called genes of a method to show: of each cluster the one with the best score.

    Parameters
    ----------
    data
        Dataset with log1p values and coordinates.
    clusters
        Columns ``gene`` and ``cluster``; empty where there are too few genes for clusters.
    called
        (genes, methods) booleans.
    output
        The method's table.
    method
        The method.
    left
        What the method left beside its table; its own segments are shown where it has any, else high and low spots.

    Returns
    -------
    list of Example
        At most eight clusters, or else the first four called genes.
    """
    ranked = output.sort_values("score", ascending=False, kind="stable")["gene"]
    ranked = ranked[ranked.isin(called.loc[called[method], "gene"])]
    if clusters.empty:
        text = {gene: f"rank {place + 1}" for place, gene in enumerate(ranked[:_FEW_EXAMPLES])}
    else:
        number = clusters.set_index("gene")["cluster"].reindex(ranked).dropna().astype(int)
        best = number[~number.duplicated()].sort_values()
        text = {gene: f"cluster {cluster + 1}" for gene, cluster in best.head(_MOST_EXAMPLES).items()}
    genes = pd.Index(data.genes).get_indexer(list(text))
    X = data.X.tocsc()
    segments = states(X, genes, neighbours(data.coords, data.obs.get("sample")))
    if "segment_genes" in left:
        own, labels = _own(left, genes)
        segments[np.isin(genes, own)] = labels
    values = X[:, genes].toarray().T
    return [Example(*shown) for shown in zip(text, text.values(), values, segments, strict=True)]
