"""The Dockerfile: made from the environments, sound, and with each of them where Snakemake looks for it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_environments import with_conda

from scbench.dockerfile import dockerfile, prefix
from scbench.provenance import ROOT
from scbench.validate import read_yaml

ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))

# Methods with which a configuration that uses every rule uses every environment, too.
METHODS = {
    "markers": ["cosg", "smash_rf_upstream"],
    "svg": ["moran_i", "spatialde", "spark_r", "scgco_upstream"],
    "annotation": ["xgboost", "celltypist"],
}


def test_it_is_up_to_date():
    assert (ROOT / "Dockerfile").read_text() == dockerfile(), "run `make dockerfile`"


def test_hadolint_finds_no_fault():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.workflow
def test_every_environment_is_where_snakemake_looks_for_it(project, monkeypatch):
    with_conda(project, monkeypatch)
    config = read_yaml(ROOT / "config/smoke.yaml")
    for track, names in METHODS.items():
        config["tracks"][track]["methods"] += [name for name in names if name not in config["tracks"][track]["methods"]]
    project.write_config(config)
    text = project.snakemake("--containerize", "--software-deployment-method", "conda")
    assert set(re.findall(r"--prefix (\S+)", text)) == {prefix(path) for path in ENVIRONMENTS}
