"""Datasets from a server on this machine, through the rules that bring, check, prepare and sum them up."""

import gzip
import io
import tarfile
import textwrap

import numpy as np
import pandas as pd
import pytest
import yaml
from loopback import Reply, loopback

from scbench.io import read_prepared, read_table

pytestmark = pytest.mark.workflow

CELLS, GENES = [f"c{i}" for i in range(30)], [f"g{i}" for i in range(8)]
LABELS = pd.Series(["B", "T"] * 15, CELLS)


@pytest.fixture
def counts():
    counts = np.random.default_rng(5).poisson(1.5, (30, 8)) + np.eye(30, 8, dtype=int)
    return pd.DataFrame(counts, CELLS, GENES)


@pytest.fixture
def served(project, counts):
    """A project with datasets of a server, a table with its labels and parts in an archive, and one by hand."""
    with loopback() as server:
        table = gzip.compress(counts.T.to_csv().encode())
        failing = server.serve_in_turn("/a/counts.csv.gz", {"status": 503}, {"body": table})
        gone = f"{server.address}/gone/labels.tsv"
        labels = server.serve(
            "/a/labels.tsv", LABELS.rename("type").rename_axis("cell")[::-1].to_csv(sep="\t").encode()
        )
        parts = server.serve("/parts.tar", _tar({f"day{i}.tsv": counts[i::2].T.to_csv(sep="\t") for i in range(2)}))
        project.append(
            "config/public_datasets.yaml",
            textwrap.dedent(f"""
            my_table:
              label: A table
              tracks: [annotation]
              source:
                type: https
                files:
                  counts: {{urls: [{failing}], bytes: {len(table)}}}
                  labels: {{urls: [{gone}, {labels}]}}
              loader: table
              options: {{genes: rows}}
              labels: {{cell: cell, columns: {{label: type}}}}
              licence: None
            my_days:
              label: Days
              tracks: [annotation]
              source: {{type: https, urls: [{parts}]}}
              loader: table
              options: {{genes: rows, separator: tab}}
              parts: {{members: "*.tsv", name: "(day[0-9])", column: label}}
            my_secret:
              label: A secret
              tracks: [annotation]
              source:
                type: manual
                reason: login
                instructions: Log in and download secret.csv.
                files: {{counts: {{name: secret.csv}}}}
              loader: table
              options: {{genes: columns, columns: {{label: type}}, first: 2}}
            """),
        )
        run = {"datasets": ["my_table", "my_secret"], "methods": ["majority_type"], "replicates": 1, "folds": 2}
        experiments = {"their-days": {"datasets": ["my_days"]}, "their-secret": {"datasets": ["my_secret"]}}
        project.write_config({"seed": 1, "experiments": experiments, "tracks": {"annotation": run}})
        yield project, server


def _tar(files):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return whole.getvalue()


def test_datasets_are_brought_checked_and_summed_up(served, counts):
    project, server = served
    printed = project.snakemake("-n", "data")
    assert f"my_table: {server.address}/a/counts.csv.gz (0.0 MB)" in printed
    assert f"my_table: {server.address}/gone/labels.tsv (size unknown, 1 mirror(s))" in printed
    assert "Left out: my_secret (login; lacks resources/manual/my_secret/secret.csv. Log in and" in printed
    assert not server.requests, "a dry run fetches nothing"

    project.snakemake("data")
    found = read_prepared(project.folder / "resources/prepared/my_table.h5ad", "counts")
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.labels.tolist() == LABELS.tolist()
    days = read_prepared(project.folder / "resources/prepared/my_days.h5ad", "counts")
    np.testing.assert_array_equal(pd.DataFrame(days.X.toarray(), days.cells, days.genes).loc[CELLS, GENES], counts)
    assert dict(zip(days.cells, days.labels, strict=True))["c3"] == "day1"
    assert server.peak == 1, "one connection to a host"

    table = read_table(project.folder / "results/datasets.tsv").set_index("dataset")
    assert table.loc["my_table", ["state", "cells", "genes", "classes"]].tolist() == ["prepared", 30, 8, 2]
    assert table.loc["my_table", "labels_matched"] == "30 of 30"
    assert table.loc["my_secret", "state"] == "left out"
    assert "Log in and download secret.csv." in table.loc["my_secret", "why"]
    assert table.loc["my_days", "nonzero_fraction"] == pytest.approx((counts > 0).to_numpy().mean())
    assert "my_secret" in project.read("results/tables/datasets.html").decode()
    assert {path.split("/")[0] for path in _made(project)} <= {"resources", "results", ".snakemake"}


def test_a_failed_download_is_a_row_of_the_table_and_a_failure(served, counts):
    project, server = served
    body = server.replies["/parts.tar"]
    server.serve("/parts.tar", status=404)
    source = {"type": "derive", "from": "my_days", "transform": "relabel", "params": {"column": "label"}}
    derived = {"my_more_days": {"label": "Days", "tracks": ["annotation"], "source": source}}
    project.append("config/public_datasets.yaml", yaml.safe_dump(derived))
    project.write_config(
        {
            "seed": 1,
            "experiments": {"days": {"datasets": ["my_more_days", "my_secret"]}},
            "tracks": {"annotation": {"datasets": ["my_table"], "methods": ["majority_type"], "replicates": 1}},
        }
    )

    def state():
        table = read_table(project.folder / "results/datasets.tsv").set_index("dataset")
        return table["state"].to_dict(), table["why"]

    project.snakemake("data", check=False)
    states, why = state()
    expected = {"my_table": "prepared", "my_days": "failed", "my_more_days": "not prepared", "my_secret": "left out"}
    assert states == expected
    assert (
        why["my_days"]
        == f"my_days: parts.tar could not be downloaded: {server.address}/parts.tar (HTTP 404 Not Found)."
    )
    assert why["my_more_days"] == "made of my_days"
    assert "could not be downloaded" in project.read("results/tables/datasets.html").decode()

    server.replies["/parts.tar"] = [Reply(b"\x1f\x8bno tar")]
    project.snakemake("data", check=False)
    assert state()[0] == expected
    assert "my_days/parts.tar cannot be unpacked: Compressed file ended before" in state()[1]["my_days"]

    server.replies["/parts.tar"] = body
    (project.folder / "resources/raw/my_days/parts.tar").unlink()
    (project.folder / "resources/data.lock").unlink()
    project.snakemake("data")
    assert state()[0] == dict.fromkeys(expected, "prepared") | {"my_secret": "left out"}
    assert not project.planned("data")


def test_a_file_that_was_brought_by_hand_is_used(served, counts):
    project, _ = served
    folder = project.folder / "resources/manual/my_secret"
    folder.mkdir(parents=True)
    counts.assign(type=LABELS)[["type", *GENES]].to_csv(folder / "secret.csv")
    assert "Left out" not in project.snakemake("-n", "data")
    project.snakemake("resources/prepared/my_secret.h5ad")
    found = read_prepared(project.folder / "resources/prepared/my_secret.h5ad", "counts")
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.labels.tolist() == LABELS.tolist()


def test_a_run_goes_on_without_what_is_missing(served):
    project, _ = served
    jobs = project.planned()
    assert any("my_table" in wildcards for _, wildcards in jobs)
    assert not any("my_secret" in wildcards for _, wildcards in jobs)
    assert not any("my_days" in wildcards for _, wildcards in jobs), "data of an experiment that no track runs"


def _made(project):
    known = ("Snakefile", "workflow", "config", "envs", "scripts", "profiles", "README.md", "Makefile")
    return [path.name for path in project.folder.iterdir() if path.name not in known]
