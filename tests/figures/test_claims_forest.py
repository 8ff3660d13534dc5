"""The forest plot of claims is drawn from ordinary and from degenerate verdicts."""

import numpy as np
import pytest
import toy_claims as toy
from drawn import texts

from scbench.claims.ledger import load
from scbench.figures import claims_forest, style


def drawn(*changes, paper="toy"):
    return claims_forest.plot(toy.table(*changes), paper=paper)


def points(ax, marker):
    return [line.get_xdata()[0] for line in ax.lines if line.get_marker() == marker]


def test_points_and_intervals_lie_where_the_table_says():
    (ax,) = drawn({}, {"value": "0.80", "ours": "0.7", "ours_low": "0.6", "ours_high": "0.75", "sd": ""}).axes
    assert points(ax, "D") == [0.9, 0.8]
    assert points(ax, "o") == [0.905, 0.7]
    ends = [list(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert ends == [[0.88, 0.93], [0.6, 0.75]]
    (spread,) = ax.collections
    assert np.allclose(spread.get_segments()[0][:, 0], [0.88, 0.92])
    low, high = ax.get_xlim()
    assert low < 0.6
    assert high > 0.93


@pytest.mark.parametrize(("relation", "below"), [("<", True), ("<=", True), (">", False), (">=", False)])
def test_a_bound_shades_what_it_allows(relation, below):
    (ax,) = drawn({"kind": "bound", "relation": relation, "sd": ""}).axes
    (bar,) = ax.patches
    ends = sorted([bar.get_x(), bar.get_x() + bar.get_width()])
    assert ends == pytest.approx([ax.get_xlim()[0], 0.9] if below else [0.9, ax.get_xlim()[1]])
    assert points(ax, "D") == []


def test_panels_are_experiments_and_metrics_and_rows_what_differs():
    figure = drawn(
        {}, {"dataset": "spots"}, {"metric": "n_svg", "unit": "genes"}, {"experiment": "other"}, {"paper": "x"}
    )
    assert len(figure.axes) == 3
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["cells", "spots"]
    assert "toy-noise · F1 · ours · noise-0.6" in texts(figure)
    assert "toy-noise · number of SVG (genes) · cells · noise-0.6" in texts(figure)


def test_rows_that_differ_in_comparators_alone_name_them():
    (ax,) = drawn({"comparators": "hvg"}, {"comparators": "a@b;c"}).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ours · against hvg", "ours · against a (b), c"]


def test_only_measured_results_with_a_number_are_drawn():
    other = [
        {"kind": "ordering", "relation": "best_of", "value": ""},
        {"kind": "size"},
        {"ours": ""},
        {"kind": "shape"},
    ]
    (ax,) = drawn({}, *other).axes
    assert points(ax, "o") == [0.905]
    for changes in ([], other, [{"paper": "x"}]):
        figure = drawn(*changes)
        assert figure.axes == []
        assert texts(figure) == ["toy: no published result with a number was measured."]


def test_constants_are_counted_and_the_other_ones_named():
    constants = [
        {"metric": "param_a_b"},
        {"metric": "param_c", "verdict": "not_reproduced"},
        {"experiment": "p-protocol"},
    ]
    said = "Constants of the protocol, not drawn: 2 of 3 as published; not c."
    assert said in texts(drawn({}, *constants))
    assert texts(drawn(*constants)) == [f"toy: no published result with a number was measured. {said}"]


def test_analogues_are_hollow_and_explained():
    figure = drawn({}, {"verdict": "analogue"})
    faces = [line.get_markerfacecolor() for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert faces[0] != faces[1] == "white"
    assert "measured on other data" in texts(figure)
    assert "measured on other data" not in texts(drawn({}))


def test_tiny_p_values_are_on_a_logarithmic_axis_and_zero_is_not(tmp_path):
    tiny = {"value": "9.60e-52", "ours": "1e-40", "ours_low": "1e-60", "ours_high": "1e-30", "metric": "ks_pvalue"}
    zero = {"value": "0", "ours": "0", "ours_low": "0", "metric": "zero"}
    figure = drawn(tiny | {"sd": ""}, zero | {"sd": ""})
    assert [ax.get_xscale() for ax in figure.axes] == ["log", "linear"]
    style.save(figure, tmp_path / "a.png")


def test_foreign_text_is_drawn_as_it_is(tmp_path):
    ugly = {"method": "a$b$ c_d^2", "dataset": "<b>" * 30, "locator": "\\frac{", "rule": "$"}
    style.save(drawn({"paper": "x$", **ugly}, {"paper": "x$"}, paper="x$"), tmp_path / "a.png")


def test_the_whole_ledger_fits_into_the_figure(tmp_path):
    claims = [claim for claim in load() if claim.paper == "scgco"]
    figure = claims_forest.plot(toy.made_up(claims), paper="scgco")
    style.save(figure, tmp_path / "a.png")
    ink = figure.get_tightbbox()
    assert ink.x0 >= -0.01
    assert ink.x1 <= figure.get_figwidth() + 0.01
