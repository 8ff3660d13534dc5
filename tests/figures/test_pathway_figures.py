"""Figures of pathways and of markers from attention, from ordinary and from awkward input."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from drawn import UGLY, checked

from scbench.annotation import attention_markers
from scbench.annotation import pathways as study
from scbench.figures import attention, pathways, style
from scbench.io import Prepared
from scbench.splits import Split


def names(n):
    return np.array([*UGLY, *(f"type {place}" for place in range(n))][:n], dtype=object)


# --- pathways ---------------------------------------------------------------------------------------------------------


def results(types, draws=5):
    """Table and points as the study makes them, with numbers that can be told apart."""
    rng = np.random.default_rng(0)
    sizes = (("genes", 9), ("genes_found", 4))
    rows = [("", "", "given", 0, name, metric, value, 10) for name in types for metric, value in sizes]
    cases = [(name, kind) for kind in study.CLOSENESS for name in ("pretrained", "untrained")]
    for case in [*cases, ("", study.EXPRESSION), ("", study.COMMONEST)]:
        for draw in range(draws + 1):
            head = (*case, "random" if draw else "given", draw)
            rows += [(*head, "", metric, rng.random(), 99) for metric in ("accuracy", "macro_f1")]
            rows += [(*head, name, metric, rng.random(), 1234) for name in types for metric in ("accuracy", "f1")]
    table = pd.DataFrame(rows, columns=study.COLUMNS)
    table = table[(table["draw"] == 0) | ~((table["encoder"] == "untrained") | (table["closeness"] == study.COMMONEST))]
    as_coded = (table["closeness"] == "as_coded") & (table["metric"] == "accuracy") & (table["class"] == "")
    table.loc[as_coded & (table["draw"] == 0), "value"] = [0.8765, 0.1234]
    at = rng.normal(size=(30 + len(types), 2))
    kind = ["cell"] * 30 + ["set"] * len(types)
    points = pd.DataFrame({"kind": kind, "class": [*np.resize(types, 30), *types], "x": at[:, 0], "y": at[:, 1]})
    return table, points


@pytest.mark.parametrize("n", [2, 20])
def test_pathways_of_few_and_of_many_types(n):
    found = checked(pathways.plot(*results(names(n)), title="Data & <b>method</b>"))
    assert "0.88 / 0.12" in found, "pre-trained and untrained"
    assert found.count("4 of 9 genes, 1,234 cells") == n
    assert "30 cells, without labels; stars: gene sets" in found


def test_pathways_without_random_sets(tmp_path):
    figure = pathways.plot(*results(names(3), draws=0), title="Title")
    checked(figure)
    style.save(figure, tmp_path / "a.png", tmp_path / "a.pdf")


def test_types_have_the_same_colour_on_both_sides():
    table, points = results(names(3))
    figure = pathways.plot(table, points, title="Title")
    ax = figure.axes[0]
    stars = ax.collections[1].get_facecolors()
    labels = [label for ax in figure.axes for label in ax.get_yticklabels() if label.get_text().endswith("★")]
    shown = [pathways.LAYERS[place] for place in range(3)]
    assert [label.get_color() for label in labels] == shown
    assert len(np.unique(stars, axis=0)) == 3


# --- attention --------------------------------------------------------------------------------------------------------


def example(kinds, n_genes=60, owner=False):
    rng = np.random.default_rng(0)
    labels = np.repeat(kinds, 12)
    genes = np.array(
        [f"gene{place}-of-a-long-name" if place < 3 else f"g{place}" for place in range(n_genes)], dtype=object
    )
    values = rng.poisson(0.5, (len(labels), n_genes))
    values[np.arange(len(labels)), np.repeat(np.arange(len(kinds)), 12)] += 4
    X = sp.csr_matrix(np.log1p(values).astype(np.float32))
    data = Prepared(X, np.array([f"c{place}" for place in range(len(labels))], dtype=object), genes, labels)
    looked = sp.csr_matrix(values / values.sum(axis=1, keepdims=True))
    order = rng.permutation(len(labels))
    folds = [
        Split(np.sort(np.delete(order, part)), np.sort(order[part])) for part in np.split(np.arange(len(order)), 2)
    ]
    known = pd.Series([*kinds, *[""] * (n_genes - len(kinds))], index=genes) if owner else None
    shared = {"top": 10, "classifiers": ["knn3", "svm"], "seed": 1, "owner": known}
    untrained = sp.csr_matrix(np.full(X.shape, 1 / n_genes))
    table = attention_markers.judge_markers(data, {"pretrained": looked, "untrained": untrained}, folds, **shared)
    return data, looked, attention_markers.rank_genes(looked, labels, genes, n_genes=10), table


@pytest.mark.parametrize(("n", "shown"), [(2, 10), (14, 4)])
def test_attention_of_few_and_of_many_types(n, shown):
    drawn = attention.plot(*example(names(n)), title="Data & <b>method</b>", top=10, confidence=0.95)
    found = checked(drawn)
    assert f"Data & <b>method</b> · first {shown} per type" in found
    assert {"First 10 of each type", "knn3", "svm", "95% interval of the mean"} <= set(found)
    assert "True markers listed" not in found
    assert len(drawn.axes[0].collections[0].get_array().ravel()) == n * n * shown


def test_attention_where_the_markers_are_known(tmp_path):
    figure = attention.plot(*example(names(3), owner=True), title="T", top=10, confidence=0.9)
    assert "True markers listed" in checked(figure)
    style.save(figure, tmp_path / "a.png", tmp_path / "a.pdf")


def test_one_fold_has_no_interval():
    data, looked, ranking, table = example(names(3))
    checked(attention.plot(data, looked, ranking, table[table["fold"] == 0], title="T", top=2, confidence=0.9))


def test_the_frame_of_a_type_holds_its_genes():
    data, looked, ranking, table = example(names(3))
    figure = attention.plot(data, looked, ranking, table, title="T", top=10, confidence=0.9)
    frames = [(patch.get_x(), patch.get_y(), patch.get_width()) for patch in figure.axes[0].patches]
    assert frames == [(0, 0, 10), (10, 1, 10), (20, 2, 10)]
    shown = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    first = ranking[ranking["class"] == figure.axes[0].get_yticklabels()[0].get_text()]
    assert [style.shorten(name, 20) for name in first["gene"]] == shown[:10]
