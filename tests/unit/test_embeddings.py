"""Embeddings without labels, and stages over time."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.annotation import embeddings


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
    assert of_samples["chance_within_types"] == 0.5
    nested = embeddings.agreement(values, found, (types + samples).astype(object), types)
    assert nested["chance"] == pytest.approx(1 / 6)
    assert nested["chance_within_types"] == 0.5, "two samples in each type"
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
    assert not np.array_equal(chosen, embeddings.sample(labels, seed=1))


def test_a_sample_has_room_for_types_of_one_cell():
    labels = np.append(np.repeat("common", 7000), "alone")
    chosen = embeddings.sample(labels, seed=0)
    assert len(np.unique(chosen)) == embeddings.MOST_CELLS


def test_cells_without_a_covariate_do_not_count(islands):
    values, types, samples = islands
    number = np.where(samples == "t", 9.0, 5.0)
    number[::3] = np.nan
    known = samples.copy()
    known[::3] = ""
    scores = embeddings.study({"it": values}, types, number, kind="tsne", seed=0)[0].set_index(["of", "score"])["value"]
    assert scores["covariate", "knn_r2_within_types"] == pytest.approx(1)
    scores = embeddings.study({"it": values}, types, known, kind="tsne", seed=0)[0].set_index(["of", "score"])["value"]
    assert scores["covariate", "knn_purity_within_types"] == 1
    assert scores["covariate", "chance"] == pytest.approx(0.5, abs=0.02), "two names, the empty one is none"


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
        "Untrained, 50 genes",
    ]
    assert all(len(values) == 80 and np.isfinite(values).all() for values in found.values())


def test_a_killed_experiment_goes_on_from_its_checkpoint(tmp_path, capsys):
    from scbench.annotation.pretraining import pretrained

    X = sp.csr_matrix(np.random.default_rng(0).poisson(1, (40, 30)).astype(np.float32))
    entry = {"overrides": {"width": 8, "heads": 2, "pretrain_epochs": 2}}
    options = {"seed": 1, "threads": 1, "output": str(tmp_path / "encoder.npz")}
    genes = np.array([f"gene{i}" for i in range(30)])
    with pytest.raises(KeyboardInterrupt), pretrained(X, genes, entry, **options) as one:
        raise KeyboardInterrupt
    assert list(tmp_path.glob(".encoder.npz.checkpoint/*"))
    with pretrained(X, genes, entry, **options) as two:
        np.testing.assert_array_equal(one.embed(X), two.embed(X))
        pd.testing.assert_frame_equal(one.history, two.history)
    assert not list(tmp_path.iterdir())
    assert "left out" not in capsys.readouterr().out
