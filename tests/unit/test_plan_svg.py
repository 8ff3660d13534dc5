"""The experiments of the svg track: what is planned, and what is refused."""

import json

import pytest

from scbench import plan_fidelity, plan_svg
from scbench.errors import UserError
from scbench.layout import LAST_STATUS
from scbench.plan import Plan

RUN = {
    "datasets": ["toy_spots", "toy_patterns"],
    "methods": ["moran_i", "hvg", "random_pvalues", "true_genes"],
    "replicates": 2,
}
SERIES = {"noise": {"axis": "Noise", "levels": {"toy_spots": 0.5, "toy_patterns": 0.2}}}
SCALING = {"methods": ["moran_i"], "datasets": {"noisy": ["toy_spots", "scale_1e3"]}}


def load(**experiments):
    return Plan.load({"seed": 1, "tracks": {"svg": RUN | experiments}})


def test_no_experiment_changes_nothing():
    plan = load()
    assert {name.rpartition("svg-")[2].partition("-")[0] for name in plan.figures("svg")} == {
        "scores",
        "cost",
        "tissue",
    }
    assert not [
        path for path in plan.targets("svg") if "calibration" in path or "scaling" in path or "fidelity" in path
    ]
    assert plan.all_prepared() == sorted(plan.prepared(name, r) for name in RUN["datasets"] for r in range(2))


def test_figures_and_tables_follow_from_the_configuration():
    plan = load(
        series=SERIES,
        leak=["toy_spots", "toy_patterns"],
        calibration={"toy_null": []},
        power=["toy_spots"],
        scaling=SCALING,
    )
    found = {name.removeprefix("results/figures/svg-") for name in plan.figures("svg")}
    assert {"series-noise-bh", "series-noise-authors", "patterns-noise", "leak"} < found
    assert {"calibration-toy_null", "power-toy_spots", "scaling-noisy"} < found
    assert {"results/svg/toy_null/calibration.tsv", "results/svg/scaling_fits.tsv"} < set(plan.targets("svg"))
    assert {plan.prepared("toy_null", 1), plan.prepared("scale_1e3", 0)} < set(plan.all_prepared())
    assert plan.prepared("scale_1e3", 1) not in plan.all_prepared()


def test_pairs_that_are_compared_lie_together():
    pairs = [{"upstream": "spark_r", "ours": "spark"}]
    plan = load(methods=["spark_r", "spark"], replicates=1, fidelity={"pairs": pairs})
    assert plan_fidelity.compared(plan, "svg", "x") == [
        f"results/svg/{dataset}/{method}/r0/x" for dataset in RUN["datasets"] for method in ("spark_r", "spark")
    ]
    assert {"results/svg/fidelity.tsv", "results/tables/svg-fidelity.html"} < set(plan.targets("svg"))
    assert plan.scoring("svg") == load().scoring("svg")


def test_pairs_of_marker_methods_are_compared_in_every_replicate():
    pair = {"upstream": "smash_rf_upstream", "ours": "smash_rf"}
    run = {"datasets": ["toy_cells"], "methods": list(pair.values()), "replicates": 2, "fidelity": {"pairs": [pair]}}
    plan = Plan.load({"seed": 1, "tracks": {"markers": run}})
    runs = [f"results/markers/toy_cells/{method}/r{r}/x" for r in range(2) for method in pair.values()]
    assert plan_fidelity.compared(plan, "markers", "x") == runs
    assert {"results/markers/fidelity.tsv", "results/tables/markers-fidelity.html"} < set(plan.targets("markers"))
    run["fidelity"] = {"pairs": [pair | {"ours": "smash_rf_upstream"}]}
    with pytest.raises(
        UserError, match=r"'tracks.markers.fidelity.pairs.ours' names 'smash_rf_upstream', which is not"
    ):
        Plan.load({"seed": 1, "tracks": {"markers": run}})


def test_levels_are_in_order_and_scores_do_not_depend_on_experiments():
    plan = load(series=SERIES, scaling=SCALING)
    assert plan_svg.levels(plan.tracks["svg"], "noise") == ["toy_patterns", "toy_spots"]
    assert plan.scoring("svg") == load().scoring("svg") == {"fdr": 0.05}


def test_methods_whose_calibration_is_looked_at():
    plan = load(calibration={"toy_null": [], "sim_null": ["random_pvalues", "moran_i"]})
    run = plan.tracks["svg"]
    assert plan_svg.calibrated(run, plan.registry, "toy_null") == ["moran_i", "random_pvalues"], (
        "with p-values, no truth"
    )
    assert plan_svg.calibrated(run, plan.registry, "sim_null") == ["moran_i", "random_pvalues"], "in the track's order"
    assert list(plan_svg.replicates(plan, "toy_null")) == [0, 1]
    assert list(plan_svg.replicates(plan, "zeisel")) == [0], "real data are the same in all replicates"


def test_methods_that_only_grow_come_after_those_of_the_track():
    plan = load(scaling=SCALING | {"methods": ["sparkx", "moran_i"]})
    assert list(plan_svg.scaling_labels(plan)) == [*RUN["methods"], "sparkx"]
    assert plan_svg.budgets(plan)["moran_i"] == {"mem_mb": 4000, "timeout_s": 1800}


@pytest.mark.parametrize(
    ("dataset", "status", "attempt"),
    [("scale_1e3", "oom", 1), ("scale_1e3", "timeout", 1), ("scale_1e3", "failed", 2), ("toy_patterns", "oom", 2)],
)
def test_running_out_of_time_or_memory_is_a_result_where_runs_grow(tmp_path, monkeypatch, dataset, status, attempt):
    plan = load(scaling=SCALING)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / f"results/svg/{dataset}/moran_i/r0"
    folder.mkdir(parents=True)
    row = {"track": "svg", "dataset": dataset, "method": "moran_i", "status": status, "attempt": 1}
    (folder / LAST_STATUS).write_text(json.dumps(row))
    assert plan.attempt("svg", dataset, "moran_i", 0) == attempt


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        (
            {"series": {"noise": {"axis": "x", "levels": {"toy_spot": 1, "toy_patterns": 2}}}},
            "'tracks.svg.series.noise.levels' names 'toy_spot', which the track does not run. Did you mean 'toy_spots'",
        ),
        (
            {"series": {"noise": {"axis": "x", "levels": {"toy_spots": 1, "toy_patterns": 1}}}},
            "'tracks.svg.series.noise.levels' must differ",
        ),
        ({"series": {"noise": {"axis": "x", "levels": {"toy_spots": 1}}}}, "must have at least 2"),
        (
            {"fidelity": {"pairs": [{"upstream": "moran_i", "ours": "moran_i"}]}},
            "'tracks.svg.fidelity.pairs.upstream' names 'moran_i', which is not a method of the track with p-values "
            "and origin 'upstream'",
        ),
        ({"leak": ["toy_spots", "sim_leaky"]}, "'tracks.svg.leak' names 'sim_leaky', which the track does not run"),
        ({"calibration": {"toy_nul": []}}, "dataset 'toy_nul' is not in the registry. Did you mean 'toy_null'"),
        (
            {"calibration": {"toy_null": ["hvg"]}},
            "'tracks.svg.calibration.toy_null' names 'hvg', which is not a method of the track with p-values",
        ),
        ({"power": ["toy_null"]}, "'tracks.svg.power' names 'toy_null', which the track does not run"),
        (
            {"scaling": {"methods": ["moran"], "datasets": {"a": ["scale_1e3"]}}},
            "method 'moran' is not in the registry",
        ),
        ({"scaling": {"methods": ["moran_i"], "datasets": {"a": ["scale_2e3"]}}}, "dataset 'scale_2e3' is not in the"),
        ({"scaling": {"methods": ["moran_i"]}}, "lacks the key 'datasets'"),
    ],
)
def test_slips_are_named(experiments, message):
    with pytest.raises(UserError) as caught:
        load(**experiments)
    assert message in str(caught.value)
