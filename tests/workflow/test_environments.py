"""Methods in environments of their own: built where there is no conda, and skipped with a reason where that fails."""

import json

import isolated
import pytest
from conftest import SVG

pytestmark = pytest.mark.workflow

# As much of a conda as a dry run asks for.
CONDA = """#!/bin/sh
case "$*" in
  --version) echo "conda 24.7.1" ;;
  "info --json") echo '{"conda_prefix": "/nowhere", "root_prefix": "/nowhere", "platform": "linux-64"}' ;;
  "config --get channel_priority --json") echo '{"get": {"channel_priority": "strict"}}' ;;
  *) exit 1 ;;
esac
"""


RUNS = [f"results/svg/toy_spots/{name}/r0/status.json" for name in ("moran_i", "spatialde")]


@pytest.fixture
def ours(project):
    """A project that runs SpatialDE beside the others."""
    project.configure(svg=SVG | {"methods": [*SVG["methods"], "spatialde"], "replicates": 1})
    return project


def with_conda(project, monkeypatch):
    """Put the stand-in for conda on the path."""
    conda = project.folder / "bin/conda"
    conda.parent.mkdir()
    conda.write_text(CONDA)
    conda.chmod(0o755)
    monkeypatch.setenv("PATH", str(conda.parent), prepend=":")


def _jobs(project, *args):
    return [rule for rule, _ in project.planned(*args) if rule in ("environment", "run")]


def test_a_method_on_old_pins_runs_beside_the_others_and_a_broken_pin_only_skips_it(ours):
    isolated.interpreter("spatialde")  # skips where it cannot be built here
    ours.snakemake(*RUNS)
    other, old = (json.loads(ours.read(path)) for path in RUNS)
    assert (other["status"], old["status"]) == ("ok", "ok")
    assert old["interpreter"].startswith(str(ours.folder / "resources/envs/spatialde-"))
    assert old["versions"]["numpy"] == "1.24.4" != other["versions"]["numpy"]
    assert ours.planned(*RUNS) == []

    file = ours.folder / "envs/spatialde.yaml"
    file.write_text(file.read_text().replace("spatialde==1.1.3", "spatialde==99.0"))
    assert _jobs(ours, *RUNS) == ["environment", "run"]
    assert "svg/toy_spots/spatialde r0: skipped" in ours.snakemake(*RUNS)
    skipped = json.loads(ours.read(RUNS[1]))
    assert skipped["status"] == "skipped"
    assert "spatialde==99.0" in skipped["reason"]
    assert json.loads(ours.read(RUNS[0])) == other
    assert ours.planned(*RUNS) == []
    # Back to pins that were built before: the environment is there.
    file.write_text(file.read_text().replace("spatialde==99.0", "spatialde==1.1.3"))
    assert _jobs(ours, *RUNS) == ["run"]


def test_with_conda_the_jobs_own_python_serves(ours, monkeypatch):
    assert _jobs(ours, *RUNS) == ["environment", "run", "run"]
    with_conda(ours, monkeypatch)
    assert _jobs(ours, *RUNS, "--software-deployment-method", "conda") == ["run", "run"]
