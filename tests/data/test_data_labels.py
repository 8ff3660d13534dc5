"""Labels that lie in a file of their own."""

import csv
import gzip
import io

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench.data.labels import labels
from scbench.data.series_matrix import series_matrix
from scbench.errors import UserError


@pytest.fixture
def adata(counts, obs):
    return anndata.AnnData(obs=obs[[]].copy(), layers={"counts": sp.csr_matrix(counts)})


@pytest.fixture
def table(tmp_path, obs):
    """A table in another order than the cells', with cells that the matrix does not have."""
    table = obs.assign(age=np.arange(30) / 2).rename_axis("CellName").reset_index()
    more = table.iloc[:3].assign(CellName=["z1", "z2", "z3"])
    path = tmp_path / "labels.csv"
    pd.concat([table, more]).sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


OPTIONS = {"cell": "CellName", "columns": {"label": "cell_type", "age": "age", "who": "donor"}}


def test_cells_are_found_by_name(adata, table, counts, obs):
    found = labels(adata, table, **OPTIONS)
    assert found.obs["label"].tolist() == obs["cell_type"].tolist()
    assert found.obs["age"].tolist() == [i / 2 for i in range(30)]
    assert found.obs["who"].tolist() == obs["donor"].tolist()
    assert found.obs_names.tolist() == list(obs.index)
    np.testing.assert_array_equal(found.layers["counts"].toarray(), counts)
    assert found.uns["labels"] == {"matched": 30, "unmatched": 0}


def test_cells_that_the_file_does_not_name_are_left_out(adata, table, counts, obs, caplog):
    fields = pd.read_csv(table)
    fields[~fields["CellName"].isin(["c0", "c7", "c29"])].to_csv(table, index=False)
    caplog.set_level("INFO")
    found = labels(adata, table, **OPTIONS)
    kept = [i for i in range(30) if i not in {0, 7, 29}]
    np.testing.assert_array_equal(found.layers["counts"].toarray(), counts[kept])
    assert found.obs["label"].tolist() == obs["cell_type"].iloc[kept].tolist()
    assert found.uns["labels"] == {"matched": 27, "unmatched": 3}
    assert "labels.csv names 27 of the 30 cells" in caplog.text
    assert labels(adata, table, least=0.9, **OPTIONS).n_obs == 27  # just enough
    with pytest.raises(UserError, match=r"labels\.csv names 27 of 30 cells \(90%; at least 95% are needed\)"):
        labels(adata, table, least=0.95, **OPTIONS)


def test_too_few_show_an_example(adata, table):
    adata.obs_names = [f"{name}-1" for name in adata.obs_names]
    with pytest.raises(UserError, match=r"names 0 of 30 cells .*the first that it lacks: '[cz][0-9]+', 'c0-1'\."):
        labels(adata, table, **OPTIONS)
    found = labels(adata, table, matrix_regex="^(.*)-1$", **OPTIONS)
    assert found.obs_names[3] == "c3-1"
    assert found.uns["labels"]["matched"] == 30


def test_names_of_both_are_cut(adata, tmp_path, obs):
    """Muraro: R wrote dots for dashes, and no heading above the names."""
    adata.obs_names = [f"D{i // 10}-{i % 10}_7" for i in range(30)]
    lines = ["x", *(f'"D{i // 10}.{i % 10}_7"\t"{kind}"' for i, kind in enumerate(obs["cell_type"]))]
    (tmp_path / "l.csv").write_text("\n".join([*lines, '"ERCC"\t"none"', '"ERCC"\t"twice"']))
    regex = dict.fromkeys(("cell_regex", "matrix_regex"), "^(D[0-9])[.-]([0-9])_(7)$")
    options = {"separator": "tab", "cell": 0, "columns": {"label": "x"}}
    found = labels(adata, tmp_path / "l.csv", **options, **regex)
    assert found.obs["label"].tolist() == obs["cell_type"].tolist()
    adata.obs_names = ["EMPTY", *adata.obs_names[1:]]  # matched by no expression, so it has no partner
    assert labels(adata, tmp_path / "l.csv", **options, **regex).n_obs == 29


def test_coordinates_come_along(adata, tmp_path):
    """Slide-seq: places of beads in a file of their own."""
    beads = pd.DataFrame({"barcodes": adata.obs_names, "xcoord": np.arange(30) / 7, "ycoord": 1.5})
    beads.to_csv(tmp_path / "beads.csv", index=False)
    found = labels(adata, tmp_path / "beads.csv", cell="barcodes", spatial=["xcoord", "ycoord"])
    np.testing.assert_array_equal(found.obsm["spatial"], beads[["xcoord", "ycoord"]])
    beads.assign(ycoord="?").to_csv(tmp_path / "beads.csv", index=False)
    with pytest.raises(UserError, match=r"coordinates must be numbers. Got '\?' in 'ycoord' \(30 in all\)"):
        labels(adata, tmp_path / "beads.csv", cell="barcodes", spatial=["xcoord", "ycoord"])


def test_without_names_the_order_counts(adata, tmp_path, obs):
    """The benchmark bundle of Abdelaal: a column of labels and nothing else."""
    obs["cell_type"].rename("x").to_csv(tmp_path / "Labels.csv", index=False)
    found = labels(adata, tmp_path / "Labels.csv", columns={"label": "x"})
    assert found.obs["label"].tolist() == obs["cell_type"].tolist()
    with pytest.raises(UserError, match=r"Labels\.csv has 30 rows and the matrix 29 cells; the rows are taken in"):
        labels(adata[1:], tmp_path / "Labels.csv", columns={"label": "x"})


def test_an_sdrf_repeats_a_cell_for_each_of_its_runs(adata, tmp_path, obs):
    head = [
        "Source Name",
        "Characteristics [cell type]",
        "Term Source REF",
        "Characteristics [individual]",
        "Term Source REF",
    ]
    lines = [
        [name, kind, "EFO", who, "EFO"]
        for name, kind, who in zip(obs.index, obs["cell_type"], obs["donor"], strict=True)
    ]
    runs = [[*line, f"run_{i}"] for line in lines for i in (1, 2)]
    pd.DataFrame(runs, columns=[*head, "Comment [ENA_RUN]"]).to_csv(tmp_path / "s.sdrf.txt", sep="\t", index=False)
    columns = {"label": "Characteristics [cell type]", "donor": "Characteristics [individual]"}
    options = {"cell": "Source Name", "columns": columns}
    found = labels(adata, tmp_path / "s.sdrf.txt", **options)
    assert found.obs["label"].tolist() == obs["cell_type"].tolist()
    with pytest.raises(UserError, match=r"30 names of cells in the file repeat an earlier one \(first: 'c0'\)"):
        labels(adata, tmp_path / "s.sdrf.txt", cell="Source Name", columns=columns | {"run": "Comment [ENA_RUN]"})


def test_names_must_be_unique(adata, table):
    with pytest.raises(UserError, match=r"labels\.csv: 3 names of cells in the file repeat an earlier one \(first: '"):
        labels(adata, table, cell="CellName", columns={"label": "cell_type"}, cell_regex="^.([0-9]+)$")
    with pytest.raises(UserError, match=r"20 names of cells in the matrix repeat an earlier one \(first: '0'\)"):
        labels(adata, table, matrix_regex="^c[0-9]?([0-9])$", **OPTIONS)


def test_text_stays_text(adata, tmp_path, obs):
    """NA is a label like another, and only what is all numbers becomes numbers."""
    kinds = ["NA", "007", "1_000"] * 10
    table = pd.DataFrame({"name": obs.index, "kind": kinds, "code": kinds, "hba1c": ["5.1", "", "6.5"] * 10})
    table["long"] = [f"1234567890123456789{i}" for i in range(30)]
    table.to_csv(tmp_path / "l.csv", index=False)
    columns = {"label": "kind", "code": "code", "hba1c": "hba1c", "long": "long"}
    found = labels(adata, tmp_path / "l.csv", cell="name", columns=columns)
    assert found.obs["label"].tolist() == found.obs["code"].tolist() == kinds
    np.testing.assert_array_equal(found.obs["hba1c"], [5.1, np.nan, 6.5] * 10)
    assert found.obs["long"].tolist() == table["long"].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reader": "sdrf"}, "unknown reader 'sdrf'. Allowed: rda, series_matrix, table"),
        ({"cell": "Cell"}, "unknown column 'Cell'. Did you mean 'CellName'"),
        ({"cell": 9}, "unknown number of a column 9"),
        ({"columns": {"label": "type"}}, "unknown column 'type'. Did you mean 'cell_type'"),
        ({"columns": ["cell_type"]}, "'columns' maps names in obs to columns"),
        ({"spatial": ["x", "y"]}, "unknown column 'x'"),
        ({"least": 90}, "'least' parameter must be a number from 0 to 1. Got 90"),
        ({"separator": "pipe"}, "unknown separator 'pipe'"),
        ({"cell_regex": "["}, r"cell_regex: '\[' is no regular expression"),
        ({"matrix_regex": "c"}, "matrix_regex: 'c' has no group"),
        ({"colums": {}}, "labels: unknown option 'colums'"),
    ],
)
def test_what_is_wrong_is_named(adata, table, options, message):
    with pytest.raises(UserError, match=message):
        labels(adata, table, **OPTIONS | options)


def test_broken_files_are_named(adata, table, tmp_path):
    whole = gzip.compress(table.read_bytes() * 200)
    (tmp_path / "cut.csv").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "long.csv").write_text("CellName,cell_type,age,donor\nc0,T,1,x,extra\nc1,T,1,x\n")
    (tmp_path / "empty.csv").write_text("")
    for name in ("cut", "empty", "gone"):
        with pytest.raises(UserError, match=rf"{name}\.csv cannot be read as a table"):
            labels(adata, tmp_path / f"{name}.csv", **OPTIONS)
    with pytest.raises(UserError):
        labels(adata, tmp_path / "long.csv", **OPTIONS)


XIN = """!Series_title\t"RNA sequencing of single human islet cells"
!Series_sample_id\t"GSM1 GSM2 GSM3 "

!Sample_title\t"Pancreatic islet cell sample 1"\t"Pancreatic islet cell sample 2"\t"Pancreatic islet cell sample 10"
!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"
!Sample_characteristics_ch1\t"condition: T2D"\t"condition: non: diabetic"\t"condition: T2D"
!Sample_characteristics_ch1\t"age: 38"\t"cell subtype: beta"\t"age: 51"
!Sample_characteristics_ch1\t"cell subtype: alpha"\t""\t"cell subtype: PP"
!Sample_data_processing\t"one"\t"one"\t"one"
!Sample_data_processing\t"two"\t"two"\t"two"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"
!Sample_title\tnot a sample any more
"""


@pytest.mark.parametrize("compress", [False, True])
def test_a_series_matrix(tmp_path, compress):
    path = tmp_path / "GSE81608_series_matrix.txt.gz"
    path.write_bytes(gzip.compress(XIN.encode()) if compress else XIN.encode())
    found = series_matrix(path)
    assert found.to_dict("list") == {
        "title": [f"Pancreatic islet cell sample {i}" for i in (1, 2, 10)],
        "geo_accession": ["GSM1", "GSM2", "GSM3"],
        "condition": ["T2D", "non: diabetic", "T2D"],
        "age": ["38", "", "51"],
        "cell subtype": ["alpha", "beta", "PP"],
        "data_processing": ["one"] * 3,
    }
    adata = anndata.AnnData(np.ones((3, 2)), obs=pd.DataFrame(index=["Sample_10", "Sample_1", "Sample_2"]))
    options = {"reader": "series_matrix", "cell": "title", "columns": {"label": "cell subtype", "age": "age"}}
    options |= {"cell_regex": "sample ([0-9]+)$", "matrix_regex": "^Sample_([0-9]+)$"}
    found = labels(adata, path, **options)
    assert found.obs["label"].tolist() == ["PP", "alpha", "beta"]
    np.testing.assert_array_equal(found.obs["age"], [51, 38, np.nan])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no lines that start with !Sample_, as a GEO series matrix has"),
        ("ID_REF\tGSM1\n", "has no lines that start with !Sample_"),
        ('!Sample_title\t"a"\t"b"\n!Sample_x\t"a"\n', "!Sample_x has 1 fields. Expected one for each of 2 samples"),
    ],
)
def test_what_is_no_series_matrix_is_named(tmp_path, text, message):
    (tmp_path / "m.txt").write_text(text)
    with pytest.raises(UserError, match=message):
        series_matrix(tmp_path / "m.txt")


def test_a_series_matrix_that_was_cut_off_is_named(tmp_path):
    (tmp_path / "m.txt.gz").write_bytes(gzip.compress(b"!Sample_title\t" + b'"x"\t' * 99999)[:-30])
    with pytest.raises(UserError, match=r"m\.txt\.gz cannot be read as a GEO series matrix"):
        series_matrix(tmp_path / "m.txt.gz")


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0:", exclude_categories=["Z", "C"]), max_size=6)


@settings(deadline=None)
@given(
    rows=st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(FIELD, min_size=n, max_size=n), min_size=1, max_size=5))
)
def test_any_characteristics_come_back(tmp_path_factory, rows):
    """What a writer of tab-separated text with quotes writes is what the parser finds."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
    for i, row in enumerate(rows):
        writer.writerow(["!Sample_characteristics_ch1", *(f"key{i}: {value}" for value in row)])
    path = tmp_path_factory.mktemp("series") / "m.txt"
    path.write_text(text.getvalue().replace('"!Sample_characteristics_ch1"', "!Sample_characteristics_ch1"))
    assert series_matrix(path).to_dict("list") == {f"key{i}": row for i, row in enumerate(rows)}
