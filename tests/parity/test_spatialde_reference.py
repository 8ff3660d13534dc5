"""SpatialDE and SOMDE, in their own environment and through the supervisor, against stored output of the packages."""

from pathlib import Path

import isolated
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench import environments
from scbench.provenance import ROOT

# The optimiser stops early, so that another BLAS moves likelihoods by 1e-6 of themselves.
CLOSE = {"statistic": {"rtol": 1e-5, "atol": 1e-5}, "pvalue": {"atol": 1e-5}, "qvalue": {"atol": 1e-5}}


def _input(shared, name):
    with np.load(shared / f"reference/scgco/{name}_input.npz", allow_pickle=True) as data:
        return sp.csr_matrix(data["counts"].astype(np.int32)), data["locs"].astype(float), data["genes"].astype(str)


def _compare(shared, name, method, file, called, **params):
    X, coords, genes = _input(shared, name)
    row, table, log = isolated.run(method, X, coords, **params)
    assert row["status"] == "ok", f"{row['reason']}\n{log[-3000:]}"
    reference = pd.read_csv(shared / f"reference/svg_peers/{name}_{file}.csv", index_col="gene").loc[genes]
    reference = reference.rename(columns={"LLR": "statistic", "p_value": "pvalue", "q_value": "qvalue"})
    for column, tolerance in CLOSE.items():
        np.testing.assert_allclose(table[column], reference[column], **{"rtol": 0, **tolerance}, err_msg=column)
    assert (table["qvalue"] < 0.05).sum() == called
    return row


@pytest.mark.parametrize(("name", "called"), [("seqfish_field43", 11), ("sim_a", 28), ("sim_n1000", 18), ("sim_b", 31)])
def test_spatialde(shared, name, called):
    row = _compare(shared, name, "spatialde", "spatialde", called, faithful=True)
    recipe = environments.read(ROOT / "envs/spatialde.yaml")
    pins = dict(pin.split("==") for pin in (*recipe.pip, *recipe.conda))
    versions = {package.lower(): version for package, version in row["versions"].items()}
    assert {"numpy", "scipy", "pandas", "h5py", "spatialde"} <= set(versions)
    assert versions.pop("python").startswith(f"{recipe.python}.")
    assert {package: version for package, version in versions.items() if pins.get(package, version) != version} == {}
    assert Path(row["interpreter"]).is_relative_to((ROOT / environments.marker("spatialde")).parent)


def test_an_almost_empty_spot_changes_nothing(shared):
    X, coords, _ = _input(shared, "sim_a")
    few = np.zeros((1, X.shape[1]), dtype=X.dtype)
    few[0, :7] = 1
    _, without, _ = isolated.run("spatialde", X, coords)
    row, table, log = isolated.run("spatialde", sp.vstack([X, few]).tocsr(), np.vstack([coords, [[0.5, 0.5]]]))
    assert row["status"] == "ok", f"{row['reason']}\n{log[-3000:]}"
    pd.testing.assert_series_equal(table["pvalue"], without["pvalue"])


@pytest.mark.parametrize(
    ("name", "k", "called"),
    [("seqfish_field43", 5, 2), ("sim_a", 5, 20), ("sim_b", 5, 30), ("sim_b", 20, 0)],
)
def test_somde(shared, name, k, called):
    _compare(shared, name, "somde", f"somde_k{k}", called, k=k)


def test_somde_on_four_nodes_calls_every_gene_and_is_skipped_unless_asked_for(shared):
    _compare(shared, "seqfish_field43", "somde", "somde_k20", 249, faithful=True)
    X, coords, _ = _input(shared, "seqfish_field43")
    row, table, _ = isolated.run("somde", X, coords)
    assert row["status"] == "skipped"
    assert "k = 20 makes 4 nodes of 131 spots" in row["reason"]
    assert len(table) == 0


def test_counts_without_overdispersion_fail_with_that_reason():
    rng = np.random.default_rng(0)
    X, coords = sp.csr_matrix(rng.binomial(5, 0.5, (200, 40))), rng.random((200, 2))
    for name in ("spatialde", "somde_k5"):
        row, _, _ = isolated.run(name, X, coords)
        assert row["status"] == "failed"
        assert "not overdispersed" in row["reason"]
