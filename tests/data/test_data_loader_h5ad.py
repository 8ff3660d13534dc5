"""Parts of h5ad files: by blocks, without what is not asked for, broken, and of older versions of anndata."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.data.loaders import blocks, h5ad
from scbench.errors import UserError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Several blocks even of small matrices."""
    monkeypatch.setattr(blocks, "BLOCK", 20)


@pytest.fixture
def spoil(write_h5ad, counts):
    """Write a file and change what is in it."""

    def spoil(change):
        path = write_h5ad(counts, layers={"other": sp.csr_matrix(counts + 1)})
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return spoil


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, np.asarray])
@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_blocks_make_the_whole(tmp_path, counts, obs, form, dtype):
    counts[7:16] = 0
    adata = anndata.AnnData(obs=obs, layers={"n": form(counts.astype(dtype)), "half": form(counts / 2)})
    adata.write_h5ad(tmp_path / "d.h5ad")
    found = h5ad(tmp_path / "d.h5ad", matrix="layers/n").layers["counts"]
    np.testing.assert_array_equal(found.toarray(), counts)
    assert (found.dtype, found.indices.dtype, found.indptr.dtype) == (np.int32,) * 3
    assert found.has_canonical_format
    assert found.nnz == np.count_nonzero(counts)
    linear = h5ad(tmp_path / "d.h5ad", matrix="layers/half", values="linear").layers["linear"]
    assert linear.dtype == np.float32
    np.testing.assert_array_equal(linear.toarray(), counts / 2)


def test_a_value_that_is_no_count_in_one_block_is_kept_for_the_checks(write_h5ad, counts):
    matrix = counts.astype(float)
    matrix[20, 3] = 0.5
    np.testing.assert_array_equal(h5ad(write_h5ad(matrix)).layers["counts"].toarray(), matrix)


def test_what_is_not_asked_for_is_not_read(spoil, counts, obs):
    def change(file):
        for name in ("layers/other", "obs/batch", "var/_index"):
            file[name].attrs["encoding-type"] = "of tomorrow"
        file["var/names"] = file["obs/_index"][:8]
        file["var/names"].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
        file["var"].attrs["column-order"] = ["names"]

    path = spoil(change)
    found = h5ad(path, columns={"who": "donor"}, genes="names")
    np.testing.assert_array_equal(found.layers["counts"].toarray(), counts)
    assert found.obs["who"].tolist() == obs["donor"].tolist()
    assert found.var_names.tolist() == obs.index[:8].tolist()
    for options in ({"columns": {"b": "batch"}, "genes": "names"}, {"matrix": "layers/other", "genes": "names"}, {}):
        with pytest.raises(UserError, match=r"d\.h5ad cannot be read as h5ad: .*of tomorrow"):
            h5ad(path, **options)


def _put(name, place, value):
    def change(file):
        file[name][place] = value

    return change


def _shape(*shape):
    return lambda file: file["X"].attrs.update({"shape": shape})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_put("X/indices", 40, 8), "cannot be read as h5ad: .*ind"),
        (_put("X/indices", 40, -1), "cannot be read as h5ad: .*ind"),
        (_put("X/indptr", 3, 100), "cannot be read as h5ad: indptr must have 31 values .* do not fall"),
        (_put("X/indptr", 30, 10**6), "cannot be read as h5ad: .*index pointer"),
        (_put("X/indptr", 0, 1), "cannot be read as h5ad: indptr .* start with 0"),
        (_shape(29, 8), "cannot be read as h5ad: indptr must have 30 values"),
        (_shape(30, 9), "X is 30 x 9, but there are 30 cells and 8 genes"),
        (lambda file: file["X"].pop("data"), "cannot be read as h5ad: .*data"),
    ],
)
def test_a_broken_matrix_is_named(spoil, change, message):
    with pytest.raises(UserError, match=message):
        h5ad(spoil(change))


@pytest.mark.filterwarnings("ignore:.*was written without encoding metadata")
def test_frames_of_anndata_0_7_are_understood(spoil, counts, obs):
    def change(file):
        frame = file["obs"]
        for name in ("cell_type", "donor"):
            values = pd.Categorical(obs[name])
            del frame[name]
            frame[f"__categories/{name}"] = values.categories.to_numpy(dtype=object)
            frame[name] = values.codes
            frame[name].attrs["categories"] = frame[f"__categories/{name}"].ref
        frame.attrs["encoding-version"] = "0.1.0"

    found = h5ad(spoil(change), columns={"label": "cell_type", "lot": "batch", "who": "donor"})
    assert found.obs["label"].tolist() == obs["cell_type"].tolist()
    assert found.obs["lot"].tolist() == obs["batch"].tolist()
    assert found.obs["who"].tolist() == obs["donor"].tolist()
    np.testing.assert_array_equal(found.layers["counts"].toarray(), counts)
