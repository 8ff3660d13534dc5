"""Sheets of Excel workbooks."""

import zipfile

import numpy as np
import pandas as pd
import pytest

from scbench.data.loaders import molecules, xlsx
from scbench.errors import UserError


@pytest.fixture
def write(tmp_path):
    """Write a workbook of sheets without headings of their own."""

    def write(**sheets):
        with pd.ExcelWriter(tmp_path / "d.xlsx") as book:
            for name, fields in sheets.items():
                pd.DataFrame(fields).to_excel(book, sheet_name=name.replace("_", " "), header=False, index=False)
        return tmp_path / "d.xlsx"

    return write


@pytest.fixture
def shah(write, counts, genes):
    """Shah 2016, table S6: quoted genes in rows without a heading, and what is known of the cells in other sheets."""
    rows = [[f"'{gene}'", *counts[:, i]] for i, gene in enumerate(genes)]
    centroids = np.random.default_rng(0).integers(0, 1000, (30, 3))
    return write(Hippocampus_Counts=rows, Field_Vector=[[33] * 12 + [43] * 18], Centroids=centroids), centroids


OPTIONS = {
    "sheet": "Hippocampus Counts",
    "genes": "rows",
    "head": 0,
    "gene_regex": "^'(.*)'$",
    "beside": {"Field Vector": ["field"], "Centroids": ["x", "y", "z"]},
    "columns": {"field": "field", "z": "z"},
    "spatial": ["x", "y"],
}


def test_a_matrix_with_its_cells_in_other_sheets(through, shah, counts, genes):
    path, centroids = shah
    found = through(path, "xlsx", options=OPTIONS, tracks=["svg"])
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.genes.tolist() == genes
    assert found.cells.tolist() == [f"cell{i}" for i in range(30)]
    np.testing.assert_array_equal(found.coords, centroids[:, :2])
    assert found.obs["field"].tolist() == [33] * 12 + [43] * 18
    assert found.obs["z"].tolist() == centroids[:, 2].tolist()


@pytest.mark.parametrize("rows", ["rows", "columns"])
def test_headings_and_properties_in_the_sheet(through, write, counts, obs, genes, rows):
    head = ["cell", "type", *genes]
    fields = [head, *([name, kind, *row] for name, kind, row in zip(obs.index, obs["cell_type"], counts, strict=True))]
    if rows == "rows":
        fields = [list(line) for line in zip(*fields, strict=True)]
        options = {"first": 1, "head": 2, "columns": {"label": "type"}}
    else:
        options = {"first": 2, "columns": {"label": "type"}}
    found = through(write(S=fields), "xlsx", options=options | {"sheet": "S", "genes": rows}, tracks=["markers"])
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.genes.tolist() == genes
    assert found.cells.tolist() == list(obs.index)
    assert found.labels.tolist() == obs["cell_type"].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sheet": "Counts"}, "unknown sheet 'Counts'. .*Allowed: Centroids, Field Vector, Hippocampus Counts"),
        ({"beside": {"Field": ["field"]}}, "unknown sheet 'Field'"),
        ({"beside": {"Centroids": ["x", "y"]}}, "the sheet 'Centroids' has 30 x 3 fields. Expected 30 cells x 2"),
        ({"spatial": ["x", "w"]}, "unknown property of the cells 'w'"),
        ({"gene_regex": "(1)"}, r"gene_regex does not match the gene \"'Actb'\" \(7 in all\)"),
        ({"head": 8}, "has no rows below the 8 line"),
        (
            {"first": 31, "beside": {}, "spatial": None, "columns": {}},
            "has 31 columns, so none with values from column 31 on",
        ),
    ],
)
def test_what_is_wrong_is_named(shah, change, message):
    with pytest.raises(UserError, match=message):
        xlsx(shah[0], **OPTIONS | change)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("x", "the field in row 'b', column 'column 2' must be a number. Got 'x'"),
        (None, "the field in row 'b', column 'column 2' is empty"),
    ],
)
def test_fields_that_are_no_numbers(write, field, message):
    with pytest.raises(UserError, match=message):
        xlsx(write(S=[["a", 1, 2], ["b", 3, field], ["c", 5, 6]]), sheet="S", genes="rows", head=0)
    with pytest.raises(UserError, match="the sheet 'S' is empty"):
        xlsx(write(S=[]), sheet="S", genes="rows")


@pytest.fixture
def chen(counts, genes):
    """Chen 2015: a row for each molecule, in any order; cells are numbered anew in each experiment."""
    cells = [[1 + i // 15, "L26", i % 15] for i in range(30)]
    places = np.random.default_rng(1).normal(size=(30, 2))
    lines = [
        [*cells[i], *places[i], genes[j], 0.5 * k] for i in range(30) for j in range(8) for k in range(counts[i, j])
    ]
    np.random.default_rng(2).shuffle(lines)
    head = ["experiment", "library", "cellID", "CellPositionX", "CellPositionY", "geneName", "RNACentroidX"]
    return [head, *lines], places


MOLECULES = {
    "sheet": "S",
    "gene": "geneName",
    "cell": ["experiment", "cellID"],
    "columns": {"run": "experiment"},
    "spatial": ["CellPositionX", "CellPositionY"],
}


def test_molecules_are_counted(through, write, chen, counts, genes):
    lines, places = chen
    found = through(write(S=[list(map(str, line)) for line in lines]), "molecules", options=MOLECULES, tracks=["svg"])
    order = [f"{1 + i // 15}_{i % 15}" for i in range(30)]
    frame = pd.DataFrame(found.X.toarray(), found.cells, found.genes)
    np.testing.assert_array_equal(frame.loc[order, genes], counts)
    np.testing.assert_array_equal(pd.DataFrame(found.coords, found.cells).loc[order], places)
    assert [name.split("_")[0] for name in found.cells] == found.obs["run"].astype(str).tolist()


def test_molecules_of_a_cell_must_agree(write, chen):
    lines, _ = chen
    path = write(S=[list(map(str, line)) for line in lines])
    with pytest.raises(
        UserError, match=r"the molecules of the cell '[0-9]+' differ in 'experiment'. Expected one value"
    ):
        molecules(path, **MOLECULES | {"cell": ["cellID"], "spatial": None} | {"columns": {"run": "experiment"}})
    with pytest.raises(UserError, match=r"unknown column 'gene'. Did you mean 'geneName'\?"):
        molecules(path, **MOLECULES | {"gene": "gene"})


def test_files_that_are_no_workbook(through, write, tmp_path):
    whole = write(S=[["a", 1], ["b", 2]]).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.xlsx").write_text("a,1")
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", b" " * 20_000_000)
    for name in ("cut", "text"):
        with pytest.raises(UserError, match=rf"{name}\.xlsx cannot be read as an Excel workbook"):
            xlsx(tmp_path / f"{name}.xlsx", sheet="S", genes="rows")
    with pytest.raises(UserError, match=r"bomb\.xlsx would unpack to 20000000 bytes"):
        through(tmp_path / "bomb.xlsx", "xlsx", options={"sheet": "S", "genes": "rows"})
