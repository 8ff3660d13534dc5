"""Prepared datasets as one, and genes by the names that others give them."""

import gzip
import logging

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

from scbench.data.combine import combine
from scbench.data.gene_names import gene_names
from scbench.data.prepare import prepare
from scbench.errors import UserError
from scbench.io import read_prepared

FIRST = pd.DataFrame([[1, 2, 7], [0, 4, 0], [3, 0, 1]], ["a", "b", "c"], ["g0", "g1", "g2"])
SECOND = pd.DataFrame([[6, 0, 2], [1, 1, 5]], ["a", "z"], ["g2", "g9", "g0"])
SOURCE = {"type": "combine", "from": ["one", "two"], "column": "study"}


@pytest.fixture
def prepared(entry, tmp_path):
    """Prepare a table of values under a name."""

    def make(name, table, values="counts", **obs):
        table.assign(**obs)[[*obs, *table]].to_csv(tmp_path / f"{name}.csv")
        options = {"genes": "columns", "columns": {key: key for key in obs}, "first": 1 + len(obs), "values": values}
        keys = {"tracks": [], "source": {"type": "https"}, "loader": "table", "options": options}
        prepare(name, entry(**keys), tmp_path / f"{name}.h5ad", source=tmp_path / f"{name}.csv", seed=0)
        return tmp_path / f"{name}.h5ad"

    return make


def test_cells_of_all_with_the_genes_of_all(prepared, entry, tmp_path, caplog):
    caplog.set_level(logging.INFO, "scbench")
    paths = {
        "one": prepared("one", FIRST, label=["T", "B", "T"], donor=["x", "y", "x"], plate=[1, 2, 3]),
        "two": prepared("two", SECOND, label=["T cell", "B cell"], donor=["z", "z"]),
    }
    labels = tmp_path / "labels.tsv"
    labels.write_text("source\tlabel\treason\nT*\tT\tsame\nB*\tB\tsame\n")
    out = tmp_path / "both.h5ad"
    prepare("both", entry(source=SOURCE, harmonise=str(labels), tracks=[]), out, source=paths, seed=0)

    found = read_prepared(out, "counts")
    assert found.cells.tolist() == ["one_a", "one_c", "two_a", "two_z"], "b has nothing in the genes of all"
    counts = pd.DataFrame(found.X.toarray(), found.cells, found.genes)
    assert counts["g0"].tolist() == [1, 3, 2, 5]
    assert counts["g2"].tolist() == [7, 1, 6, 1]
    assert counts.shape == (4, 2)
    assert found.labels.tolist() == ["T", "T", "T", "B"]
    assert {name: list(values) for name, values in found.obs.items()} == {
        "study": ["one", "one", "two", "two"],
        "donor": ["x", "x", "z", "z"],
    }
    assert "together: 5 cells x 2 genes (of all)" in caplog.text
    logs = read_prepared(out)
    np.testing.assert_allclose(np.expm1(logs.X.toarray()).sum(axis=1), 1e4, rtol=1e-5)


def test_without_counts_values_are_normalised_anew(prepared, entry, tmp_path):
    paths = {
        "one": prepared("one", FIRST, label=["T", "B", "T"]),
        "two": prepared("two", SECOND * 0.37, "linear", label=["T", "B"]),
    }
    out = tmp_path / "both.h5ad"
    prepare("both", entry(source=SOURCE, tracks=[]), out, source=paths, seed=0)
    found = read_prepared(out)
    shares = pd.DataFrame(np.expm1(found.X.toarray()) / 1e4, found.cells, found.genes)
    np.testing.assert_allclose(shares["g0"], [1 / 8, 3 / 4, 2 / 8, 5 / 6], rtol=1e-5)
    with h5py.File(out) as file:
        assert not list(file["layers"])


def test_datasets_without_a_gene_of_all_are_an_error(prepared):
    paths = {"one": prepared("one", FIRST), "two": prepared("two", SECOND[["g9"]] + 1)}
    with pytest.raises(UserError, match="parts: no gene is in all of one, two; do they name"):
        combine(paths, column="study")


# --- names of genes ---------------------------------------------------------------------------------------------------

TABLE = """#tax_id	GeneID	Symbol	description
9606	1	A1BG	an "odd one
9606	2	A2M	-
9606	9	TWIN	-
9606	10	TWIN	-
"""


def numbered(*genes):
    return anndata.AnnData(np.ones((2, len(genes)), np.float32), var=pd.DataFrame(index=list(genes)))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "gene_info.gz"
    path.write_bytes(gzip.compress(TABLE.encode()))
    return path


def test_genes_get_the_names_of_a_table(table):
    found = gene_names(numbered("2", "9", "1", "77", "10"), table, gene="GeneID", name="Symbol")
    assert found.var_names.tolist() == ["A2M", "9", "A1BG", "77", "10"], "a name of two genes is given to neither"
    assert found.var["gene_ids"].tolist() == ["2", "9", "1", "77", "10"]


@pytest.mark.parametrize(
    ("genes", "options", "message"),
    [
        (["1", "5", "6"], {}, r"names 1 of 3 genes \(at least 50% are needed\). The first that it lacks: '5'"),
        (["1"], {"gene": "GenID"}, "unknown column 'GenID'. Did you mean 'GeneID'"),
        (["1"], {"gene": "#tax_id"}, "gives more than one name to the gene '9606'"),
        (["1"], {"least": 2}, "'least' parameter must be a number from 0 to 1. Got 2"),
        (["1"], {"nam": 2}, "gene_names: unknown option 'nam'. Did you mean 'name'"),
    ],
)
def test_what_is_wrong_with_names_is_named(table, genes, options, message):
    with pytest.raises(UserError, match=message):
        gene_names(numbered(*genes), table, **{"gene": "GeneID", "name": "Symbol"} | options)


def test_an_entry_names_genes_by_a_file(entry, table, tmp_path):
    pd.DataFrame([[3, 1], [0, 2]], ["x", "y"], ["1", "2"]).to_csv(tmp_path / "counts.csv")
    source = {"type": "https", "files": {"counts": {}, "genes": {}}}
    options = {"genes": "columns", "first": 1}
    what = entry(
        source=source, loader="table", options=options, tracks=[], gene_names={"gene": "GeneID", "name": "Symbol"}
    )
    prepare("set", what, tmp_path / "set.h5ad", source={"counts": tmp_path / "counts.csv", "genes": table}, seed=0)
    assert read_prepared(tmp_path / "set.h5ad").genes.tolist() == ["A1BG", "A2M"]
