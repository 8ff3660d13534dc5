"""Run methods in their own environments, each of which is built once, below the project's resources, for all tests."""

import tempfile
from functools import cache
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench import environments, supervise
from scbench.io import read_table
from scbench.plan import Plan
from scbench.provenance import ROOT
from scbench.validate import read_yaml

PLAN = Plan.load(read_yaml(ROOT / "config/smoke.yaml"))


def interpreter(env: str) -> str:
    """Python of an environment. Skips the test where it cannot be built, which each session tries once."""
    chosen = _built(env)
    if chosen["interpreter"] is None:
        pytest.skip(chosen["reason"])
    return chosen["interpreter"]


@cache
def _built(env: str) -> dict:
    marker = ROOT / environments.marker(env)
    if marker.exists() and environments.interpreter([str(marker)])["interpreter"] is None:
        marker.unlink()
    environments.build(env, marker)
    return environments.interpreter([str(marker)])


def run(
    name: str,
    X: sp.csr_matrix,
    coords: np.ndarray,
    *,
    seed: int = 0,
    labels: np.ndarray | None = None,
    **params: object,
) -> tuple:
    """Status row, table and log of a spatial test in its own environment."""
    spec = PLAN.spec("svg", "toy_spots", name, 0)
    spec |= {"seed": seed, "params": {**spec["params"], **params}}
    obs = pd.DataFrame({} if labels is None else {"label": labels}, index=[f"spot{i}" for i in range(len(coords))])
    return _run(spec, X, obs=obs, obsm={"spatial": coords})


def rank(name: str, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, **params: object) -> tuple:
    """Status row, table and log of a marker method in its own environment."""
    spec = PLAN.spec("markers", "toy_cells", name, 0)
    spec |= {"seed": 0, "params": {**spec["params"], **params}}
    obs = pd.DataFrame({"label": labels}, index=[f"cell{i}" for i in range(len(labels))])
    return _run(spec, X, {"train": np.arange(len(labels))}, genes, obs=obs)


def annotate(
    name: str, X: sp.csr_matrix, labels: np.ndarray, train: np.ndarray, test: np.ndarray, **params: object
) -> tuple:
    """Status row, table and log of an annotator in its own environment; X are counts."""
    spec = PLAN.spec("annotation", "toy_cells", name, 0) | {"test_dropout": []}
    spec |= {"seed": 0, "params": {**spec["params"], **params}}
    obs = pd.DataFrame({"label": labels}, index=[f"cell{i}" for i in range(len(labels))])
    return _run(spec, X, {"train": train, "test": test, "calibration": test[:0]}, obs=obs)


def _run(
    spec: dict, X: sp.csr_matrix, split: dict | None = None, genes: np.ndarray | None = None, **parts: object
) -> tuple:
    python = interpreter(spec["env"])
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data.h5ad"
        genes = [f"gene{i}" for i in range(X.shape[1])] if genes is None else genes
        ad.AnnData(X=X, var=pd.DataFrame(index=genes), layers={"counts": X}, **parts).write_h5ad(data)
        spec |= {"data": data, "split": None}
        if split is not None:
            spec["split"] = f"{folder}/split.npz"
            np.savez(spec["split"], **split)
        paths = {key: f"{folder}/{key}" for key in ("status", "output", "extra", "log")}
        row = supervise.run(spec, **paths, interpreter=python)
        return row, read_table(paths["output"]), Path(paths["log"]).read_text()


def table(name: str, *data: object, **params: object) -> pd.DataFrame:
    """The table alone, of a run that must succeed or say why it does not apply."""
    start = {"markers": rank, "svg": run, "annotation": annotate}[PLAN.method(name)["track"]]
    row, found, log = start(name, *data, **params)
    if row["status"] == "skipped":
        pytest.skip(row["reason"])
    assert row["status"] == "ok", f"{row['reason']}\n{log[-3000:]}"
    return found
