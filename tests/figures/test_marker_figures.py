"""Shapley values, learning curves, overlap and localisation, from ordinary and from degenerate input."""

import numpy as np
import pandas as pd
import pytest
from drawn import UGLY, inside, saved, texts
from matplotlib.patches import Rectangle

from scbench.figures import learning, localisation, overlap, shapley, style
from scbench.markers.localisation import COLUMNS, Localisation


def registry(n=4):
    labels = [*UGLY, *(f"Method {place}" for place in range(n))][:n]
    found = {f"m{place}": {"label": label, "role": "method", "track": "markers"} for place, label in enumerate(labels)}
    for role in style.CONTROLS:
        found[role] = {"label": role.replace("_", " "), "role": role, "track": "markers"}
    return found


# --- Shapley values ---------------------------------------------------------------------------------------------------


def shapley_values(n_genes, n_classes):
    values = np.random.default_rng(0).gamma(0.5, 1e-3, (n_genes, n_classes))
    classes = np.array([*UGLY, *(f"class {place}" for place in range(n_classes))][:n_classes])
    genes = np.array([f"gene{place}" for place in range(n_genes)])
    return {"shapley_genes": genes, "shapley_classes": classes, "shapley_mean_abs": values}


@pytest.mark.parametrize(("n_genes", "n_classes"), [(1, 1), (3, 12), (300, 7), (300, 15), (2000, 47)])
def test_shapley_of_few_and_many_classes(n_genes, n_classes, tmp_path):
    figure = shapley.plot(shapley_values(n_genes, n_classes), title="$x$")
    found = texts(figure)
    assert ("a$b$ c_d^2" in found) == (n_classes > 1)
    assert (f"{n_classes - 14} other classes" in found) == (n_classes > 15)
    assert f"Mean |Shapley value|, summed over the classes ({min(n_genes, 30)} of {n_genes:,} genes)" in found
    assert inside(figure)
    saved(figure, tmp_path)


def test_bars_by_hand():
    values = np.array([[1.0, 0.0], [2.0, 3.0], [0.5, 2.5]])
    given = {"shapley_genes": np.array(["p", "q", "r"]), "shapley_classes": np.array(["a", "b"])}
    figure = shapley.plot(given | {"shapley_mean_abs": values}, title="", n_genes=2)
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["q", "r"]
    bars = [(bar.get_x(), bar.get_width()) for bar in ax.patches]
    assert bars == [(0, 3), (0, 2.5), (3, 2), (2.5, 0.5)]  # class b first, as it is larger over the two
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["b", "a"]


def test_other_classes_are_summed_and_nothing_is_lost():
    given = shapley_values(40, 47)
    ax = shapley.plot(given, title="").axes[0]
    sums = np.sort(given["shapley_mean_abs"].sum(axis=1))[::-1][:30]
    ends = np.zeros(30)
    for bar in ax.patches:
        place = round(bar.get_y() + bar.get_height() / 2)
        ends[place] = max(ends[place], bar.get_x() + bar.get_width())
    np.testing.assert_allclose(ends, sums)


def test_colours_of_classes_differ():
    assert len({*shapley._COLORS, shapley._OTHERS}) == 16


@pytest.mark.parametrize("given", [{}, shapley_values(0, 3)])
def test_no_shapley_values(given):
    assert texts(shapley.plot(given, title="T")) == ["T: there are no Shapley values."]


# --- learning curves --------------------------------------------------------------------------------------------------


def curves(method, stops):
    rows = [
        (method, fold, step, part, 2 / step + fold + 0.1 * (part == "validation"), 1 - 1 / (step + 1))
        for fold, stop in enumerate(stops)
        for step in range(1, stop + 1)
        for part in ("train", "validation")
    ]
    return pd.DataFrame(rows, columns=["method", "fold", "step", "part", "loss", "accuracy"])


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_learning_of_few_and_many_methods(n, tmp_path):
    methods = registry(n)
    table = pd.concat([curves(f"m{place}", [4, 7, 9]) for place in range(n)])
    figure = learning.plot(table, methods=methods, title="$x$")
    drawn = [ax for ax in figure.axes if ax.lines]
    assert len(drawn) == 2 * n
    assert "<b>x</b>&" in texts(figure)
    assert inside(figure)
    saved(figure, tmp_path)


def test_the_mean_ends_where_the_first_fold_stops_and_single_folds_go_on():
    ax = learning.plot(curves("m0", [2, 4]), methods=registry(1), title="").axes[0]
    train = [line for line in ax.lines if line.get_color() == learning._COLORS["train"]]
    mean, *folds, ends = train
    np.testing.assert_allclose(mean.get_xydata(), [[1, 2.5], [2, 1.5]])  # losses 2/step and 2/step + 1
    np.testing.assert_allclose(folds[1].get_xydata(), [[2, 2], [3, 5 / 3], [4, 1.5]])
    np.testing.assert_allclose(ends.get_xydata(), [[2, 1], [4, 1.5]])
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 0].max(), band[:, 1].min(), band[:, 1].max()) == (2, 1, 3)


def test_the_legend_explains_what_there_is():
    def legend(stops):
        figure = learning.plot(curves("m0", stops), methods=registry(1), title="")
        return [text.get_text() for text in figure.legends[0].get_texts()]

    assert legend([5]) == ["train", "validation", "end of a fold"]
    assert "range over the folds" in legend([5, 5])
    assert "single folds after the first stop" not in legend([5, 5])
    assert "single folds after the first stop" in legend([5, 6])


def test_a_method_without_curves_is_shown_as_such(tmp_path):
    methods = registry(3)
    figure = learning.plot(curves("m1", [1]), methods=methods, title="", names=["m0", "m1"])
    assert texts(figure).count("no curves") == 2
    assert UGLY[0] in texts(figure)
    saved(figure, tmp_path)
    nothing = curves("m1", [])
    assert texts(learning.plot(nothing, methods=methods, title="", names=["m0"])).count("no curves") == 2
    assert texts(learning.plot(nothing, methods=methods, title="T")) == ["T: there are no learning curves."]


def test_a_measure_that_was_not_recorded_is_missing_alone(tmp_path):
    table = curves("m0", [3, 3]).assign(accuracy=np.nan)
    figure = learning.plot(table, methods=registry(1), title="")
    assert texts(figure).count("no curves") == 1
    saved(figure, tmp_path)


# --- overlap ----------------------------------------------------------------------------------------------------------


def overlap_table(names, *, ks=(5, 30), missing=(), panels=()):
    rng = np.random.default_rng(0)
    rows = []
    for k in ks:
        for place, a in enumerate(names):
            for b in names[place + 1 :]:
                lost = a in missing or b in missing
                compared = "" if lost else "panels" if {a, b} & set(panels) else "classes"
                rows.append((k, a, b, np.nan if lost else rng.random(), compared, 0 if lost else 3))
    return pd.DataFrame(rows, columns=["k", "method_a", "method_b", "jaccard", "compared", "n_replicates"])


def hatched(ax):
    return [patch for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_hatch()]


@pytest.mark.parametrize("n", [2, 6, 25])
@pytest.mark.parametrize("ks", [(5, 30), (2,)])
def test_overlap_of_few_and_many_methods(n, ks, tmp_path):
    methods = registry(n)
    table = overlap_table(list(methods), ks=ks, missing=["m1"], panels=["m0"])
    figure = overlap.plot(table, methods=methods, title="$x$")
    shown = [name for name, entry in methods.items() if entry["role"] != "reference"]
    ax = figure.axes[0]
    assert {label.get_text() for label in ax.get_xticklabels()} == {
        style.shorten(methods[name]["label"]) for name in shown
    }
    assert len(hatched(ax)) == (len(shown) - 1) * len(ks)
    assert {"no common run", f"lower left: first {max(ks)} genes of each class"} <= set(
        "\n".join(texts(figure)).split("\n")
    )
    assert figure.get_figwidth() <= style.WIDTH
    assert inside(figure)
    saved(figure, tmp_path)


def test_numbers_are_below_and_above_the_diagonal():
    rows = [(5, "m0", "m1", 0.25, "classes", 3), (30, "m0", "m1", 0.75, "panels", 3)]
    table = pd.DataFrame(rows, columns=["k", "method_a", "method_b", "jaccard", "compared", "n_replicates"])
    figure = overlap.plot(table, methods=registry(2), title="")
    ax = figure.axes[0]
    numbers = {tuple(map(int, text.get_position())): text for text in ax.texts}
    assert {place: text.get_text() for place, text in numbers.items()} == {(0, 1): ".75", (1, 0): ".25"}  # x, y
    assert numbers[0, 1].get_fontstyle() == "italic"
    assert not hatched(ax)


def test_alike_methods_are_side_by_side_and_missing_ones_last():
    alike = [{"a", "c"}, {"b", "d"}]
    rows = [
        (30, a, b, np.nan if "x" in (a, b) else 0.9 if {a, b} in alike else 0.1, "classes", 3)
        for a, b in [("a", "x"), ("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d"), ("b", "x")]
    ]
    table = pd.DataFrame(rows, columns=["k", "method_a", "method_b", "jaccard", "compared", "n_replicates"])
    order = overlap._order(table, ["a", "x", "b", "c", "d"])
    assert order[-1] == "x"
    assert abs(order.index("a") - order.index("c")) == abs(order.index("b") - order.index("d")) == 1


def test_overlap_where_nothing_ended_well(tmp_path):
    methods = registry(3)
    figure = overlap.plot(overlap_table(["m0", "m1", "m2"], missing=["m0", "m1", "m2"]), methods=methods, title="T")
    assert len(hatched(figure.axes[0])) == 6
    saved(figure, tmp_path)
    nothing = overlap_table(["m0"])
    assert texts(overlap.plot(nothing, methods=methods, title="T")) == ["T: there are no two methods to compare."]


# --- localisation -----------------------------------------------------------------------------------------------------


def found_in_tissue(classes, *, without=0, labels=True, n_spots=120):
    rng = np.random.default_rng(0)
    n = len(classes)
    table = pd.DataFrame(
        {
            "class": classes,
            "n_markers": 5,
            "n_found": [0] * without + [4] * (n - without),
            "statistic": np.linspace(0.05, 0.8, n),
            "pvalue": 1e-20,
            "qvalue": np.r_[0.04, np.full(n - 1, 1e-20)],
            "random_mean": 0.1,
            "random_below": 1.0,
            "auroc": 0.9 if labels else np.nan,
        }
    ).reindex(columns=COLUMNS)
    lost = table["n_found"] == 0
    table.loc[lost, ["statistic", "pvalue", "qvalue", "random_mean", "random_below", "auroc"]] = np.nan
    scores = np.where(lost, np.nan, rng.random((n_spots, n)))
    return Localisation(table, scores)


MANY = [f"a class with a long name {place}" for place in range(47)]


@pytest.mark.parametrize(
    ("classes", "without", "shape"),
    [([""], 0, (1, 1)), (UGLY, 1, (1, 1)), (UGLY, 0, (1, 6)), (UGLY, 1, (6, 1)), (MANY, 20, (2, 3))],
    ids=["one", "square", "tall", "wide", "many"],
)
def test_localisation_of_few_and_many_classes(classes, without, shape, tmp_path):
    coords = np.random.default_rng(1).random((120, 2)) * shape
    figure = localisation.plot(found_in_tissue(classes, without=without), coords, title="$x$")
    found = "\n".join(texts(figure))
    assert found.count("4 of 5 markers found") == len(classes) - without
    assert found.count("above 100 % of random sets") == len(classes) - without
    assert ("No marker in the tissue" in found) == (without > 0)
    assert inside(figure)
    saved(figure, tmp_path)


def test_the_most_localised_class_comes_first():
    coords = np.random.default_rng(1).random((120, 3))
    figure = localisation.plot(found_in_tissue(["low", "middle", "high"], labels=False), coords, title="")
    headings = [ax.get_title().split("\n") for ax in figure.axes[:3]]
    assert [lines[0] for lines in headings] == ["high", "middle", "low"]
    assert headings[0][2] == "I = 0.80, q < 1e-16"
    assert headings[2][2] == "I = 0.05, q = 0.04"
    assert not any("AUROC" in line for lines in headings for line in lines)


def test_no_markers_in_the_tissue():
    figure = localisation.plot(found_in_tissue(["a", "b"], without=2), np.zeros((120, 2)), title="T")
    assert texts(figure) == ["T: there are no markers to map."]


def test_a_score_that_is_nearly_constant_and_spots_on_a_line(tmp_path):
    found = found_in_tissue(["a"])
    found.scores[:] = 0.0
    found.scores[0] = 1.0
    saved(localisation.plot(found, np.column_stack([np.arange(120.0), np.zeros(120)]), title="T"), tmp_path)


def test_same_figure_same_bytes(tmp_path):
    coords = np.random.default_rng(1).random((120, 2))
    first, second = (saved(localisation.plot(found_in_tissue(UGLY), coords, title="T"), tmp_path) for _ in "ab")
    assert first == second
