"""The authors' scGCO in its own environment: against its stored output, and our code from the same counts."""

import os
import subprocess

import isolated
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.errors import SkipRunError
from scbench.provenance import ROOT
from scbench.simulate.spatial import negative_binomial
from scbench.svg.scgco.pruned_graph import pruned_delaunay
from scbench.svg.scgco.released import SCGCOReleased
from scbench.svg.scgco_upstream import SCGCOUpstream
from scbench.svg.structure.released import cut_clusters, rebuild_released


def test_the_package_with_the_stand_in_for_pygco_gives_its_p_values(shared):
    with np.load(shared / "reference/scgco/seqfish_field43_input.npz") as data:
        X, coords, genes = sp.csr_matrix(data["counts"].astype(np.int32)), data["locs"].astype(float), data["genes"]
    found = isolated.table("scgco_upstream", X, coords, filters=False)
    stored = pd.read_csv(shared / "reference/scgco/seqfish_field43_scgco.csv", index_col="gene", keep_default_na=False)
    np.testing.assert_allclose(found["pvalue"], stored["p_value"].loc[genes], rtol=1e-9)
    np.testing.assert_allclose(found["qvalue"], stored["fdr"].loc[genes], rtol=1e-9)


def _spots():
    """Rich spots, so that few ratios of counts meet, but for three poor ones, and genes that the reader leaves out."""
    data = negative_binomial(n_spots=150, n_genes=50, patterned=0.2, fold_change=4.0, seed=3)
    X = (data.layers["counts"] * 7 + data.layers["counts"].astype(bool) * 5).tolil()
    X[:3, 2:], X[:3, 0] = 0, 2
    X[4:, 40], X[1:, 41], X[0, 41] = 0, 0, 2
    return X.tocsr(), data.obsm["spatial"]


def test_our_reimplementation_agrees_with_the_package_its_reader_included():
    """The mixtures depend on the last bits of logarithms, which are those of another numpy: see the reference test."""
    X, coords = _spots()
    theirs = isolated.table("scgco_upstream", X, coords)
    ours = SCGCOReleased().fit(X, coords, seed=0).table_
    tested = theirs["pvalue"].notna().to_numpy()
    np.testing.assert_array_equal(ours["pvalue"].notna(), tested)
    assert 40 < tested.sum() < 50, "the reader leaves genes out"
    p = np.log10(ours["pvalue"][tested].to_numpy()), np.log10(theirs["pvalue"][tested].to_numpy())
    assert np.isclose(*p, rtol=1e-6, atol=0).mean() > 0.9
    assert np.corrcoef(*p)[0, 1] > 0.98


def test_what_the_package_would_stop_at_is_said():
    X, coords = _spots()
    row, _, _ = isolated.run("scgco_upstream", X[:, :1], coords)
    assert row["status"] == "failed"
    assert "at least 2 genes that vary. Got 1 instead" in row["reason"]
    with pytest.raises(SkipRunError, match=r"2 dimensions. Got 3"):
        SCGCOUpstream().fit(X, np.column_stack([coords, coords[:, 0]]), seed=0)


_REBUILD = """
import sys
import numpy as np, pandas as pd
from scbench.svg.scgco_upstream import _import
given, scgco = np.load(sys.argv[1]), _import()
coords, values = given["coords"], pd.DataFrame(given["values"])
graph = scgco.create_graph_with_weight(coords, values[0])
made = [
    scgco.create_labels(coords, values, list(values), graph, cluster_size=4, smooth_factor=int(smooth))
    for smooth in given["smooth"]
]
np.savez(sys.argv[2], made=made)
"""


def test_a_structure_is_rebuilt_as_the_package_does(tmp_path):
    rng = np.random.default_rng(1)
    coords, smooth = rng.random((200, 2)) * 10, [10, 20, 35, 60]
    values = rng.normal(2, 0.5, (200, 12)) + (coords[:, :1] // 2.5 == np.arange(12) % 4)
    given, made = tmp_path / "given.npz", tmp_path / "made.npz"
    np.savez(given, coords=coords, values=values, smooth=smooth)
    command = [isolated.interpreter("scgco"), "-c", _REBUILD, given, made]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")})
    pairs, theirs, changed = pruned_delaunay(coords), np.load(made)["made"], 0
    for factor, (clusters, layers) in zip(smooth, theirs, strict=True):
        changed += (clusters != layers).any()
        np.testing.assert_array_equal(cut_clusters(clusters, pairs, factor), layers)
        ours = rebuild_released(sp.csc_matrix(values), np.arange(12), pairs, k=4, smooth=factor)
        np.testing.assert_array_equal(ours, layers)
    assert changed >= 2, "else the cuts do nothing"
