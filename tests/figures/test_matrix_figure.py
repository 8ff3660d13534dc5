"""The matrix of marker genes: mean expression in every class, for one or several methods."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from drawn import saved, texts
from toy_scores import registry

from scbench.errors import UserError
from scbench.figures import matrix
from scbench.io import Prepared


def expression(labels, n_genes=6, **obs):
    rng = np.random.default_rng(1)
    X = np.log1p(rng.poisson(1.0, (len(labels), n_genes))).astype(np.float32)
    genes = np.array([f"g{i}" for i in range(n_genes)], dtype=object)
    cells = np.arange(len(labels)).astype(str)
    return Prepared(sp.csr_matrix(X), cells, genes, labels=np.array(labels, dtype=object), obs=obs)


def markers(lists, within=""):
    rows = [(within, name, gene, i + 1, -i) for name, genes in lists.items() for i, gene in enumerate(genes)]
    return pd.DataFrame(rows, columns=["within", "class", "gene", "rank", "score"])


EMPTY = markers({})


def labels_of(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_matrix_shows_scaled_class_means_with_classes_by_size():
    data = Prepared(
        sp.csr_matrix(np.array([[2.0, 0, 5], [4.0, 0, 5], [0.0, 0, 5], [1.0, 0, 5], [1.0, 0, 5]])),
        np.arange(5).astype(str),
        np.array(["up", "silent", "flat"], dtype=object),
        labels=np.array(["a", "a", "rare", "b", "b"], dtype=object),
    )
    table = markers({"rare": ["flat"], "b": ["silent", "up"], "a": ["up"]})
    ax = matrix.plot(data, {"m0": table}, methods=registry(1), title="T").axes[0]
    assert labels_of(ax.yaxis) == ["a", "b", "rare"]
    assert labels_of(ax.xaxis) == ["up", "silent", "up", "flat"]
    # The means of "up" are 3, 1 and 0; the other genes are the same in all classes.
    np.testing.assert_allclose(
        ax.collections[0].get_array(), [[1, 0, 1, 0], [1 / 3, 0, 1 / 3, 0], [0, 0, 0, 0]], atol=1e-6
    )
    boxes = [(box.get_x(), box.get_y(), box.get_width()) for box in ax.patches]
    assert boxes == [(0, 0, 1), (1, 1, 2), (3, 2, 1)]


def test_matrix_draws_the_first_genes_only():
    data = expression(["a", "b"] * 5)
    table = markers({"a": ["g0", "g1", "g2"], "b": ["g3", "g4", "g5"]})
    figure = matrix.plot(data, {"m0": table}, methods=registry(1), title="T", top=2)
    assert labels_of(figure.axes[0].xaxis) == ["g0", "g1", "g3", "g4"]
    assert "T · 2 markers per class" in texts(figure)


def test_a_list_for_all_classes_is_sorted_by_the_class_of_the_highest_mean():
    means = pd.DataFrame({"g0": [0.0, 1.0], "g1": [2.0, 1.0], "g2": [0.0, 3.0], "g3": [9.0, 0.0]}, index=["x", "y"])
    table = markers({"": ["g2", "g1", "g0", "g3"]})
    found = matrix.choose(table, means, 1)
    assert list(zip(found["class"], found["gene"], strict=True)) == [("x", "g1"), ("y", "g2")]  # two, for two classes
    found = matrix.choose(table, means, 2)
    assert list(zip(found["class"], found["gene"], strict=True)) == [
        ("x", "g1"),
        ("x", "g3"),
        ("y", "g2"),
        ("y", "g0"),
    ]


def test_matrix_of_several_methods_says_which_failed_and_leaves_controls_out(tmp_path):
    data = expression(["a", "b", "$c$"] * 4)
    tables_by_method = {
        "m2": markers({"": ["g5", "g4", "g3"]}),
        "m0": markers({"a": ["g0"], "$c$": ["g0", "g1"]}),
        "m1": EMPTY,
        "reference": markers({"a": ["g0"]}),
    }
    figure = matrix.plot(data, tables_by_method, methods=registry(3), title="T")
    assert [ax.get_title(loc="left") for ax in figure.axes[:3]] == [
        "Method $_0",
        "Method $_1",
        "Method $_2 (one list for all classes)",
    ]
    assert texts(figure).count("no markers: the run did not end ok") == 1
    assert labels_of(figure.axes[0].xaxis) == ["g0", "g1", "g0"]  # "$c$" comes first
    saved(figure, tmp_path)


def test_matrix_where_every_method_failed_or_there_is_none(tmp_path):
    data = expression(["a", "b"] * 4)
    saved(matrix.plot(data, {"m0": EMPTY}, methods=registry(1), title="T"), tmp_path)
    assert texts(matrix.plot(data, {}, methods=registry(1), title="T")) == ["T: there are no methods with markers."]


def test_matrix_of_many_classes_draws_one_gene_each(tmp_path):
    names = [f"a class with a long name {i}" for i in range(47)]
    data = expression(names * 3, n_genes=60)
    table = markers({name: [f"g{i}", "g59", "g58"] for i, name in enumerate(names)})
    figure = matrix.plot(data, {"m0": table}, methods=registry(1), title="T")
    assert figure.axes[0].collections[0].get_array().shape == (47, 47)
    assert figure.axes[0].get_xlim() == (0, 47)
    saved(figure, tmp_path)


@pytest.fixture
def nested():
    """Type A with sub-types a1 and a2, type B with one only."""
    labels = ["a1", "a2", "a2", "b1"] * 3
    data = expression(labels, broad=np.array(["A", "A", "A", "B"] * 3, dtype=object))
    table = pd.concat([markers({"A": ["g0"], "B": ["g1"]}), markers({"a1": ["g2"], "a2": ["g3"]}, within="A")])
    return data, {"m0": table}


def test_matrix_of_two_label_levels(nested):
    data, found = nested
    ax = matrix.plot(data, found, methods=registry(1), title="T").axes[0]
    assert (labels_of(ax.yaxis), labels_of(ax.xaxis)) == (["A", "B"], ["g0", "g1"])
    figure = matrix.plot(data, found, methods=registry(1), title="T", within="A")
    ax = figure.axes[0]
    assert (labels_of(ax.yaxis), labels_of(ax.xaxis)) == (["a2", "a1"], ["g3", "g2"])
    assert "T · within A · 3 markers per class" in texts(figure)
    # Only the cells of the type count.
    dense = data.X.toarray()
    means = [dense[data.labels == name, 2].mean() for name in ("a2", "a1")]
    assert list(ax.collections[0].get_array()[:, 1]) == [float(mean > min(means)) for mean in means]


@pytest.mark.parametrize("within", ["B", "unknown"])
def test_matrix_refuses_a_type_without_sub_types(nested, within):
    data, found = nested
    with pytest.raises(UserError, match=rf"\(A\). Got '{within}' instead"):
        matrix.plot(data, found, methods=registry(1), title="T", within=within)
    with pytest.raises(UserError, match="one label level"):
        matrix.plot(expression(["a", "b"]), found, methods=registry(1), title="T", within=within)


def test_matrix_refuses_a_gene_that_the_data_do_not_have():
    with pytest.raises(KeyError, match="nowhere"):
        matrix.plot(expression(["a", "b"]), {"m0": markers({"a": ["nowhere"]})}, methods=registry(1), title="T")
