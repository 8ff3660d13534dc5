"""Panels of n genes, and the metrics of marker lists."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbench.markers.lists import first_genes
from scbench.markers.panels import first, membership
from scbench.metrics.panels import Panel, distinctness, specificity, stability

CLASSES = np.array(["a", "b", "c"])
GENES = np.array([f"g{i}" for i in range(12)])


def _ranking(lists):
    """A table from the genes of each class, best first."""
    rows = [(name, f"g{gene}", rank) for name, genes in lists.items() for rank, gene in enumerate(genes, 1)]
    return pd.DataFrame(rows, columns=["class", "gene", "rank"])


def _panel(lists, k, means, others=()):
    lists, *others = (
        membership(first_genes(_ranking(each), k, len(CLASSES)), CLASSES, GENES) for each in (lists, *others)
    )
    return Panel(lists, k if len(lists) == len(CLASSES) else k * len(CLASSES), means, others)


# --- n genes ------------------------------------------------------------------------------------------------------


def test_panels_are_filled_rank_by_rank_and_the_first_class_goes_round():
    ranking = _ranking({"a": [0, 1, 2], "b": [3, 4, 5], "c": [6, 7, 8]})
    order = ["g0", "g3", "g6", "g4", "g7", "g1", "g8", "g2", "g5"]  # from a at rank 1, from b at rank 2, from c at 3
    for n in range(1, 10):
        assert first(ranking, n, CLASSES).tolist() == order[:n]
    assert first(ranking, 99, CLASSES).tolist() == order
    shuffled = ranking.sample(frac=1, random_state=0)
    assert first(shuffled, 5, CLASSES).tolist() == order[:5], "the order of the rows means nothing"


def test_genes_of_several_classes_are_taken_once():
    ranking = _ranking({"a": [0, 1], "b": [0, 1], "c": [0, 2]})
    assert first(ranking, 2, CLASSES).tolist() == ["g0", "g1"]
    assert first(ranking, 3, CLASSES).tolist() == ["g0", "g1", "g2"]


def test_a_class_without_genes_leaves_its_turn_to_the_others():
    assert first(_ranking({"b": [3, 4], "c": [6]}), 3, CLASSES).tolist() == ["g3", "g6", "g4"]
    assert first(_ranking({}), 3, CLASSES).tolist() == []


def test_one_list_for_all_classes_is_taken_from_the_top():
    assert first(_ranking({"": [5, 3, 1, 0]}), 3, CLASSES).tolist() == ["g5", "g3", "g1"]


def test_genes_ranked_equal_are_not_taken_apart():
    everything = pd.DataFrame({"class": np.repeat(CLASSES, 12), "gene": np.tile(GENES, 3), "rank": 1})
    assert sorted(first(everything, 5, CLASSES)) == sorted(GENES)


lists = st.dictionaries(st.sampled_from(CLASSES), st.permutations(range(12)).map(lambda p: p[:8]), min_size=1)


@given(lists, st.integers(1, 15), st.integers(1, 15))
def test_panels_have_the_size_asked_for_and_lie_in_each_other(chosen, n, m):
    ranking = _ranking(chosen)
    different = ranking["gene"].nunique()
    small, large = first(ranking, min(n, m), CLASSES), first(ranking, max(n, m), CLASSES)
    assert len(set(small)) == len(small) == min(n, m, different)
    assert set(small) <= set(large)
    worst = ranking[ranking["gene"].isin(small)].groupby("gene")["rank"].min().max()
    left_out = ranking[~ranking["gene"].isin(small)]["rank"]
    assert left_out.empty or worst <= left_out.min(), "no gene is passed over for one of a lower rank"


def test_which_genes_are_in_whose_list():
    top = _ranking({"a": [0, 1], "c": [1]})
    member = membership(top, CLASSES, GENES)
    assert [np.flatnonzero(row).tolist() for row in member] == [[0, 1], [], [1]]
    assert np.flatnonzero(membership(_ranking({"": [4, 2]}), CLASSES, GENES)).tolist() == [2, 4]
    assert membership(_ranking({}), CLASSES, GENES).shape == (3, 12)


# --- metrics ------------------------------------------------------------------------------------------------------

# Genes 0-3 are only in a, 4-7 only in b, 8 and 9 in c and half as much in a; 10 is everywhere, 11 nowhere.
MEANS = np.zeros((3, 12))
MEANS[0, :4], MEANS[1, 4:8], MEANS[2, 8:10], MEANS[0, 8:10], MEANS[:, 10] = 2, 1, 2, 1, 3
HONEST = {"a": [0, 1], "b": [4, 5], "c": [8, 9]}


def test_specificity_by_hand():
    # tau: 1 for genes 0-7; ((1 - 1/2) + 1 + 0) / 2 = 3/4 for 8 and 9; 0 for 10 and 11
    assert specificity(_panel(HONEST, 2, MEANS)) == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert specificity(_panel({"": [0, 4, 8, 10, 11, 1]}, 2, MEANS)) == pytest.approx((1 + 1 + 3 / 4 + 0 + 0 + 1) / 6)


@pytest.mark.parametrize(
    ("chosen", "value"),
    [
        ({"a": [8, 9], "b": [4, 5], "c": [8, 9]}, (0 + 1 + 3 / 4) / 3),  # 8 and 9 peak in c, not in a
        ({"a": [0], "b": [4, 5], "c": [8, 9]}, (1 / 2 + 1 + 3 / 4) / 3),  # a marker is missing
        ({"b": [4, 5], "c": [8, 9]}, (0 + 1 + 3 / 4) / 3),  # a class is missing
        ({"a": [10, 11], "b": [10, 11], "c": [10, 11]}, 0),
        ({}, 0),
    ],
)
def test_what_marks_another_class_or_is_missing_counts_nothing(chosen, value):
    assert specificity(_panel(chosen, 2, MEANS)) == pytest.approx(value)


def test_a_class_without_test_cells_is_left_out():
    means = MEANS.copy()
    means[2] = np.nan
    assert specificity(_panel(HONEST, 2, means)) == 1
    means[1] = np.nan
    assert np.isnan(specificity(_panel(HONEST, 2, means)))


def test_distinctness_by_hand():
    assert distinctness(_panel(HONEST, 2, MEANS)) == 1
    assert distinctness(_panel({"a": [0, 1], "b": [0, 1], "c": [0, 2]}, 2, MEANS)) == pytest.approx(3 / 6)
    assert distinctness(_panel({"a": [0, 1]}, 2, MEANS)) == pytest.approx(2 / 6)
    assert distinctness(_panel({"a": range(12), "b": range(12), "c": range(12)}, 6, MEANS)) == pytest.approx(6 / 12)
    assert distinctness(_panel({}, 2, MEANS)) == 0


def test_stability_by_hand():
    # n = 12, k = 2: (r - 1/3) / (5/3) is 1, 2/5 and -1/5 for r = 2, 1 and 0
    other = {"a": [1, 0], "b": [4, 6], "c": [0, 1]}
    assert stability(_panel(HONEST, 2, MEANS, [HONEST])) == 1
    assert stability(_panel(HONEST, 2, MEANS, [other])) == pytest.approx((1 + 2 / 5 - 1 / 5) / 3)
    assert stability(_panel(HONEST, 2, MEANS, [HONEST, other])) == pytest.approx((1 + 0.4) / 2)
    # one list of 6 of 12: (r - 3) / 3
    assert stability(_panel({"": range(6)}, 2, MEANS, [{"": range(3, 9)}])) == pytest.approx(0)
    assert stability(_panel({"": range(6)}, 2, MEANS, [{"": range(6, 12)}])) == pytest.approx(-1)


def test_stability_is_undefined_without_other_replicates_or_without_a_choice():
    assert np.isnan(stability(_panel(HONEST, 2, MEANS)))
    assert np.isnan(stability(_panel({name: range(12) for name in CLASSES}, 12, MEANS, [HONEST])))


def test_failed_replicates_agree_with_nothing():
    assert stability(_panel(HONEST, 2, MEANS, [{}])) == 0
    assert stability(_panel({"": range(6)}, 2, MEANS, [{}])) == 0
    assert stability(_panel({}, 2, MEANS, [{"": range(6)}])) == 0
    assert stability(_panel(HONEST, 2, MEANS, [HONEST, {}])) == 0.5


@given(lists, lists, st.integers(1, 8))
def test_metrics_stay_in_their_ranges_and_stability_is_symmetric(one, other, k):
    panel, mirrored = _panel(one, k, MEANS, [other]), _panel(other, k, MEANS, [one])
    assert 0 <= specificity(panel) <= 1
    assert 0 <= distinctness(panel) <= 1
    assert -1 <= stability(panel) <= 1
    assert stability(panel) == pytest.approx(stability(mirrored))


def test_random_lists_have_no_stability():
    rng = np.random.default_rng(0)
    drawn = [{name: rng.permutation(12)[:3] for name in CLASSES} for _ in range(200)]
    assert stability(_panel(drawn[0], 3, MEANS, drawn[1:])) == pytest.approx(0, abs=0.05)


def test_all_genes_are_no_choice():
    everything = membership(pd.DataFrame({"class": np.repeat(CLASSES, 12), "gene": np.tile(GENES, 3)}), CLASSES, GENES)
    panel = Panel(everything, 2, MEANS, [everything])
    assert stability(panel) == 0
    assert specificity(panel) < specificity(_panel(HONEST, 2, MEANS))
    assert distinctness(panel) == 1, "as many as there can be"
