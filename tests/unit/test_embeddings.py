"""Embeddings without labels, and stages over time."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.annotation import embeddings, stages
from scbench.data.normalise import log1p_normalised
from scbench.simulate.studies import time_course


@pytest.fixture(scope="module")
def islands():
    """Three types far apart, each of two samples that lie apart within it."""
    rng = np.random.default_rng(0)
    types, samples = np.repeat(["a", "b", "c"], 40), np.tile(np.repeat(["s", "t"], 20), 3)
    centre = np.array([[0, 0], [50, 0], [0, 50]])[np.repeat(range(3), 40)] + np.where(samples == "t", 6, 0)[:, None]
    return centre + rng.normal(size=(120, 2)), types.astype(object), samples.astype(object)


def test_clusters_are_the_islands_and_the_largest_is_the_first(islands):
    values, types, samples = islands
    found = embeddings.clusters(values, seed=0)
    assert pd.crosstab(found, types + samples).gt(0).sum(axis=1).eq(1).all(), "no cluster spans two islands"
    assert found[0].dtype.kind == "U"
    counts = pd.Series(found).value_counts()
    assert counts["0"] == counts.max()


def test_agreement_with_types_and_with_samples_within_them(islands):
    values, types, samples = islands
    found = embeddings.clusters(values, seed=0)
    of_types, of_samples = (embeddings.agreement(values, found, of, types) for of in (types, samples))
    assert of_types["knn_purity"] == 1
    assert of_types["chance"] == pytest.approx(1 / 3)
    assert "knn_purity_within_types" not in of_types
    assert of_types["ari"] > of_samples["ari"]
    assert of_samples["knn_purity_within_types"] == 1
    mixed = embeddings.agreement(values, found, np.random.default_rng(1).permutation(samples), types)
    assert mixed["knn_purity_within_types"] == pytest.approx(0.5, abs=0.1)


def test_a_number_is_explained_by_its_neighbours(islands):
    values, types, samples = islands
    number = np.where(samples == "t", 9.0, 5.0)
    scores = embeddings.agreement(values, types, number, types)
    assert scores == {"knn_r2": pytest.approx(1), "knn_r2_within_types": pytest.approx(1)}
    noise = np.random.default_rng(2).normal(size=120)
    assert embeddings.agreement(values, types, noise, types)["knn_r2"] < 0.1


def test_neighbours_of_the_lonely_do_not_count():
    values = np.arange(12.0)[:, None] ** 2
    types = np.array(["a"] * 11 + ["lonely"], dtype=object)
    scores = embeddings.agreement(values, types, np.array([*"xy"] * 6, dtype=object), types)
    assert 0 <= scores["knn_purity_within_types"] <= 1


def test_a_study_repeats_and_has_a_row_per_cell(islands):
    values, types, samples = islands
    one, two = (embeddings.study({"it": values}, types, samples, kind="tsne", seed=3) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        pd.testing.assert_frame_equal(a, b)
    scores, points = one
    assert list(scores) == embeddings.COLUMNS
    assert set(scores["of"]) == {"types", "covariate"}
    assert list(points) == ["embedding", "x", "y", "cluster", "type", "covariate"]
    assert len(points) == 120


def test_a_sample_keeps_shares_of_types():
    labels = np.repeat(["common", "rare"], [9000, 1000])
    chosen = embeddings.sample(labels, seed=0)
    assert len(chosen) == embeddings.MOST_CELLS
    assert (labels[chosen] == "rare").sum() == 500
    np.testing.assert_array_equal(embeddings.sample(labels[:100], seed=0), np.arange(100))


def test_any_modality_goes_through_unchanged():
    from scbench.annotation.scrobust.pretrained import Pretrained
    from scbench.annotation.scrobust.settings import settings
    from scbench.simulate.chromatin import peaks

    X = peaks(n_cells=80, n_peaks=300, n_types=3, seed=1).layers["counts"].astype(np.float32)
    chosen = settings(None, {"width": 16, "heads": 2, "layers": 2, "pretrain_epochs": 1})
    encoder = Pretrained.fit(X, np.array([f"peak{i}" for i in range(300)]), settings=chosen, seed=0)
    found = embeddings.embeddings(encoder, X, [50, 100], seed=0)
    assert list(found) == [
        *(f"scRobust, layer {layer}, {n} genes" for n in (50, 100) for layer in (1, 2)),
        *(f"PCA, {n} HVGs" for n in (50, 100)),
    ]
    assert all(len(values) == 80 and np.isfinite(values).all() for values in found.values())


# --- stages -------------------------------------------------------------------------------------------------------

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


@pytest.fixture(scope="module")
def course():
    adata = time_course(n_cells=240, n_genes=60, stages={"sensitive": [0], "tolerant": [2, 4]}, seed=1)
    return log1p_normalised(adata.layers["counts"], 1e4), adata.obs["day"].astype(str).to_numpy(), adata.var_names


def test_combat_takes_away_the_means_and_leaves_the_zeros(course):
    X, times, _ = course
    corrected = stages.without_batches(X, times)
    assert ((corrected > 0) != (X > 0)).nnz <= (X.toarray() > 0).sum() - (corrected.toarray() > 0).sum()
    assert corrected.min() >= 0
    dense = corrected.toarray()
    always = (X.toarray() > 0).all(axis=0)  # no zeros to put back
    if always.any():
        means = np.array([dense[times == time][:, always].mean(axis=0) for time in np.unique(times)])
        before = np.array([X.toarray()[times == time][:, always].mean(axis=0) for time in np.unique(times)])
        assert np.ptp(means, axis=0).mean() < 0.3 * np.ptp(before, axis=0).mean()
    assert sp.issparse(corrected)


def test_markers_of_stages_are_ten_genes_each(course):
    X, times, genes = course
    ranking = stages.markers(X, stages.by_time(times, STAGES), np.asarray(genes))
    assert ranking.groupby("class", observed=True).size().to_dict() == {"sensitive": 10, "tolerant": 10}
    alone = np.full(len(times), stages.UNNAMED, dtype=object)
    assert stages.markers(X, alone, np.asarray(genes)).empty
