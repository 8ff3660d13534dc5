"""Stages over time: ComBat and what it makes of zeros, names of clusters, marker genes."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import ttest_ind

from scbench import plan_encoder
from scbench.annotation import stages
from scbench.data.normalise import log1p_normalised
from scbench.errors import UserError
from scbench.simulate.studies import time_course

STAGES = {"sensitive": ["0"], "tolerant": ["2", "4"]}


def test_clusters_are_named_by_a_share_of_their_times():
    clusters = np.repeat(["0", "1", "2"], [10, 10, 4])
    times = np.array(["0"] * 8 + ["2"] * 2 + ["2"] * 5 + ["4"] * 3 + ["0"] * 2 + ["0", "0", "4", "9"])
    named, table = stages.by_cluster(clusters, times, STAGES, 0.7)
    assert table["stage"].tolist() == ["sensitive", "tolerant", stages.UNNAMED]
    assert table["sensitive"].tolist() == [0.8, 0.2, 0.5]
    assert table["n_cells"].tolist() == [10, 10, 4]
    assert set(named[:10]) == {"sensitive"}
    assert set(named[20:]) == {stages.UNNAMED}
    exactly = stages.by_cluster(np.repeat("0", 10), np.array(["0"] * 7 + ["2"] * 3), STAGES, 0.7)[0]
    assert set(exactly) == {stages.UNNAMED}, "more than the share, not the share"


def test_times_without_a_stage_have_none():
    assert stages.by_time(np.array(["0", "4", "9"]), STAGES).tolist() == ["sensitive", "tolerant", stages.UNNAMED]


# --- ComBat -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def course():
    """Three days that are nothing but batches, and in each of them a gene that is not expressed at all."""
    adata = time_course(n_cells=240, n_genes=60, stages={"a": [0], "b": [2, 4]}, seed=1, depth=0.3, fold_change=1.0)
    counts, days = adata.layers["counts"].tolil(), adata.obs["day"].astype(str).to_numpy()
    counts[np.flatnonzero(days == "2"), 7] = 0
    return log1p_normalised(counts.tocsr(), 1e4), days, np.asarray(adata.var_names)


def test_combat_takes_away_what_differs_on_the_whole():
    rng = np.random.default_rng(0)
    days = np.repeat(["0", "1"], 100)
    X = rng.normal(5, 0.5, (200, 30)) + np.where(days == "1", 1.0, 0.0)[:, None]
    corrected = stages.without_batches(sp.csr_matrix(X), days, keep_zeros=True).toarray()
    assert np.abs(corrected[days == "0"].mean(axis=0) - corrected[days == "1"].mean(axis=0)).max() < 0.2, "of 1"
    within = [np.corrcoef(X[days == "0", gene], corrected[days == "0", gene])[0, 1] for gene in range(30)]
    assert min(within) > 0.999, "within a day the order stays"


def test_zeros_are_put_back(course):
    X, days, _ = course
    corrected = stages.without_batches(X, days, keep_zeros=True)
    assert corrected.dtype == np.float32
    assert corrected.min() == 0
    assert not ((corrected > 0) > (X > 0)).nnz
    assert (corrected != X).nnz > 0.9 * corrected.nnz


def test_what_combat_makes_of_zeros_tells_the_days_apart(course):
    X, days, _ = course
    corrected, zero = stages.without_batches(X, days, keep_zeros=False).toarray(), X.toarray() == 0
    sometimes = np.all([zero[days == day].any(axis=0) for day in np.unique(days)], axis=0)
    assert sometimes.sum() > 30
    shown = []
    for day in np.unique(days):
        made = [corrected[(days == day) & zero[:, gene], gene] for gene in np.flatnonzero(sometimes)]
        assert max(np.ptp(values) for values in made) < 1e-6, "one constant per gene and day"
        shown.append([values[0] > 0 for values in made])
    assert (np.any(shown, axis=0) & ~np.all(shown, axis=0)).any(), (
        "a gene that is on where it was zero on some days only"
    )


def test_a_gene_that_does_not_vary_within_a_day_is_left_alone(course):
    X, days, _ = course
    for keep_zeros in (True, False):
        corrected = stages.without_batches(X, days, keep_zeros=keep_zeros)
        assert (corrected[:, 7] != X[:, 7]).nnz == 0
        assert np.isfinite(corrected.data).all()


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["0", "0", "", "2"], "1 cells have no time in the column 'day'"),
        (["0", "0", "0", "2"], "In the column 'day' '0' has 3, '2' has 1"),
        (["0", "0", "0", "0"], "two times or more"),
        (["0", "0", "2", "2"], "No cell of stage 'tolerant' has the time '4'.*Allowed: 0, 2"),
    ],
)
def test_times_that_cannot_be_corrected_are_named(times, message):
    with pytest.raises(UserError, match=message):
        stages.check_times(np.array(times), STAGES, "day")
    stages.check_times(np.array(["0", "2", "4", "9"] * 2), STAGES, "day")


# --- markers ----------------------------------------------------------------------------------------------------------


def test_markers_are_the_genes_with_the_lowest_p_values():
    rng = np.random.default_rng(2)
    names = np.repeat(np.array(["b", "a", stages.UNNAMED], dtype=object), 30)
    X = np.clip(rng.normal(0.5, 1, (90, 14)), 0, None)
    X[names == "a", 3] += 4
    X[names == "b", 5] += 2
    X[names == stages.UNNAMED, 9] += 100
    X[:, 11] = 0
    genes = np.array([f"gene{i}" for i in range(14)])
    table = stages.markers(sp.csr_matrix(X), names, genes)
    assert list(table) == stages.COLUMNS
    assert table[["stage", "against"]].drop_duplicates().to_numpy().tolist() == [["a", "b"]], "two stages are one pair"
    assert table["gene"][:2].tolist() == ["gene3", "gene5"]
    assert table["rank"].tolist() == list(range(1, 11))
    t, p = ttest_ind(X[names == "a"], X[names == "b"], equal_var=False)
    expected = np.argsort(np.where(np.isnan(p), 2, p))[:10]
    assert table["gene"].tolist() == genes[expected].tolist()
    np.testing.assert_allclose(table["t"], t[expected])
    np.testing.assert_allclose(table["pvalue"], p[expected])
    np.testing.assert_allclose(table["difference"], (X[names == "a"].mean(0) - X[names == "b"].mean(0))[expected])


def test_three_stages_are_compared_with_the_others_and_in_pairs(course):
    X, days, genes = course
    table = stages.markers(X, days.astype(object), genes)
    found = table.groupby(["stage", "against"], sort=False).size()
    pairs = [("0", "others"), ("2", "others"), ("4", "others"), ("0", "2"), ("0", "4"), ("2", "4")]
    assert found.to_dict() == dict.fromkeys(pairs, 10)


def test_one_stage_has_no_markers(course):
    X, days, genes = course
    names = np.where(days == "0", "a", stages.UNNAMED).astype(object)
    names[np.flatnonzero(days == "2")[0]] = "of one cell"
    assert stages.markers(X, names, genes).empty


# --- the study and its plan -------------------------------------------------------------------------------------------


class Told:
    """Stands for an encoder whose last layer tells days apart by one number."""

    def __init__(self, X, days, genes):
        rng = np.random.default_rng(3)
        self.genes = genes
        self._last = np.unique(days, return_inverse=True)[1][:, None] * 20 + rng.normal(size=(len(days), 3))

    def embed(self, X):
        assert X.shape[0] == len(self._last)
        return np.stack([np.zeros_like(self._last), self._last])


def test_a_study_names_clusters_in_the_last_layer(course):
    X, days, genes = course
    corrected = stages.without_batches(X, days, keep_zeros=True)
    row = {"sensitive": ["0"], "tolerant": ["2", "4"]}
    one, two = (stages.study(Told(X, days, genes), X, corrected, days, row, share=0.7, seed=0) for _ in range(2))
    pd.testing.assert_frame_equal(one.points, two.points)
    np.testing.assert_array_equal(one.stages, np.where(days == "0", "sensitive", "tolerant"))
    by_cluster, by_time = (one.markers[one.markers["by"] == by].drop(columns="by") for by in ("clusters", "times"))
    np.testing.assert_array_equal(by_cluster, by_time), "both name the same cells"
    purity = one.scores[one.scores["score"] == "knn_purity"].set_index("embedding")["value"]
    assert purity["scRobust after ComBat"] == 1
    assert purity["HVGs after ComBat"] < 0.6
    assert one.clusters["n_cells"].sum() == 240
    assert one.clusters["n_cells"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"a": ["0"], "b": ["1", "0"]}, "'tracks.annotation.stages' has the time '0' in two stages"),
        ({"a": ["0"], "unnamed": ["1"]}, "must not call a stage 'unnamed'"),
    ],
)
def test_wrong_stages_are_named(root, wrong, message):
    from scbench.registry import Registry

    row = {"dataset": "toy_time", "method": "scrobust", "time": "day"}
    registry = Registry.load()
    plan_encoder.check({"stages": [row | {"stages": STAGES}]}, registry)
    with pytest.raises(UserError, match=message):
        plan_encoder.check({"stages": [row | {"stages": wrong}]}, registry)
