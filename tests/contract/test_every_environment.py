"""No environment file is left out: each is built in these tests, is the one they run in, or says why it is neither.

Isolated environments are built on demand by the tests of their methods (`test_every_method`). The others agree with the
environment of the workflow, in which the tests run; with SCBENCH_TEST_ENVIRONMENTS=1 they are built from their files,
too, and each method runs in its own. That takes half an hour of one core and some GB.
"""

import os
from importlib import metadata

import isolated
import numpy as np
import pytest
import quick

from scbench import environments, pins
from scbench.data.prepare import log1p_normalised
from scbench.errors import UserError
from scbench.provenance import ROOT
from scbench.registry import Registry
from scbench.simulate.cells import cell_types
from scbench.simulate.spatial import negative_binomial

REGISTRY = Registry.load()
ENVIRONMENTS = sorted(path.stem for path in (ROOT / "envs").glob("*.yaml"))

# What only conda can build, and why.
CONDA_ONLY = {"r-spark": "R and its packages are not on the Python package index"}

# Pins that the workflow's environment has under another name, or does without: see the files.
ELSEWHERE = {"xgboost": "xgboost-cpu", "sklearn": "scikit-learn"}

OPT_IN = "SCBENCH_TEST_ENVIRONMENTS"


def _methods(env):
    own = [name for name, entry in REGISTRY.methods.items() if entry["env"] == env and entry["role"] == "method"]
    return quick.distinct(REGISTRY, own)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_environment_is_built_is_this_one_or_says_why_not(env):
    methods = _methods(env)
    assert methods, "no method uses it: no test would run anything in it"
    if env in CONDA_ONLY:
        with pytest.raises(UserError, match="pinned to one version"):
            environments.read(ROOT / "envs" / f"{env}.yaml")
        return
    kinds = {REGISTRY.method(name)["isolated"] for name in methods}
    assert len(kinds) == 1, "either all of its methods are isolated or none is"
    if kinds == {False}:
        pinned = pins.pinned(env)
        assert pins.differences(pinned) == {}
        for package in pinned.keys() - {"python"}:
            assert metadata.version(ELSEWHERE.get(package, package))


@pytest.mark.slow
@pytest.mark.skipif(OPT_IN not in os.environ, reason=f"takes half an hour and some GB: set {OPT_IN}=1")
@pytest.mark.parametrize("env", [env for env in ENVIRONMENTS if env not in CONDA_ONLY])
def test_methods_run_in_an_environment_that_is_built_from_its_file(env):
    python = isolated.interpreter(env)
    ended = {name: _toy(name) for name in _methods(env)}
    assert {row["interpreter"] for row in ended.values()} == {python}
    wrong = {name: row["reason"] for name, row in ended.items() if row["status"] != "ok"}
    assert wrong == {}


def _scaled(adata, entry, target):
    counts = adata.layers["counts"]
    return log1p_normalised(counts, target) if entry["input_scale"] == "log1p" else counts


def _toy(name):
    """Status row of a method on toy data, in its own environment."""
    entry, params = REGISTRY.method(name), quick.params(REGISTRY, name)
    if entry["track"] == "svg":
        spots = negative_binomial(n_spots=550, n_genes=40, patterned=0.2, fold_change=4.0, seed=3)
        X, coords = _scaled(spots, entry, "median"), spots.obsm["spatial"]
        domains = np.where(coords[:, 0] < 0.5, "left", "right")
        return isolated.run(name, X, coords, labels=domains, **params)[0]
    cells = cell_types(n_cells=240, n_genes=80, n_types=3, seed=3)
    X, labels = _scaled(cells, entry, 10_000), cells.obs["label"].astype(str).to_numpy()
    if entry["track"] == "markers":
        return isolated.rank(name, X, labels, cells.var_names, **params)[0]
    return isolated.annotate(name, X, labels, np.arange(180), np.arange(180, 240), **params)[0]
