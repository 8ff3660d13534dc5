import logging
import re

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.data.checks import check
from scbench.data.facts import facts
from scbench.errors import UserError


@pytest.fixture
def make(counts, obs):
    def make(matrix=None, *, log=False, labels="as in obs", coords=None, genes=None, cells=None):
        matrix = sp.csr_matrix(counts if matrix is None else matrix)
        cells = obs.index if cells is None else pd.Index(cells)
        table = pd.DataFrame(index=cells)
        if labels is not None:
            table["label"] = obs["cell_type"].to_numpy() if isinstance(labels, str) else labels
        genes = genes or [f"g{i}" for i in range(matrix.shape[1])]
        parts = {"X": matrix} if log else {"layers": {"counts": matrix}}
        obsm = {} if coords is None else {"spatial": np.asarray(coords, dtype=float)}
        return anndata.AnnData(obs=table, var=pd.DataFrame(index=genes), obsm=obsm, **parts)

    return make


def with_value(counts, value, cell=4, gene=6):
    counts = counts.astype(float)
    counts[cell, gene] = value
    return counts


GRID = np.stack(np.divmod(np.arange(30), 6), axis=1)


def refused(adata, message, tracks=("markers",), expected=None):
    with pytest.raises(UserError, match=message) as error:
        check(adata, "mine", expected or {}, tracks)
    assert str(error.value).startswith("mine: ")
    assert "\n" not in str(error.value)


def test_a_sound_dataset_passes_unchanged(make, counts):
    adata = make(coords=GRID)
    expected = {"cells": 30, "genes": 8, "labels": {"B": 10, "NK": 10, "T": 10}}
    assert check(adata, "mine", expected, ["markers", "annotation", "svg"]) is adata
    assert check(make(), "mine", {"labels": 3}, ["markers"]).n_obs == 30
    assert check(make(np.log1p(counts), log=True), "mine", {}, ["markers"]).n_obs == 30


def test_spots_outside_all_layers_are_no_label(make, tmp_path):
    labels = np.array(["core", "rim", ""] * 10, dtype=object)
    adata = make(labels=labels, coords=GRID)
    assert check(adata, "mine", {"labels": {"core": 10, "rim": 10}}, ["svg"]).n_obs == 30
    assert check(adata, "mine", {"labels": 2}, ["svg"]).n_obs == 30
    adata.X = adata.layers["counts"].astype(float)
    adata.uns |= {"name": "mine", "scbench": {}}
    adata.write_h5ad(tmp_path / "mine.h5ad")
    assert facts("mine", tmp_path / "mine.h5ad")["labels"] == {"core": 10, "rim": 10}


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize(
    ("value", "rule"), [(np.nan, "finite. Got nan"), (np.inf, "finite. Got inf"), (-2, "not be negative. Got -2.0")]
)
def test_impossible_values_are_named_with_gene_and_cell(make, counts, log, value, rule):
    kind = "log1p values" if log else "counts"
    refused(make(with_value(counts, value), log=log), rf"{kind} must .*{rule} \(gene 'g6', cell 'c4'; 1 in all\)")


@pytest.mark.parametrize("position", [(0, 0), (29, 7), (13, 2)])
def test_the_offender_is_found_wherever_it_is(make, counts, position):
    cell, gene = position
    refused(make(with_value(counts, 0.25, cell, gene)), rf"integers.*Got 0.25 \(gene 'g{gene}', cell 'c{cell}'")


def test_counts_must_be_integers_of_32_bits(make, counts):
    refused(make(with_value(counts, 1.5)), r"counts must be integers.*option 'values'. Got 1.5 \(gene 'g6', cell 'c4'")
    refused(make(with_value(counts, 2.0**31)), r"at most 2147483647. Got 2147483648.0 \(gene 'g6', cell 'c4'")


@pytest.mark.filterwarnings("ignore:.*names are not unique")
def test_repeated_names_are_named(make, obs):
    refused(make(genes=[*"abcdefg", "a"]), r"1 gene names are not unique \(first: 'a'\)")
    refused(make(cells=["c1", *obs.index[1:]]), r"1 cell names are not unique \(first: 'c1'\)")


def test_empty_cells_are_left_out_and_empty_genes_kept_with_counted_warnings(make, counts, caplog):
    counts[[3, 5]] = 0
    counts[:, 2] = 0
    with caplog.at_level(logging.WARNING):
        adata = check(make(counts, coords=GRID), "mine", {"cells": 28, "genes": 8}, ["svg", "markers"])
    assert [name for name in ("c2", "c3", "c4", "c5") if name in adata.obs_names] == ["c2", "c4"]
    np.testing.assert_array_equal(adata.layers["counts"].toarray(), np.delete(counts, [3, 5], axis=0))
    assert len(adata.obsm["spatial"]) == 28
    assert "mine: 2 of 30 cells have no counts and are left out" in caplog.messages
    assert "mine: 1 of 8 genes are zero in every cell; they are kept" in caplog.messages


def test_a_dataset_without_any_value_is_refused(make, counts):
    refused(make(counts * 0), "none of the 30 cells has a value in any of the 8 genes")


@pytest.mark.parametrize("track", ["markers", "annotation"])
def test_labels_must_be_there(make, track):
    refused(make(labels=None), "no labels, which the markers and annotation tracks need", [track])
    refused(make(labels=[""] * 30), "no labels", [track])


def test_labels_that_are_all_missing_are_no_labels(make):
    adata = check(make(labels=[""] * 30, coords=GRID), "mine", {"labels": 0}, ["svg"])
    assert "label" not in adata.obs


def test_cells_without_label_are_counted(make, obs):
    labels = ["", "", *obs["cell_type"][2:]]
    refused(
        make(labels=labels),
        re.escape("2 of 30 cells have no label; label them or leave them out with `drop_labels: ['']`"),
    )


def test_classes_must_be_two_of_two_cells(make, obs):
    refused(make(labels=["rare", *obs["cell_type"][1:]]), "the class 'rare' has one cell.*drop_labels")
    refused(make(labels=["T"] * 30), "all cells have the label 'T'")
    assert check(make(labels=["rare", *obs["cell_type"][1:]], coords=GRID), "mine", {}, ["svg"]).n_obs == 30


def test_svg_needs_coordinates_that_are_sound(make):
    refused(make(), "no coordinates, which the svg track needs", ["svg"])
    bad = GRID.astype(float)
    bad[7, 1] = np.nan
    refused(make(coords=bad), r"coordinates must be finite. Got \[1.0, nan\] \(spot 'c7'\)", ["svg"])
    refused(make(coords=np.ones((30, 1))), r"2 or 3 columns. Got shape \(30, 1\)", ["svg"])
    refused(make(coords=np.ones((30, 4))), r"2 or 3 columns. Got shape \(30, 4\)", ["svg"])


@pytest.mark.parametrize("direction", [(1, 0), (0, 1), (3, -7)])
def test_spots_on_a_line_have_no_area(make, direction):
    line = 1e5 + np.arange(30)[:, None] * np.array(direction)
    refused(make(coords=line), "all 30 spots lie on one line", ["svg"])
    assert check(make(coords=line), "mine", {}, ["markers"]).n_obs == 30


def test_shared_positions_are_counted_and_allowed(make, caplog):
    coords = GRID.copy()
    coords[[1, 2]] = coords[0]
    with caplog.at_level(logging.WARNING):
        check(make(coords=coords), "mine", {}, ["svg"])
    assert "mine: 2 of 30 spots lie where another one lies" in caplog.messages


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"cells": 31}, "expected 31 cells. Found 30"),
        ({"genes": 9}, "expected 9 genes. Found 8"),
        ({"labels": 4}, "expected 4 labels. Found 3"),
        ({"labels": {"B": 10, "NK": 9, "DC": 2, "T": 10}}, r"'DC' 0 \(expected 2\), 'NK' 10 \(expected 9\)\.$"),
        ({"labels": {"B": 10, "NK": 10}}, r"`expected`: 'T' 10 \(expected 0\)\.$"),
    ],
)
def test_what_the_registry_expects_is_enforced(make, expected, message):
    refused(make(), message, expected=expected)
