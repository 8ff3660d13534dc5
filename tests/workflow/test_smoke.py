"""The toy configuration of all tracks, to the end."""

import json
import re

import pandas as pd
import pytest

from scbench.io import read_table
from scbench.layout import RANK_COLUMNS, SCORE_COLUMNS, STATUS_COLUMNS, TEXT_COLUMNS
from scbench.plan import Plan
from scbench.plan_claims import PAPERS
from scbench.subtracks import base
from scbench.validate import read_yaml

pytestmark = pytest.mark.workflow


@pytest.fixture
def plan(finished_smoke):
    return Plan.load(read_yaml(finished_smoke.folder / "config/test.yaml"))


def test_every_target_is_there(finished_smoke, plan):
    for track in plan.tracks:
        for target in plan.targets(track):
            assert (finished_smoke.folder / target).stat().st_size > 100, target


def test_figures_are_pictures(finished_smoke, plan):
    figures = finished_smoke.folder / "results/figures"
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in figures.glob("*.png"))
    assert all(path.read_bytes().startswith(b"%PDF") for path in figures.glob("*.pdf"))
    assert len(list(figures.glob("*.png"))) == len(PAPERS) + sum(len(plan.figures(track)) for track in plan.tracks) > 20


def test_tables_have_every_run_and_the_promised_columns(finished_smoke, plan):
    for track, run in plan.tracks.items():
        folder = finished_smoke.folder / "results" / track
        tables = {name: read_table(folder / f"{name}.tsv") for name in ("scores", "status", "ranks")}
        assert list(tables["scores"]) == SCORE_COLUMNS
        assert list(tables["status"]) == STATUS_COLUMNS
        assert list(tables["ranks"]) == RANK_COLUMNS
        replicates = sum(len(plan.replicates(track, dataset)) for dataset in run["datasets"])
        assert len(tables["status"]) == len(run["methods"]) * replicates
        assert set(tables["status"]["status"]) == {"ok"}
        assert set(tables["scores"]["method"]) == set(run["methods"])
        for name, table in tables.items():
            parquet = pd.read_parquet(folder / f"{name}.parquet")
            text = [column for column in table if column in TEXT_COLUMNS]
            pd.testing.assert_frame_equal(parquet[text].fillna(""), table[text])
            numbers = [column for column in table if column not in TEXT_COLUMNS]
            pd.testing.assert_frame_equal(parquet[numbers].astype(float), table[numbers].astype(float))


def test_scores_are_in_range_and_controls_are_the_ends_of_the_scale(finished_smoke, plan):
    for track in plan.tracks:
        scores = read_table(finished_smoke.folder / "results" / track / "scores.tsv")
        for name, metric in plan.registry.metrics_of(base(track)).items():
            values = scores.loc[scores["metric"] == name, "value"]
            assert values.between(metric["min"], metric["max"]).all()
            # Each replicate of toy data has data of its own, so that no list of markers can be stable. What is novel is
            # asked in a track of its own.
            asked = metric["of"] != "novelty" if track != "annotation-novel" else metric["of"] != "confidences"
            assert bool(len(values)) == (name != "stability" and asked), (track, name)
        roles = scores["method"].map(lambda method: plan.registry.method(method)["role"])
        cells = scores[scores["scaled"].notna() & (scores["class"] == "")].groupby(["method", "metric", "scenario"])
        means = cells["scaled"].mean()
        positive = set(scores["method"][roles == "positive_control"])
        negative = set(scores["method"][roles == "negative_control"])
        assert (means[means.index.get_level_values("method").isin(positive)] - 1).abs().max() < 1e-9 or not positive
        best_negative = (
            means[means.index.get_level_values("method").isin(negative)].groupby(["metric", "scenario"]).max()
        )
        assert best_negative.abs().max() < 1e-9 or not negative


def test_every_score_says_what_made_it(finished_smoke, plan):
    for track in plan.tracks:
        scores = read_table(finished_smoke.folder / "results" / track / "scores.tsv")
        for column in ("code_sha", "env_sha", "data_sha"):
            assert scores[column].str.fullmatch(r"[0-9a-f]{12}").all()
        assert scores.groupby("method")["code_sha"].nunique().eq(1).all()
        assert scores.groupby(["dataset", "replicate"])["data_sha"].nunique().eq(1).all()


def test_manifest_and_quality_checks(finished_smoke):
    manifest = json.loads(finished_smoke.read("results/manifest.json"))
    assert manifest["runs"]["annotation"]["status"] == {"ok": 36}
    assert manifest["runs"]["annotation-novel"]["status"] == {"ok": 4}
    assert {"numpy", "snakemake", "scanpy"} <= set(manifest["packages"])
    assert all(len(data["sha256"]) == 64 for data in manifest["data"])
    assert "environ" not in json.dumps(manifest).lower()
    assert "error" not in set(read_table(finished_smoke.folder / "results/qc.tsv")["severity"])


def test_a_second_run_has_nothing_to_do(finished_smoke):
    assert "Nothing to be done" in finished_smoke.snakemake()


def test_the_report_holds_every_figure_and_needs_no_network(finished_smoke, plan):
    finished_smoke.snakemake("--report", "results/report.html")
    report = finished_smoke.read("results/report.html").decode()
    for title in ("Marker genes", "Spatially variable genes", "Cell type annotation", "Quality checks"):
        assert title in report
    for track in plan.tracks:
        for figure in plan.figures(track):
            assert figure.rpartition("/")[2] in report
    assert "System Message" not in report  # what docutils says of a text that it cannot read
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?://", report)


def test_jobs_import_only_what_they_use(finished_smoke):
    heavy = {"scanpy", "torch", "matplotlib", "anndata", "seaborn"}
    light = {
        "svg": ["moran_i", "random_pvalues", "true_genes"],
        "annotation": ["linear_svm", "logistic_regression", "knn_pca", "nearest_centroid", "random_type"],
        "markers": ["random_genes", "all_genes"],
    }
    for track, methods in light.items():
        status = read_table(finished_smoke.folder / f"results/{track}/status.tsv").set_index("method")
        for method in methods:
            for versions in status.loc[[method], "versions"]:
                assert not heavy & set(json.loads(versions)), method
