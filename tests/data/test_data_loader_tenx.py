"""What Cell Ranger writes, of versions 2 and 3, as folder, archive and HDF5."""

import gzip
import tarfile

import h5py
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.io import mmwrite

from scbench.data.loaders import mtx, tenx_h5
from scbench.errors import UserError

IDS = [f"ENSG{i}" for i in range(8)]
SYMBOLS = ["ACTB", "HLA-A", "ACTB", "SOX2", "chr1:1-9", "NA", "chr1:20-30", "ACTB"]
UNIQUE = ["ACTB", "HLA-A", "ACTB-1", "SOX2", "chr1:1-9", "NA", "chr1:20-30", "ACTB-2"]
TYPES = np.where([name.startswith("chr") for name in SYMBOLS], "Peaks", "Gene Expression")
RNA = TYPES == "Gene Expression"


@pytest.fixture
def barcodes():
    return [f"ACGT{i}-1" for i in range(30)]


@pytest.fixture
def write_mtx(tmp_path, counts, barcodes):
    """Write the three files, nested as the archives of 10x are; files can be replaced or left out (None)."""

    def write(version=2, compress=False, **change):
        folder = tmp_path / "tenx" / "filtered_matrices_mex" / "hg19"
        folder.mkdir(parents=True)
        mmwrite(tmp_path / "m.mtx", sp.coo_matrix(counts.T), field="integer")
        features = [[*pair, kind] if version == 3 else pair for *pair, kind in zip(IDS, SYMBOLS, TYPES, strict=True)]
        files = {
            "matrix.mtx": (tmp_path / "m.mtx").read_text(),
            "barcodes.tsv": "\n".join(barcodes),
            "genes.tsv" if version == 2 else "features.tsv": "\n".join(map("\t".join, features)),
        }
        for name, text in (files | change).items():
            if text is not None:
                body = text.encode()
                (folder / (name + ".gz" if compress else name)).write_bytes(gzip.compress(body) if compress else body)
        return tmp_path / "tenx"

    return write


@pytest.fixture
def write_h5(tmp_path, counts, barcodes):
    def write(version=3):
        matrix = sp.csc_matrix(counts.T.astype(np.int32))
        with h5py.File(tmp_path / "d.h5", "w") as file:
            group = file.create_group("matrix" if version == 3 else "hg19")
            group["barcodes"] = np.array(barcodes, dtype="S")
            group["shape"] = np.array(matrix.shape, dtype=np.int32)
            group["data"], group["indices"], group["indptr"] = matrix.data, matrix.indices, matrix.indptr
            if version == 3:
                names = {"id": IDS, "name": SYMBOLS, "feature_type": TYPES, "genome": ["GRCh38"] * 8}
                for name, values in names.items():
                    group[f"features/{name}"] = np.array(values, dtype="S")
            else:
                group["genes"], group["gene_names"] = np.array(IDS, dtype="S"), np.array(SYMBOLS, dtype="S")
        return tmp_path / "d.h5"

    return write


def same(found, counts, names, barcodes):
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.X.nnz == np.count_nonzero(counts)
    assert found.X.dtype == np.int32
    assert found.genes.tolist() == list(names)
    assert found.cells.tolist() == barcodes


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("version", [2, 3])
def test_an_archive_of_three_files(through, tmp_path, write_mtx, counts, barcodes, version, compress):
    folder = write_mtx(version, compress)
    with tarfile.open(tmp_path / "d.tar.gz", "w:gz") as archive:
        archive.add(folder / "filtered_matrices_mex", "filtered_matrices_mex")
    found = through(tmp_path / "d.tar.gz", "mtx")
    if version == 2:
        same(found, counts, UNIQUE, barcodes)
    else:
        same(found, counts[:, RNA], np.array(UNIQUE)[RNA], barcodes)
    with h5py.File(tmp_path / "prepared" / "set.h5ad") as file:
        ids = file["var/gene_ids"].asstr()[:].tolist()
    assert ids == (IDS if version == 2 else np.array(IDS)[RNA].tolist())


def test_hdf5_of_both_versions(through, write_h5, counts, barcodes):
    same(through(write_h5(2), "tenx_h5"), counts, UNIQUE, barcodes)
    same(through(write_h5(3), "tenx_h5"), counts[:, RNA], np.array(UNIQUE)[RNA], barcodes)


@pytest.mark.parametrize("loader", ["mtx", "tenx_h5"])
def test_peaks_are_features_too(through, write_mtx, write_h5, counts, barcodes, loader):
    source = write_mtx(3) if loader == "mtx" else write_h5(3)
    load = mtx if loader == "mtx" else tenx_h5
    peaks = load(source, features="Peaks")
    np.testing.assert_array_equal(peaks.layers["counts"].toarray(), counts[:, ~RNA])
    assert peaks.var_names.tolist() == ["chr1:1-9", "chr1:20-30"]
    with pytest.raises(UserError, match=r"unknown type of features 'Peak'. Did you mean 'Peaks'\?"):
        load(source, features="Peak")


def test_ten_archives_are_ten_classes(through, tmp_path, write_mtx, counts, barcodes):
    """Zheng sorted: the file that a cell comes from is its label, and barcodes repeat."""
    folder = write_mtx()
    paths = {}
    for role in ("b_cells", "cd56_nk"):
        paths[role] = tmp_path / f"{role}.tar.gz"
        with tarfile.open(paths[role], "w:gz") as archive:
            archive.add(folder / "filtered_matrices_mex", "filtered_matrices_mex")
    keys = {"source": {"type": "https", "files": {role: {} for role in paths}}, "tracks": ["annotation"]}
    parts = {"members": ["b_cells", "cd56_nk"], "column": "label"}
    found = through(paths, "mtx", **keys, parts=parts | {"cell": "{part}_{cell}"})
    same(found, np.vstack([counts, counts]), UNIQUE, [f"{part}_{code}" for part in paths for code in barcodes])
    assert found.labels.tolist() == ["b_cells"] * 30 + ["cd56_nk"] * 30
    with pytest.raises(UserError, match=r"^set: parts: the cell 'ACGT0-1' is in more than one part; with 'cell: "):
        through(paths, "mtx", **keys, parts=parts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"matrix.mtx": None}, r"no file is named matrix\.mtx \(\.gz\)"),
        ({"genes.tsv": None}, r"no file is named features\.tsv or genes\.tsv"),
        ({"matrix.mtx.gz": ""}, r"2 files, .*matrix\.mtx and .*matrix\.mtx\.gz among them, are named matrix\.mtx"),
        ({"barcodes.tsv": "A\nB"}, "holds 8 genes x 30 cells, but there are names of 8 genes and 2 cells"),
        ({"genes.tsv": "ENSG1\tACTB"}, "holds 8 genes x 30 cells, but there are names of 1 genes and 30 cells"),
        ({"genes.tsv": ""}, r"genes\.tsv cannot be read as names"),
        ({"matrix.mtx": "8 30 1\n1 1 1"}, r"matrix\.mtx cannot be read as a sparse matrix"),
        (
            {"matrix.mtx": "%%MatrixMarket matrix coordinate integer general\n8 30 2\n1 1 1\n"},
            "cannot be read as a sparse",
        ),
        (
            {"matrix.mtx": "%%MatrixMarket matrix coordinate integer general\n8 30 1\n9 1 1\n"},
            "cannot be read as a sparse",
        ),
        (
            {"matrix.mtx": "%%MatrixMarket matrix coordinate integer general\n8 30 1\n1 1 x\n"},
            "cannot be read as a sparse",
        ),
        ({"barcodes.tsv": "\n".join(["A"] * 30)}, r"1 cell names are not unique \(first: 'A'\)"),
    ],
)
def test_what_is_wrong_with_the_three_files_is_named(write_mtx, change, message):
    with pytest.raises(UserError, match=message):
        mtx(write_mtx(**change))


def test_broken_files_are_named(write_mtx, write_h5, tmp_path):
    folder = write_mtx(compress=True)
    path = next(folder.rglob("matrix.mtx.gz"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"matrix\.mtx\.gz cannot be read as a sparse matrix"):
        mtx(folder)
    with pytest.raises(UserError, match=r"is not a folder. Expected one with matrix.mtx"):
        mtx(path)
    path = write_h5()
    whole = path.read_bytes()
    for content in (whole[:600], b"text"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"d\.h5 cannot be read as HDF5 of 10x Genomics"):
            tenx_h5(path)
    with h5py.File(path, "w") as file:
        file["x"] = [1]
    with pytest.raises(UserError, match=r"d\.h5 cannot be read as HDF5 of 10x Genomics"):
        tenx_h5(path)
