import os

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scbench.atomic import atomic, read_json, write_json
from scbench.errors import SkipRunError, UserError
from scbench.io import read_prepared, read_table, write_table

NAMES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\0"), min_size=1, max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(NAMES, st.floats(allow_nan=False, allow_infinity=False)), min_size=1, max_size=8))
def test_tables_come_back_exactly(tmp_path, rows):
    table = pd.DataFrame(rows, columns=["gene", "value"])
    write_table(table, tmp_path / "table.tsv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.tsv"), table)


def test_names_stay_text_whatever_they_look_like(tmp_path):
    table = pd.DataFrame({"class": ["1", "NA", "nan", "", "1e5"], "value": [1.5, np.nan, 0.1 + 0.2, 1e-300, 2]})
    write_table(table, tmp_path / "table.tsv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.tsv"), table)


def test_a_block_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail():
        with atomic(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_json_is_sorted_and_refuses_nan(tmp_path):
    write_json({"b": 1, "a": [1.5, None]}, tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text().index('"a"') < (tmp_path / "x.json").read_text().index('"b"')
    assert read_json(tmp_path / "x.json") == {"a": [1.5, None], "b": 1}
    with pytest.raises(ValueError, match="JSON"):
        write_json({"x": float("nan")}, tmp_path / "y.json")
    assert not (tmp_path / "y.json").exists()


def test_reading_agrees_with_anndata(tmp_path):
    rng = np.random.default_rng(0)
    X = sp.random(20, 10, 0.3, "csr", dtype=np.float32, rng=rng)
    labels = pd.Categorical(rng.choice(["é", "b c", "1"], 20))
    obs = pd.DataFrame({"label": labels, "depth": rng.random(20)}, index=[f"cell {i}" for i in range(20)])
    var = pd.DataFrame({"spatial": rng.random(10) < 0.5}, index=[f"gene{i}" for i in range(10)])
    var["shape"] = pd.Categorical(np.where(var["spatial"], "streak", ""))
    adata = ad.AnnData(X, obs=obs, var=var, obsm={"spatial": rng.random((20, 2))})
    adata.write_h5ad(tmp_path / "a.h5ad")
    data = read_prepared(tmp_path / "a.h5ad")
    assert (data.X != X).nnz == 0
    assert data.labels.tolist() == labels.astype(str).tolist()
    assert data.cells.tolist() == obs.index.tolist()
    assert data.genes.tolist() == var.index.tolist()
    np.testing.assert_array_equal(data.coords, adata.obsm["spatial"])
    np.testing.assert_array_equal(data.truth, var["spatial"])
    assert data.shapes.tolist() == var["shape"].tolist()
    np.testing.assert_array_equal(data.obs["depth"], obs["depth"])
    with pytest.raises(SkipRunError, match="needs counts"):
        read_prepared(tmp_path / "a.h5ad", "counts")


def test_what_is_no_h5ad_or_not_sparse_is_named(tmp_path):
    (tmp_path / "text.h5ad").write_text("hello")
    with pytest.raises(UserError, match=r"text.h5ad cannot be read as h5ad"):
        read_prepared(tmp_path / "text.h5ad")
    ad.AnnData(np.eye(3, dtype=np.float32)).write_h5ad(tmp_path / "dense.h5ad")
    with pytest.raises(UserError, match=r"dense.h5ad: /X must be a CSR matrix"):
        read_prepared(tmp_path / "dense.h5ad")
