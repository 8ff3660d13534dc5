"""Plain arrays in HDF5, and loom."""

import h5py
import numpy as np
import pytest

from scbench.data.loaders import blocks, hdf5, loom
from scbench.errors import UserError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Several blocks even of small arrays."""
    monkeypatch.setattr(blocks, "BLOCK", 20)


@pytest.fixture
def paul(tmp_path, counts, obs, genes):
    """Paul15: dotted names, genes in rows, two names per gene, numbers of clusters as floats, a list of good genes."""
    with h5py.File(tmp_path / "paul15.h5", "w") as file:
        file["data.debatched"] = counts.T.astype(float)
        file["data.debatched_rownames"] = np.array([f"{gene};{i}Rik" for i, gene in enumerate(genes)], dtype="S")
        file["data.debatched_colnames"] = np.array(list(obs.index), dtype="S")
        file["cluster.id"] = (np.arange(30) % 3 + 9.0).reshape(-1, 1)
        file["info.genes_strings"] = np.array([*genes[2:], "18-Sep", "nowhere"], dtype="S")
        file["few"] = np.arange(29)
        file["halves"] = counts / 2
        file["x"], file["y"] = np.arange(30), np.arange(30) ** 2.0
        file["outside"] = h5py.ExternalLink("other.h5", "/secret")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["secret"] = counts
    return tmp_path / "paul15.h5"


PAUL = {
    "matrix": "data.debatched",
    "genes": "rows",
    "gene": "data.debatched_rownames",
    "cell": "data.debatched_colnames",
    "gene_regex": "^([^;]*)",
    "keep": "info.genes_strings",
    "columns": {"label": "cluster.id"},
}


def test_paul15(through, paul, counts, obs, genes, tmp_path):
    found = through(paul, "hdf5", options=PAUL, tracks=["markers"])
    np.testing.assert_array_equal(found.X.toarray(), counts[:, 2:])
    assert found.genes.tolist() == genes[2:]
    assert found.cells.tolist() == list(obs.index)
    assert found.labels.tolist() == [str(i % 3 + 9) for i in range(30)]
    (tmp_path / "table.tsv").write_text("source\tlabel\treason\n9\tGMP\t\n10\tGMP\tsame\n11\tDC\t\n")
    found = through(paul, "hdf5", options=PAUL, tracks=["markers"], harmonise=str(tmp_path / "table.tsv"))
    assert found.labels.tolist() == ["GMP", "GMP", "DC"] * 10


def test_without_names_all_is_numbered(through, paul, counts):
    with h5py.File(paul, "a") as file:
        file["deep/X"] = counts.astype(np.uint8)
    found = through(
        paul, "hdf5", options={"matrix": "deep/X", "genes": "columns", "spatial": ["x", "y"]}, tracks=["svg"]
    )
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.X.nnz == np.count_nonzero(counts)
    assert found.genes.tolist() == [f"gene{i}" for i in range(8)]
    assert found.cells[29] == "cell29"
    np.testing.assert_array_equal(found.coords, np.column_stack([np.arange(30), np.arange(30) ** 2]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"matrix": "data.debatche"}, "unknown array 'data.debatche'. Did you mean 'data.debatched'"),
        ({"matrix": "x"}, "the array 'x' must have two dimensions. Got 1"),
        ({"matrix": "outside"}, "unknown array 'outside'"),
        ({"genes": "column"}, "unknown value of 'genes' 'column'"),
        ({"genes": "columns"}, "the array 'data.debatched_rownames' has 8 values. Expected 30"),
        ({"cell": "few"}, "the array 'few' has 29 values. Expected 30"),
        ({"columns": {"label": "few"}}, "the array 'few' has 29 values. Expected 30"),
        ({"columns": ["few"]}, "'columns' maps names in obs"),
        ({"gene_regex": "Rik(9)"}, r"gene_regex does not match the gene 'Actb;0Rik' \(8 in all\)"),
        ({"spatial": ["x", "data.debatched_colnames"]}, "coordinates must be numbers. Got 'c0'"),
        ({"key": "x"}, "hdf5: unknown option 'key'"),
    ],
)
def test_what_is_wrong_is_named(paul, options, message):
    with pytest.raises(UserError, match=message):
        hdf5(paul, **PAUL | options)


def test_names_that_are_shared_and_text_for_numbers(paul, genes):
    with h5py.File(paul, "a") as file:
        file["same"] = np.array(["a"] * 8, dtype="S")
        file["text"] = np.array([["a"] * 8] * 30, dtype="S")
    options = {"matrix": "halves", "genes": "columns", "gene": "same"}
    with pytest.raises(UserError, match="1 gene names are not unique"):
        hdf5(paul, **options)
    assert hdf5(paul, unique=True, **options).var_names[7] == "a-7"
    with pytest.raises(UserError, match=r"must be two-dimensional and hold numbers. Got 2 x 8 \|S1"):
        hdf5(paul, matrix="text", genes="columns")


@pytest.fixture
def osmfish(tmp_path, counts, obs, genes):
    """osmFISH: genes x cells in chunks, with names, labels and coordinates as attributes; one layer."""
    with h5py.File(tmp_path / "d.loom", "w") as file:
        file.create_dataset("matrix", data=counts.T.astype(np.float32), chunks=(3, 7), compression="gzip")
        file["row_attrs/Gene"] = np.array(genes, dtype=object)
        file["col_attrs/CellID"] = np.array(list(obs.index), dtype=object)
        file["col_attrs/ClusterName"] = np.array(list(obs["cell_type"]), dtype="S")
        file["col_attrs/Valid"] = np.arange(30) % 2
        file["col_attrs/X"], file["col_attrs/Y"] = np.arange(30) / 7, np.arange(30) ** 2 / 3
        file.create_group("row_graphs")
    return tmp_path / "d.loom"


def test_loom(through, osmfish, counts, obs, genes):
    options = {"columns": {"label": "ClusterName", "valid": "Valid"}, "spatial": ["X", "Y"]}
    found = through(osmfish, "loom", options=options, tracks=["svg", "markers"])
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.genes.tolist() == genes
    assert found.cells.tolist() == list(obs.index)
    assert found.labels.tolist() == obs["cell_type"].tolist()
    assert found.obs["valid"].tolist() == [i % 2 for i in range(30)]
    np.testing.assert_array_equal(found.coords, np.column_stack([np.arange(30) / 7, np.arange(30) ** 2 / 3]))


def test_what_is_wrong_with_a_loom_is_named(osmfish):
    with pytest.raises(UserError, match=r"unknown array 'col_attrs/Cluster'. Did you mean 'col_attrs/ClusterName'\?"):
        loom(osmfish, columns={"label": "Cluster"})
    with pytest.raises(UserError, match="unknown array 'row_attrs/Accession'"):
        loom(osmfish, gene="Accession")
    with pytest.raises(UserError, match="'columns' maps names in obs"):
        loom(osmfish, columns=["ClusterName"])
    whole = osmfish.read_bytes()
    osmfish.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"d\.loom cannot be read as HDF5"):
        loom(osmfish)
