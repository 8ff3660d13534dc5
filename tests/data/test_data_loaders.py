import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.io import savemat

from scbench.data.loaders import LOADERS, h5ad, mat
from scbench.errors import UserError


def cell_array(strings):
    """Make a MATLAB cell array: an object array that loadmat gives back as one-element arrays."""
    return np.array(strings, dtype=object)


@pytest.fixture
def folder(tmp_path, counts, obs):
    data = tmp_path / "data"
    data.mkdir()
    savemat(data / "counts.mat", {"G": counts.T.astype(np.uint16), "S": sp.csc_matrix(counts.T.astype(float))})
    savemat(data / "logs.mat", {"L": np.log1p(counts.T.astype(float)), "cube": np.zeros((2, 3, 4))})
    names = cell_array(obs[["cell_type", "donor"]].to_numpy())
    totals = counts.sum(axis=1)
    scaled = np.round(np.log1p(counts / totals[:, None] * 1e4), 4).astype(np.float32)
    empty = cell_array(obs[["cell_type"]].to_numpy())
    empty[3, 0] = ""
    savemat(
        data / "names.mat",
        {"names": names, "numbers": np.stack([np.arange(30) % 3, totals], axis=1), "empty": empty, "few": names[:-1]},
    )
    savemat(data / "scaled.mat", {"T": scaled.T})
    return tmp_path


def dense(adata):
    return adata.layers["counts"].toarray()


@pytest.mark.parametrize(
    ("matrix", "values", "more"),
    [
        (["data/counts.mat", "G"], "counts", {}),
        (["data/counts.mat", "S"], "counts", {}),
        (["data/logs.mat", "L"], "log1p_counts", {}),
        (["data/scaled.mat", "T"], "log1p_of_total", {"names": ["data/names.mat", "numbers"], "total": "n"}),
    ],
)
def test_mat_restores_the_counts_exactly(folder, counts, matrix, values, more):
    columns = {"label": 0, "n": 1} if more else None
    adata = mat(folder, matrix=matrix, values=values, columns=columns, **more)
    matrix = adata.layers["counts"]
    assert matrix.format == "csr"
    assert matrix.dtype == np.int32
    assert np.count_nonzero(matrix.data) == matrix.nnz == np.count_nonzero(counts)
    np.testing.assert_array_equal(dense(adata), counts)
    assert list(adata.obs_names[:2]) == ["cell0", "cell1"]
    assert list(adata.var_names) == [f"gene{i}" for i in range(8)]


def test_mat_keeps_log1p_values_where_counts_are_unknown(folder, counts):
    adata = mat(folder, matrix=["data/logs.mat", "L"], values="log1p")
    assert "counts" not in adata.layers
    assert adata.X.dtype == np.float32
    np.testing.assert_array_equal(adata.X.toarray(), np.log1p(counts).astype(np.float32))


def test_mat_reads_columns_of_a_cell_array_and_of_numbers(folder, obs):
    options = {"matrix": ["data/counts.mat", "G"]}
    adata = mat(folder, names=["data/names.mat", "names"], columns={"label": 0, "who": 1}, **options)
    assert adata.obs["label"].tolist() == obs["cell_type"].tolist()
    assert adata.obs["who"].tolist() == obs["donor"].tolist()
    adata = mat(folder, names=["data/names.mat", "numbers"], columns={"label": 0}, **options)
    assert adata.obs["label"].tolist() == [str(i % 3) for i in range(30)]


def test_mat_reads_a_single_file(folder, counts):
    np.testing.assert_array_equal(dense(mat(folder / "data" / "counts.mat", matrix="G")), counts)
    np.testing.assert_array_equal(dense(mat(folder / "data" / "logs.mat", matrix=["counts.mat", "G"])), counts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"matrx": "G"}, "mat: unknown option 'matrx'. Did you mean 'matrix'?"),
        ({"matrix": None}, "mat: the option 'matrix' is missing"),
        ({"values": "log1pcounts"}, "unknown value of 'values' 'log1pcounts'. Did you mean 'log1p_counts'?"),
        ({"values": "log1p_of_total"}, "option 'total' goes with 'values: log1p_of_total'"),
        ({"total": "n"}, "option 'total' goes with 'values: log1p_of_total'. Got 'values: counts'"),
        ({"matrix": ["data/gone.mat", "G"]}, "gone.mat is not a file"),
        ({"matrix": "G"}, "is not a file"),
        ({"matrix": ["data/counts.mat"]}, r"named as \[file, variable\]. Got \['data/counts.mat'\]"),
        ({"names": ["data/names.mat", "names"], "columns": [0]}, r"'columns' maps names.*Got \[0\] instead"),
        ({"matrix": ["data/counts.mat", "H"]}, "counts.mat: unknown variable 'H'. Allowed: G, S."),
        ({"matrix": ["data/logs.mat", "cube"]}, "must be two-dimensional and hold numbers. Got 4 x 3 x 2 float64"),
        ({"matrix": ["data/names.mat", "names"]}, "must be two-dimensional and hold numbers. Got 2 x 30 object"),
        ({"matrix": ["data/logs.mat", "L"], "values": "log1p_counts", "columns": {"label": 0}}, "'names' is missing"),
        ({"names": ["data/names.mat", "names"], "columns": {"label": 2}}, "unknown column 2. Allowed: 0, 1."),
        ({"names": ["data/names.mat", "few"], "columns": {"label": 0}}, "29 rows. Expected one for each of 30 cells"),
        ({"names": ["data/names.mat", "empty"], "columns": {"label": 0}}, "has fields that are empty"),
        ({"values": "log1p_counts", "matrix": ["data/scaled.mat", "T"]}, "Expected an integer; check 'values'"),
    ],
)
def test_mat_names_what_is_wrong(folder, options, message):
    options = {key: value for key, value in ({"matrix": ["data/counts.mat", "G"]} | options).items() if value}
    with pytest.raises(UserError, match=message):
        mat(folder, **options)


def test_mat_refuses_what_is_not_matlab(tmp_path):
    (tmp_path / "f.mat").write_bytes(b"\x00not a matrix" * 100)
    with pytest.raises(UserError, match=r"f\.mat cannot be read as a MATLAB file"):
        mat(tmp_path / "f.mat", matrix="G")


def test_h5ad_takes_labels_and_coordinates_by_default(write_h5ad, counts, obs):
    coords = np.random.default_rng(0).random((30, 2))
    adata = h5ad(write_h5ad(counts, obsm={"spatial": coords}))
    np.testing.assert_array_equal(dense(adata), counts)
    assert adata.layers["counts"].dtype == np.int32
    assert adata.obs["label"].tolist() == obs["cell_type"].tolist()
    assert list(adata.obs) == ["label"]
    np.testing.assert_array_equal(adata.obsm["spatial"], coords)
    assert list(adata.obs_names) == list(obs.index)


def test_h5ad_without_labels_or_coordinates(write_h5ad, counts, obs):
    adata = h5ad(write_h5ad(counts, obs=obs[[]]))
    assert list(adata.obs) == []
    assert "spatial" not in adata.obsm


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.uint8])
def test_h5ad_gives_int32_whatever_the_type(write_h5ad, counts, dtype):
    adata = h5ad(write_h5ad(counts.astype(dtype)))
    assert adata.layers["counts"].dtype == np.int32
    np.testing.assert_array_equal(dense(adata), counts)


def test_h5ad_leaves_what_is_no_int32_for_the_checks(write_h5ad, counts):
    for bad in (0.5, np.nan, 2.0**40):
        matrix = counts.astype(float)
        matrix[2, 3] = bad
        np.testing.assert_array_equal(dense(h5ad(write_h5ad(matrix))), matrix)


def test_h5ad_reads_layers_raw_and_other_keys(write_h5ad, counts, obs, tmp_path):
    import anndata

    path = write_h5ad(np.zeros((30, 8)), layers={"umi": sp.csr_matrix(counts)}, obsm={"xy": np.ones((30, 3))}, obs=obs)
    adata = anndata.read_h5ad(path)
    adata.raw = anndata.AnnData(sp.csr_matrix(counts[:, :3]), obs=adata.obs, var=pd.DataFrame(index=["r0", "r1", "r2"]))
    adata.write_h5ad(path)
    layer = h5ad(path, matrix="layers/umi", columns={"label": "donor", "lot": "batch"}, spatial="xy")
    np.testing.assert_array_equal(dense(layer), counts)
    assert layer.obs["label"].tolist() == obs["donor"].tolist()
    assert layer.obs["lot"].tolist() == obs["batch"].tolist()
    assert layer.obsm["spatial"].shape == (30, 3)
    raw = h5ad(path, matrix="raw")
    np.testing.assert_array_equal(dense(raw), counts[:, :3])
    assert list(raw.var_names) == ["r0", "r1", "r2"]


def test_h5ad_restores_counts_of_scaled_values(write_h5ad, counts, obs):
    totals = counts.sum(axis=1) + 50  # totals may include genes that are not in the matrix
    scaled = np.round(np.log1p(counts / totals[:, None] * 1e4), 3)
    adata = h5ad(write_h5ad(scaled, obs=obs.assign(n=totals)), values="log1p_of_total", total="n")
    np.testing.assert_array_equal(dense(adata), counts)
    with pytest.raises(UserError, match="Expected an integer; check 'values'"):
        h5ad(write_h5ad(scaled, obs=obs.assign(n=totals * 1.37)), values="log1p_of_total", total="n")
    with pytest.raises(UserError, match=r"totals in 'n' must be positive. Got 0"):
        h5ad(write_h5ad(scaled, obs=obs.assign(n=np.arange(30))), values="log1p_of_total", total="n")


def test_missing_labels_become_empty_and_missing_numbers_stay_missing(write_h5ad, counts, obs):
    obs = obs.assign(cell_type=obs["cell_type"].where(np.arange(30) > 3), age=pd.array([None] + [2] * 29, "Int64"))
    adata = h5ad(write_h5ad(counts, obs=obs), columns={"label": "cell_type", "age": "age"})
    assert adata.obs["label"].tolist()[:5] == ["", "", "", "", "NK"]
    assert adata.obs["age"].dtype == float
    assert adata.obs["age"].isna().tolist() == [True] + [False] * 29


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colums": {}}, "h5ad: unknown option 'colums'. Did you mean 'columns'?"),
        ({"columns": {"label": "celltype"}}, "unknown column 'celltype'. Did you mean 'cell_type'?"),
        ({"matrix": "raw"}, "unknown matrix 'raw'. Allowed: X, layers/umi."),
        ({"matrix": "layers/umis"}, "unknown matrix 'layers/umis'. Did you mean 'layers/umi'?"),
        ({"matrix": ["layers", "umi"]}, r"unknown matrix \['layers', 'umi'\]"),
        ({"columns": ["cell_type"]}, r"'columns' maps names.*Got \['cell_type'\] instead"),
        ({"columns": {"label": ["cell_type"]}}, r"unknown column \['cell_type'\]"),
        ({"spatial": "spatail"}, "unknown key of obsm 'spatail'. Did you mean 'spatial'?"),
        ({"values": "log1p_of_total", "total": "totals"}, "unknown column 'totals'"),
        ({"values": "raw"}, "unknown value of 'values' 'raw'"),
    ],
)
def test_h5ad_names_what_is_wrong(write_h5ad, counts, options, message):
    path = write_h5ad(counts, layers={"umi": sp.csr_matrix(counts)}, obsm={"spatial": np.ones((30, 2))})
    with pytest.raises(UserError, match=message):
        h5ad(path, **options)


@pytest.mark.filterwarnings("ignore:.*names are not unique")
def test_h5ad_names_that_repeat_are_named(write_h5ad, counts, obs):
    with pytest.raises(UserError, match=r"d\.h5ad: 2 gene names are not unique \(first: 'x', 'y'\)"):
        h5ad(write_h5ad(counts, genes=["x", "x", "y", "y", "y", "a", "b", "c"]))
    with pytest.raises(UserError, match=r"1 cell names are not unique \(first: 'c0'\)"):
        h5ad(write_h5ad(counts, obs=obs.rename(index={"c7": "c0"})))


@pytest.mark.filterwarnings("ignore:Element '/x' was written without encoding metadata")
def test_h5ad_refuses_other_files(tmp_path, write_h5ad, counts):
    (tmp_path / "text.h5ad").write_text("gene,cell\n")
    with h5py.File(tmp_path / "other.h5ad", "w") as file:
        file["x"] = 1
    whole = write_h5ad(counts).read_bytes()
    (tmp_path / "cut.h5ad").write_bytes(whole[: len(whole) // 2])
    for name in ("text", "cut", "other", "gone"):
        with pytest.raises(UserError, match=rf"{name}\.h5ad (cannot be read as h5ad|has no)"):
            h5ad(tmp_path / f"{name}.h5ad")
    with pytest.raises(UserError, match="cannot be read as h5ad"):
        h5ad(tmp_path)


def test_h5ad_without_any_matrix_says_so(write_h5ad):
    with pytest.raises(UserError, match="unknown matrix 'X'"):
        h5ad(write_h5ad(None))


def test_the_registry_knows_every_format():
    formats = {"h5ad", "hdf5", "loom", "mat", "molecules", "mtx", "table", "tenx_h5", "xlsx"}
    assert set(LOADERS) == formats
    assert all(LOADERS[name].__name__ == name for name in formats)


def test_h5ad_names_genes_by_a_column(write_h5ad, counts):
    import anndata

    path = write_h5ad(counts)
    adata = anndata.read_h5ad(path)
    adata.var["SYMBOL"] = pd.Categorical(["a", "a", *"bcdefg"])
    adata.write_h5ad(path)
    with pytest.raises(UserError, match=r"1 gene names are not unique \(first: 'a'\)"):
        h5ad(path, genes="SYMBOL")
    found = h5ad(path, genes="SYMBOL", unique=True)
    assert found.var_names.tolist() == ["a", "a-1", *"bcdefg"]
    np.testing.assert_array_equal(dense(found), counts)
    with pytest.raises(UserError, match=r"unknown column of the genes 'SYMBOLS'. Did you mean 'SYMBOL'\?"):
        h5ad(path, genes="SYMBOLS")
