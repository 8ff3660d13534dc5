"""What the documentation shows is run, and what is generated is up to date."""

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

import scbench
from scbench.config_readme import readme
from scbench.registry import Registry

MODULES = sorted(module.name for module in pkgutil.walk_packages(scbench.__path__, "scbench."))


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_examples_in_the_readme(root):
    result = doctest.testfile(str(root / "README.md"), module_relative=False)
    assert result.attempted >= 6
    assert result.failed == 0


def test_commands_in_the_readme_exist(root):
    text = (root / "README.md").read_text()
    targets = re.findall(r"^make (\w+)", text, re.MULTILINE)
    assert {"run", "test"} <= set(targets)
    rules = (root / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", rules, re.MULTILINE) for target in targets)
    for path in re.findall(r"(?:--profile |--configfile |CONFIG=|\]\()([\w./-]+)", text):
        assert (root / path).exists(), path


def test_the_configuration_reference_is_up_to_date(root):
    assert (root / "config/README.md").read_text() == readme(), "run `make docs`"


def test_every_key_of_the_schemas_is_explained():
    lines = [line for line in readme().splitlines() if line.startswith("| `")]
    unexplained = [line for line in lines if line.endswith("|  |")]
    assert not unexplained


def test_every_configured_name_is_in_a_registry(root):
    registry = Registry.load(root)
    assert {"zeisel", "citeseq_cbmc", "pbmc68k_reduced"} <= set(registry.datasets)


@pytest.mark.slow
def test_the_package_can_be_installed_and_used_elsewhere(root, tmp_path):
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "scripts"):
        subprocess.run(["cp", "-r", str(root / name), str(source)], check=True)
    subprocess.run([*install, str(tmp_path / "site"), str(source)], check=True)
    code = (
        "import scbench, numpy as np, scipy.sparse as sp; from scbench.svg.moran import MoranI;"
        "from scbench.report.tables import page; import pandas as pd; page({'t': pd.DataFrame({'a': [1]})}, 'T');"
        "rng = np.random.default_rng(0); X = sp.csr_matrix(rng.random((30, 4)));"
        "print(scbench.__file__, len(MoranI().fit(X, rng.random((30, 2)), seed=0).table_))"
    )
    env = {"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"}
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert str(tmp_path / "site") in printed.stdout
    assert printed.stdout.split()[-1] == "4"


def test_a_benchmark_case_is_measured(monkeypatch):
    from scbench import bench
    from scbench.bench_cases import Case

    case = Case(lambda: 3, lambda made: sum(range(made * 10**6)), per=3, cells=5, cpu_s=0.0, original=100.0)
    monkeypatch.setitem(bench.CASES, "toy", {"sum": case})
    row = bench.measure("toy", "sum")
    assert list(row) == bench.COLUMNS
    assert 0 < row["cpu_s"] < 1
    assert row["ratio"] > 10
    assert row["target"] == "0 CPU s"
    assert row["met"] is False
