import gzip
import hashlib
import json
import tarfile
import zipfile

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.io import savemat

from scbench.data.facts import facts
from scbench.data.prepare import log1p_normalised, prepare
from scbench.errors import SkipRunError, UserError
from scbench.io import read_prepared

SPOTS = {"n_spots": 60, "n_genes": 40, "patterned": 0.2}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "prepared" / "set.h5ad"


@pytest.fixture
def simulated(entry):
    def make(generator="spatial:negative_binomial", params=SPOTS, **keys):
        keys = {"tracks": ["svg"]} | keys
        return entry(source={"type": "simulate", "generator": generator, "params": params}, **keys)

    return make


def assert_only(out):
    assert list(out.parent.iterdir()) == [out]


def log1p_of(counts, target):
    return np.log1p(counts / counts.sum(axis=1, keepdims=True) * target)


def test_round_trip(write_h5ad, entry, out, counts, obs):
    coords = np.random.default_rng(0).random((30, 2))
    about = {"options": {"columns": {"label": "cell_type", "batch": "batch", "donor": "donor"}}, "reference": "paper"}
    prepare("set", entry(**about), out, source=write_h5ad(counts, obsm={"spatial": coords}), seed=0)
    assert_only(out)
    logs, raw = read_prepared(out), read_prepared(out, "counts")
    np.testing.assert_array_equal(raw.X.toarray(), counts)
    assert raw.X.dtype == np.int32
    assert logs.X.dtype == np.float32
    np.testing.assert_allclose(logs.X.toarray(), log1p_of(counts, 1e4), rtol=1e-6)
    assert logs.cells.tolist() == obs.index.tolist()
    assert logs.genes.tolist() == [f"g{i}" for i in range(8)]
    assert logs.labels.tolist() == obs["cell_type"].tolist()
    assert {name: column.tolist() for name, column in logs.obs.items()} == {
        "batch": obs["batch"].tolist(),
        "donor": obs["donor"].tolist(),
    }
    np.testing.assert_array_equal(logs.coords, coords)
    with h5py.File(out) as file:
        assert file["uns/name"].asstr()[()] == "set"
        assert file["uns/scbench/title"].asstr()[()] == "A dataset"
        assert file["uns/scbench/reference"].asstr()[()] == "paper"
        assert file["uns/scbench/target_sum"][()] == 10000
        for group in ("X", "layers/counts"):
            assert file[group]["indices"].dtype == np.int32
            assert file[group]["indptr"].dtype == np.int32
            assert file[group]["data"].compression == "lzf"


@pytest.mark.parametrize(("target_sum", "target"), [(500, 500), (2.5, 2.5), ("median", None)])
def test_normalisation_is_the_dense_formula(counts, target_sum, target):
    X = log1p_normalised(sp.csr_matrix(counts), target_sum)
    expected = log1p_of(counts, target or np.median(counts.sum(axis=1)))
    np.testing.assert_allclose(X.toarray(), expected, rtol=1e-6)
    assert X.dtype == np.float32


def test_log1p_values_are_kept_and_counts_stay_unknown(write_h5ad, entry, out, counts):
    values = log1p_of(counts, 123).astype(np.float32)
    prepare("set", entry(options={"values": "log1p"}), out, source=write_h5ad(values), seed=0)
    np.testing.assert_array_equal(read_prepared(out).X.toarray(), values)
    with pytest.raises(SkipRunError, match="needs counts"):
        read_prepared(out, "counts")


def test_disorder_in_the_source_is_put_right(tmp_path, entry, out, counts, obs):
    """Unsorted indices, duplicates, explicit zeros and 64-bit indices all mean the same matrix."""
    rows, columns = np.indices(counts.shape).reshape(2, -1)
    order = np.random.default_rng(1).permutation(rows.size)
    order = order[np.argsort(rows[order], kind="stable")]
    twice = np.repeat(order, 2)
    data = np.stack([counts.ravel()[order] - 1, np.ones(order.size)], axis=1).ravel()
    indptr = np.arange(0, 2 * counts.size + 1, 2 * counts.shape[1])
    with h5py.File(tmp_path / "d.h5ad", "w") as file:
        anndata.io.write_elem(file, "/", anndata.AnnData(obs=obs, var=pd.DataFrame(index=list("abcdefgh"))))
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": counts.shape})
        group["data"], group["indices"], group["indptr"] = data, columns[twice].astype(np.int64), indptr
    prepare("set", entry(), out, source=tmp_path / "d.h5ad", seed=0)
    found = read_prepared(out, "counts").X
    np.testing.assert_array_equal(found.toarray(), counts)
    assert found.nnz == np.count_nonzero(counts)
    assert found.indices.dtype == np.int32
    assert all(np.all(np.diff(found[i].indices) > 0) for i in range(30))


CODE = """
import json, sys
from pathlib import Path
from scbench.data.prepare import prepare
entry, out, source = sys.argv[1:]
prepare("set", json.loads(entry), Path(out), source=Path(source) if source else None, seed=3)
"""


@pytest.mark.parametrize("kind", ["local", "simulate", "derive"])
def test_two_processes_write_the_same_bytes(kind, write_h5ad, entry, simulated, python, tmp_path, counts):
    if kind == "local":
        what, source = entry(), write_h5ad(counts)
    elif kind == "simulate":
        what, source = simulated(), ""
    else:
        source = tmp_path / "parent.h5ad"
        prepare("parent", entry(), source, source=write_h5ad(counts), seed=0)
        what = entry(source={"type": "derive", "from": "parent", "transform": "dropout", "params": {"rate": 0.2}})
    outs = [tmp_path / "one" / "set.h5ad", tmp_path / "two" / "set.h5ad"]
    for process in [python(CODE, json.dumps(what), out, source) for out in outs]:
        assert process.wait() == 0, process.stderr.read()
        process.stderr.close()
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_disk_that_fills_leaves_nothing(python, simulated, out):
    limit = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
"""
    what = simulated(params=SPOTS | {"n_spots": 3000})
    process = python(limit + CODE, json.dumps(what), out, "")
    message = process.communicate()[1]
    assert process.returncode == 1
    assert f"UserError: set: cannot write {out}" in message
    assert list(out.parent.iterdir()) == []


def test_leftovers_of_a_killed_run_are_cleaned_up(simulated, out):
    leftover = out.parent / ".set.h5ad.part"
    leftover.mkdir(parents=True)
    (leftover / "set.h5ad").write_bytes(b"half")
    prepare("set", simulated(), out, source=None, seed=0)
    assert_only(out)
    assert read_prepared(out).X.shape == (60, 40)


def test_a_failure_keeps_the_previous_file(simulated, out):
    prepare("set", simulated(), out, source=None, seed=0)
    before = out.read_bytes()
    with pytest.raises(UserError, match=r"^set: expected 61 cells. Found 60"):
        prepare("set", simulated(expected={"cells": 61}), out, source=None, seed=0)
    assert_only(out)
    assert out.read_bytes() == before


def test_the_checksum_of_a_file_on_this_machine_is_verified(write_h5ad, entry, out, counts):
    path = write_h5ad(counts)
    good = hashlib.sha256(path.read_bytes()).hexdigest()
    prepare("set", entry(source={"type": "local", "sha256": good}), out, source=path, seed=0)
    with pytest.raises(UserError, match=f"^set: .*{good}. Expected {'0' * 64}"):
        prepare("set", entry(source={"type": "local", "sha256": "0" * 64}), out, source=path, seed=0)


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "gz"])
@pytest.mark.parametrize("member", [True, False])
def test_archives_are_unpacked(write_h5ad, entry, out, counts, tmp_path, kind, member):
    path = write_h5ad(counts)
    archive = tmp_path / f"d.h5ad.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            file.write(path, "folder/d.h5ad")
            if member:
                file.writestr("folder/readme.txt", "Hello")
    elif kind == "tar.gz":
        with tarfile.open(archive, "w:gz") as file:
            file.add(path, "folder/d.h5ad")
    else:
        archive.write_bytes(gzip.compress(path.read_bytes()))
    inside = {"member": "d.h5ad" if kind == "gz" else "folder/d.h5ad"} if member else {}
    prepare("set", entry(source={"type": "https"} | inside), out, source=archive, seed=0)
    np.testing.assert_array_equal(read_prepared(out, "counts").X.toarray(), counts)
    assert_only(out)


def test_the_files_of_a_wheel_are_found(entry, out, counts, obs, tmp_path):
    savemat(tmp_path / "m.mat", {"G": counts.T})
    savemat(tmp_path / "n.mat", {"names": obs[["cell_type"]].to_numpy()})
    wheel = tmp_path / "w.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.write(tmp_path / "m.mat", "pkg/m.mat")
        file.write(tmp_path / "n.mat", "pkg/n.mat")
    options = {"matrix": ["pkg/m.mat", "G"], "names": ["pkg/n.mat", "names"], "columns": {"label": 0}}
    prepare("set", entry(source={"type": "wheel"}, loader="mat", options=options), out, source=wheel, seed=0)
    found = read_prepared(out, "counts")
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.labels.tolist() == obs["cell_type"].tolist()


def test_members_that_are_not_there_are_named(write_h5ad, entry, out, counts, tmp_path):
    path = write_h5ad(counts)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.write(path, "d.h5ad")
        file.writestr("readme", "x")
    what = entry(source={"type": "https", "member": "e.h5ad"})
    with pytest.raises(UserError, match=r"^set: .*a\.zip has no member 'e\.h5ad'. Did you mean 'd\.h5ad'\?"):
        prepare("set", what, out, source=tmp_path / "a.zip", seed=0)
    with pytest.raises(UserError, match=r"d\.h5ad is not a zip, tar or gzip archive, so it has no member"):
        prepare("set", what, out, source=path, seed=0)
    with pytest.raises(UserError, match="unpacked_counts cannot be read as h5ad: it is a folder"):
        prepare("set", entry(), out, source=tmp_path / "a.zip", seed=0)
    assert list(out.parent.iterdir()) == []


def test_labels_are_dropped_before_the_checks(write_h5ad, entry, out, counts, obs):
    obs = obs.assign(cell_type=["rare", None, None, *obs["cell_type"][3:]])
    path = write_h5ad(counts, obs=obs)
    what = entry(drop_labels=["rare", ""], expected={"cells": 27, "labels": {"B": 9, "NK": 9, "T": 9}})
    prepare("set", what, out, source=path, seed=0)
    found = read_prepared(out, "counts")
    np.testing.assert_array_equal(found.X.toarray(), counts[3:])
    assert found.labels.tolist() == obs["cell_type"].tolist()[3:]
    with pytest.raises(UserError, match=r"^set: drop_labels: unknown label 'rar'. Did you mean 'rare'?"):
        prepare("set", entry(drop_labels=["rar"]), out, source=path, seed=0)


def test_derived_datasets_start_from_the_prepared_parent(write_h5ad, entry, out, counts, obs, tmp_path):
    parent = tmp_path / "parent.h5ad"
    options = {"columns": {"label": "cell_type", "donor": "donor"}}
    prepare("parent", entry(options=options), parent, source=write_h5ad(counts), seed=0)

    def derive(transform, **params):
        origin = {"type": "derive", "from": "parent", "transform": transform, "params": params}
        prepare("set", entry(source=origin, target_sum="median"), out, source=parent, seed=7)
        return read_prepared(out), read_prepared(out, "counts")

    logs, raw = derive("relabel", column="donor")
    assert logs.labels.tolist() == obs["donor"].tolist()
    np.testing.assert_array_equal(raw.X.toarray(), counts)
    logs, raw = derive("dropout", rate=0.25)
    thinned = raw.X.toarray()
    assert raw.X.nnz < np.count_nonzero(counts)
    np.testing.assert_allclose(logs.X.toarray(), log1p_of(thinned, np.median(thinned.sum(axis=1))), rtol=1e-6)
    np.testing.assert_array_equal(derive("dropout", rate=0.25, seed=7)[1].X.toarray(), thinned)
    assert (derive("dropout", rate=0.25, seed=8)[1].X != raw.X).nnz
    assert derive("subset", cells=20)[0].X.shape == (20, 8)
    with pytest.raises(UserError, match=r"^set: dropout: unknown option 'rat'. Did you mean 'rate'?"):
        derive("dropout", rat=0.1)


def test_a_simulated_truth_comes_through(simulated, out):
    prepare("set", simulated(target_sum="median"), out, source=None, seed=0)
    found = read_prepared(out)
    assert found.truth.sum() == 8
    assert found.coords.shape == (60, 2)
    assert found.labels is None
    first = out.read_bytes()
    prepare("set", simulated(target_sum="median"), out, source=None, seed=1)
    assert out.read_bytes() != first


def test_facts_count_patterns_and_controls(simulated, out):
    params = {"n_spots": 48, "n_patterned": 40, "n_null": 12}
    prepare("set", simulated("patterns:ten_patterns", params, controls="^gene[0-4]$"), out, source=None, seed=0)
    found = facts("set", out)
    assert found["patterned_genes"] == 40
    assert set(found["patterns"].values()) == {4}
    assert len(found["patterns"]) == 10
    assert found["controls"] == 5
    prepare("set", simulated(), out, source=None, seed=0)
    assert facts("set", out)["controls"] is None


@pytest.mark.parametrize(
    ("generator", "params", "message"),
    [
        ("spatail:negative_binomial", SPOTS, "no module 'spatail'. Did you mean 'spatial'?"),
        ("spatial:negative_binomal", SPOTS, "'spatial:negative_binomal'. Did you mean 'negative_binomial'?"),
        ("spatial:check_number", SPOTS, "unknown generator 'spatial:check_number'"),
        ("_counts:negative_binomial_counts", SPOTS, "no module '_counts'"),
        ("spatial:negative_binomial", SPOTS | {"n_spot": 1}, "unknown option 'n_spot'. Did you mean 'n_spots'?"),
        ("spatial:negative_binomial", {"n_spots": 10}, "the option 'n_genes' is missing"),
    ],
)
def test_generators_that_do_not_exist_are_named(simulated, out, generator, params, message):
    with pytest.raises(UserError, match=rf"^set: .*{message}"):
        prepare("set", simulated(generator, params), out, source=None, seed=0)
    assert list(out.parent.iterdir()) == []


@pytest.fixture
def table(tmp_path, counts, obs):
    """A table of counts, another of labels, and a table of common names, with the keys of an entry for them."""
    pd.DataFrame(counts, obs.index, [f"g{i}" for i in range(8)]).to_csv(tmp_path / "counts.csv")
    stated = obs.rename_axis("name").assign(cell_type=obs["cell_type"].replace("NK", "unclear"))
    stated.iloc[2:].to_csv(tmp_path / "labels.tsv", sep="\t")
    (tmp_path / "names.tsv").write_text(
        "source\tlabel\treason\nT\tlymphocyte\t\nB\tlymphocyte B\t\nunclear\t\tno type\n"
    )
    return {
        "loader": "table",
        "options": {"genes": "columns"},
        "labels": {"cell": "name", "columns": {"label": "cell_type", "donor": "donor"}},
        "harmonise": str(tmp_path / "names.tsv"),
    }


def test_labels_come_from_a_file_of_their_own(tmp_path, table, entry, out, counts, obs):
    paths = {"counts": tmp_path / "counts.csv", "labels": tmp_path / "labels.tsv"}
    source = {"type": "https", "files": {"counts": {}, "labels": {}}}
    prepare("set", entry(source=source, **table), out, source=paths, seed=0)
    found = read_prepared(out, "counts")
    kept = [i for i in range(2, 30) if obs["cell_type"].iloc[i] != "NK"]
    np.testing.assert_array_equal(found.X.toarray(), counts[kept])
    assert found.labels.tolist() == [{"T": "lymphocyte", "B": "lymphocyte B"}[obs["cell_type"].iloc[i]] for i in kept]
    assert found.obs["donor"].tolist() == obs["donor"].iloc[kept].tolist()
    with h5py.File(out) as file:
        assert file["uns/scbench/labels_matched"][()] == 28
        assert file["uns/scbench/labels_unmatched"][()] == 2
    assert_only(out)


def test_labels_may_lie_in_the_archive_of_the_counts(tmp_path, table, entry, out, counts):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "counts.csv", "Intra/Baron/counts.csv")
        archive.write(tmp_path / "labels.tsv", "Intra/Baron/Labels.tsv")
    table["labels"] |= {"file": "counts", "member": "Intra/Baron/Labels.tsv"}
    for source in (
        {"type": "https", "member": "Intra/Baron/counts.csv"},
        {"type": "https", "files": {"counts": {"member": "Intra/Baron/counts.csv"}}},
    ):
        prepare("set", entry(source=source, **table), out, source=tmp_path / "all.zip", seed=0)
        assert read_prepared(out, "counts").X.shape == (19, 8)
    table["labels"] |= {"member": "Intra/Baron/labels.csv"}
    with pytest.raises(UserError, match=r"^set: .*all\.zip has no member .*Did you mean 'Intra/Baron/Labels\.tsv'\?"):
        prepare("set", entry(source=source, **table), out, source=tmp_path / "all.zip", seed=0)


def test_each_of_several_files_has_its_checksum_and_its_role(tmp_path, table, entry, out):
    paths = {"counts": tmp_path / "counts.csv", "labels": tmp_path / "labels.tsv"}
    source = {"type": "https", "files": {"counts": {}, "labels": {"sha256": "0" * 64}}}
    with pytest.raises(UserError, match=rf"^set: .*labels\.tsv: the sha256 is .*Expected {'0' * 64}"):
        prepare("set", entry(source=source, **table), out, source=paths, seed=0)
    table["labels"]["file"] = "label"
    source = {"type": "https", "files": {"counts": {}, "labels": {}}}
    with pytest.raises(UserError, match=r"^set: unknown file 'label'. Did you mean 'labels'\?"):
        prepare("set", entry(source=source, **table), out, source=paths, seed=0)
    assert list(out.parent.iterdir()) == []


def test_parts_are_members_that_match_a_pattern(tmp_path, entry, out, counts, obs):
    for name, rows in {"a": slice(0, 12), "b": slice(12, 30)}.items():
        folder = tmp_path / "zip" / f"part_{name}"
        folder.mkdir(parents=True)
        pd.DataFrame(counts[rows], obs.index[rows], [f"g{i}" for i in range(8)]).to_csv(folder / "counts.csv")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (tmp_path / "zip").rglob("*.csv"):
            archive.write(path, path.relative_to(tmp_path / "zip"))
        archive.writestr("readme.txt", "x")
    keys = {"source": {"type": "https"}, "loader": "table", "options": {"genes": "columns"}, "tracks": []}
    parts = {"members": "*/counts.csv", "name": "part_(.)/", "column": "batch"}
    prepare("set", entry(**keys, parts=parts), out, source=tmp_path / "all.zip", seed=0)
    found = read_prepared(out, "counts")
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.obs["batch"].tolist() == ["a"] * 12 + ["b"] * 18
    with pytest.raises(UserError, match=r"^set: .*all\.zip has no members '\*/umis\.csv'"):
        prepare("set", entry(**keys, parts=parts | {"members": "*/umis.csv"}), out, source=tmp_path / "all.zip", seed=0)
    path = tmp_path / "zip" / "part_a" / "counts.csv"
    with pytest.raises(UserError, match=r"^set: .*counts\.csv is not a zip, tar or gzip archive, so it has no members"):
        prepare("set", entry(**keys, parts=parts), out, source=path, seed=0)
    with pytest.raises(UserError, match=r"^set: parts: the option 'members' is missing"):
        prepare("set", entry(**keys, parts={"column": "batch"}), out, source=tmp_path / "all.zip", seed=0)
