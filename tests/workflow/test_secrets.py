"""Secrets of the environment and of addresses are in nothing that a run makes."""

import os

import numpy as np
import pandas as pd
import pytest
from loopback import loopback

from scbench.io import read_table

pytestmark = pytest.mark.workflow

SECRETS = ["abc123xyz", "hunter2", "t0ken"]  # of the environment, a password, a token


def test_no_secret_is_in_anything_that_is_made(project, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", SECRETS[0])
    cells = pd.DataFrame(np.random.default_rng(5).poisson(1.5, (30, 8)) + np.eye(30, 8, dtype=int)).add_prefix("g")
    body = cells.assign(type=["B", "T"] * 15)[["type", *cells]].rename(index="c{}".format).to_csv().encode()
    before = _files(project)
    with loopback() as server:
        server.serve("/a.csv?token=t0ken", body)
        host = server.address.replace("://", "://me:hunter2@")
        project.append(
            "config/public_datasets.yaml",
            f"""
my_table:
  label: A table
  tracks: [annotation]
  source:
    type: https
    urls: ["{host}/gone.csv?token=t0ken", "{host}/a.csv?token=t0ken"]
  loader: table
  options: {{genes: columns, columns: {{label: type}}, first: 2}}
""",
        )
        project.configure(
            annotation={"datasets": ["my_table"], "methods": ["majority_type"], "replicates": 1, "folds": 2}
        )
        printed = project.snakemake("results/datasets.tsv", "results/manifest.json", "--verbose")
        asked = [path for path, _ in server.requests]
    assert asked == ["/gone.csv?token=t0ken", "/a.csv?token=t0ken"], "the secrets were used"
    assert "://***@127.0.0.1" in read_table(project.folder / "results/datasets.tsv")["source"].item()
    made = [path for path in _files(project) - before if path.parent.name != "config"]
    assert len(made) > 20
    leaks = [(path, secret) for path in made for secret in SECRETS if secret.encode() in path.read_bytes()]
    assert not leaks
    assert not [secret for secret in SECRETS if secret in printed]


def _files(project):
    """Files, and links to them by their own names."""
    return {project.folder / folder / name for folder, _, names in os.walk(project.folder) for name in names}
