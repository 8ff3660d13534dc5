import numpy as np
import pandas as pd
import pytest

from scbench.annotation.gene_sets import simulated_sets
from scbench.data.prepare import prepare
from scbench.errors import UserError
from scbench.io import read_column, read_prepared
from scbench.simulate.chromatin import peaks
from scbench.simulate.studies import batches, donors, time_course

BATCHES = {"n_cells": 300, "n_genes": 40, "n_types": 3, "depths": {"a": 1.0, "b": 0.5}}
DONORS = {"n_cells": 300, "n_genes": 40, "n_types": 3, "n_samples": 4}
STAGES = {"naive": [0], "early": [1], "late": [2, 5]}
TIME = {"n_cells": 300, "n_genes": 40, "stages": STAGES}
PEAKS = {"n_cells": 300, "n_peaks": 90, "n_types": 3}
ALL = [(batches, BATCHES), (donors, DONORS), (time_course, TIME), (peaks, PEAKS)]


def dense(adata):
    return adata.layers["counts"].toarray()


def means(adata, column):
    """Mean counts by group of cells, (groups, genes)."""
    return pd.DataFrame(dense(adata)).groupby(adata.obs[column].to_numpy()).mean()


@pytest.mark.parametrize(("simulate", "params"), ALL)
def test_a_seed_decides_everything_and_every_type_has_markers(simulate, params):
    first, again, other = (simulate(**params, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(dense(first), dense(again))
    assert first.obs.equals(again.obs)
    assert first.var.equals(again.var)
    assert (dense(first) != dense(other)).any()
    assert first.layers["counts"].dtype == np.int32
    assert set(first.var["marker_of"]) == {"", *first.obs["label"]}


@pytest.mark.parametrize(("simulate", "params"), ALL)
def test_markers_are_high_in_their_type(simulate, params):
    adata = simulate(**params | {"n_cells": 3000, "fold_change": 6.0}, seed=3)
    level, marker_of = means(adata, "label"), adata.var["marker_of"].to_numpy()
    for name in level.index:
        ratio = level.loc[name] / level.drop(index=name).mean()
        assert 4 < np.median(ratio[marker_of == name]) < 8.5
        assert 0.7 < np.median(ratio[marker_of == ""]) < 1.4


# --- platforms --------------------------------------------------------------------------------------------------------


def test_a_platform_lacks_its_type_and_the_others_share_it_evenly():
    adata = batches(
        **BATCHES | {"depths": {"a": 1.0, "b": 1.0, "c": 1.0}, "missing": {"b": "type0", "c": "type2"}}, seed=1
    )
    table = pd.crosstab(adata.obs["label"], adata.obs["batch"])
    assert (table.loc["type0", "b"], table.loc["type2", "c"]) == (0, 0)
    assert (table == 0).to_numpy().sum() == 2
    for _, row in table.iterrows():
        assert row[row > 0].max() - row[row > 0].min() <= 1


def test_platforms_differ_by_depth_and_by_gene():
    params = BATCHES | {"n_cells": 6000, "n_genes": 300, "dispersion": 0.0, "markers_per_type": 0}
    for sd in (0.0, 0.5):
        level = means(batches(**params | {"depths": {"a": 10.0, "b": 20.0}, "gene_sd": sd}, seed=5), "batch")
        ratio = np.log(level.loc["b"] / level.loc["a"])
        assert abs(ratio.mean() - np.log(2)) < 0.15  # 3.6 standard errors
        assert abs(ratio.std() - sd * np.sqrt(2)) < 0.1


# --- donors -----------------------------------------------------------------------------------------------------------


def test_a_donor_has_one_number_and_the_programme_follows_it():
    params = {"programme": 20, "effect": 4.0, "gene_sd": 0.0, "dispersion": 0.0, "depth": 20.0}
    adata = donors(**DONORS | params | {"n_cells": 4000}, seed=2)
    numbers = adata.obs.groupby("sample", observed=True)["hba1c"].unique()
    assert sorted(np.concatenate(numbers.to_list())) == [4.5, 6.0, 7.5, 9.0]
    level, follows = means(adata, "hba1c"), adata.var["programme"].to_numpy()
    assert [(follows == way).sum() for way in (-1, 0, 1)] == [10, 20, 10]
    for way in (-1, 0, 1):
        np.testing.assert_allclose(level.loc[9.0, follows == way] / level.loc[4.5, follows == way], 4.0**way, rtol=0.15)
        np.testing.assert_allclose(
            level.loc[6.0, follows == way] / level.loc[4.5, follows == way], 4 ** (way / 3), rtol=0.15
        )


def test_samples_have_all_types():
    table = pd.crosstab(*(donors(**DONORS, seed=2).obs[name] for name in ("label", "sample")))
    assert (table.max(axis=1) - table.min(axis=1)).max() <= 1


# --- days -------------------------------------------------------------------------------------------------------------


def test_days_have_their_stage_and_some_cells_the_one_before():
    adata = time_course(**TIME | {"n_cells": 4000, "behind": 0.2}, seed=3)
    table = pd.crosstab(adata.obs["day"], adata.obs["label"], normalize="index")
    assert set(adata.obs["day"].value_counts()) == {1000}
    expected = pd.DataFrame(
        {"early": [0, 0.8, 0.2, 0.2], "late": [0, 0, 0.8, 0.8], "naive": [1, 0.2, 0, 0]}, index=[0, 1, 2, 5]
    )
    np.testing.assert_allclose(table, expected, atol=0.05)  # 4 standard errors


def test_without_a_fold_change_only_the_batch_is_left():
    params = TIME | {"n_cells": 8000, "fold_change": 1.0, "depth": 20.0, "dispersion": 0.0, "behind": 0.5}
    adata = time_course(**params, seed=3)
    late = adata[adata.obs["day"] == 5]
    level = means(late, "label")
    np.testing.assert_allclose(level.loc["late"], level.loc["early"], rtol=0.1)
    day = means(adata, "day")
    assert np.log(day.loc[5] / day.loc[0]).std() > 0.15


# --- peaks ------------------------------------------------------------------------------------------------------------


def test_peaks_are_sparse_places_with_two_copies():
    adata = peaks(n_cells=500, n_peaks=1000, n_types=3, seed=1)
    counts = adata.layers["counts"]
    assert set(counts.data) == {1, 2}
    assert 0.03 < counts.nnz / np.prod(counts.shape) < 0.15
    assert (counts.data == 1).mean() > 0.75
    assert adata.var_names[1] == "chr1:10001-10500"
    assert adata.var_names.is_unique


# --- bad parameters, and files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("simulate", "params", "message"),
    [
        (batches, BATCHES | {"missing": {"bb": "type0"}}, "names no group: 'bb'. Did you mean 'b'?"),
        (batches, BATCHES | {"missing": {"b": "typ0"}}, "'missing' .* no type: 'typ0'. Did you mean 'type0'?"),
        (batches, BATCHES | {"missing": {"a": "type1", "b": "type1"}}, "each type somewhere. Nothing has 'type1'"),
        (batches, BATCHES | {"depths": {"a": 1, "b": -1}}, r"'depths.b' parameter must be a number >= 0. Got -1"),
        (batches, BATCHES | {"depths": {}}, "'depths' parameter must name"),
        (batches, BATCHES | {"gene_sd": -1}, "'gene_sd' parameter must be a number >= 0. Got -1"),
        (donors, DONORS | {"n_samples": 1}, "'n_samples' parameter must be an integer >= 2. Got 1"),
        (donors, DONORS | {"programme": 41}, "'programme' parameter must be an integer from 0 to 40. Got 41"),
        (donors, DONORS | {"effect": 0.5}, "'effect' parameter must be a number >= 1. Got 0.5"),
        (time_course, TIME | {"stages": {"a": [0]}}, "'stages' parameter must give the days of two stages or more"),
        (time_course, TIME | {"stages": {"a": [0], "b": [0, 1]}}, "each day once"),
        (time_course, TIME | {"stages": {"a": [0], "b": []}}, "'stages' parameter must give the days"),
        (time_course, TIME | {"behind": 1.5}, "'behind' parameter must be a number from 0 to 1. Got 1.5"),
        (peaks, PEAKS | {"n_peaks": 59}, "'n_peaks' parameter must be an integer >= 60. Got 59"),
        (peaks, PEAKS | {"depth": "0.1"}, "'depth' parameter must be a number >= 0. Got '0.1'"),
    ],
)  # fmt: skip
def test_parameters_out_of_range_are_named(simulate, params, message):
    with pytest.raises(UserError, match=message):
        simulate(**params, seed=0)


def test_what_is_known_of_cells_and_genes_survives_preparing_and_deriving(entry, tmp_path):
    whole, thinned = tmp_path / "whole.h5ad", tmp_path / "thinned.h5ad"
    for kind, params, columns in (
        ("batches", BATCHES, {"batch": "O"}),
        ("donors", DONORS, {"sample": "O", "hba1c": "f"}),
        ("time_course", TIME, {"day": "i"}),
    ):
        source = {"type": "simulate", "generator": f"studies:{kind}", "params": params}
        prepare("whole", entry(source=source), whole, source=None, seed=1)
        source = {"type": "derive", "from": "whole", "transform": "dropout", "params": {"rate": 0.3}}
        prepare("thinned", entry(source=source), thinned, source=whole, seed=1)
        for path in (whole, thinned):
            found = read_prepared(path)
            assert {name: values.dtype.kind for name, values in found.obs.items()} == columns
            for name in columns:
                np.testing.assert_array_equal(read_column(path, name), found.obs[name])
            assert set(simulated_sets(path)) == set(found.labels)
