"""Costs of runs: power laws, what is asked of a scheduler, and the fit."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbench.costs import REACH, Cost, Costs
from scbench.costs_fit import LAWS, errors, fit, measured, model
from scbench.costs_plan import describe, memory_mb, runtime_min
from scbench.plan import Plan
from scbench.provenance import ROOT
from scbench.shapes import Shape, shape

LAW = {"at_reference": 3.0, "cells": 1.0, "genes": 2.0, "classes": 0.5}
FLAT = {"at_reference": 7.0, "cells": 0.0, "genes": 0.0, "classes": 0.0}
METHOD = {
    "largest": {"cells": 1000, "genes": 1000},
    "overhead_s": 10.0,
    "base_mb": 100.0,
    "cpu_s": LAW,
    "growth_mb": LAW,
    "disk_mb": FLAT,
    "worst": {"memory_mb": 4.0},
}
ERROR = {"memory_mb": {"high": 2.0}, "cpu_s": {"typical": 1.5, "high": 3.0}}
COSTS = Costs({"error": ERROR, "methods": {"one": METHOD}, "machines": ["a toy"]})
OURS = Costs.load(ROOT)


def test_a_power_law_by_hand():
    # 3 * (2000/1000)^1 * (500/1000)^2 * (40/10)^0.5 = 3 * 2 * 0.25 * 2
    assert COSTS.predict("one", Shape(2000, 500, 40)) == Cost(cpu_s=13.0, memory_mb=103.0, disk_mb=7.0)
    assert COSTS.predict("one", Shape(2000, 500, 0)).cpu_s == 11.5, "without classes as with ten"


@pytest.mark.parametrize(
    ("method", "size"),
    [
        ("another", Shape(10, 10, 2)),
        ("one", None),
        ("one", Shape(1000 * REACH + 1, 10, 2)),
        ("one", Shape(10, 1000 * REACH + 1, 2)),
    ],
)
def test_what_cannot_be_told_is_not_guessed(method, size):
    assert COSTS.predict(method, size) is None


@pytest.mark.parametrize(
    ("limit", "memory", "expected"),
    [
        (4000, 500.0, [2300, 4700, 9400]),  # 4 * 500 + 300, where four is the worst of the method; then its limit
        (4000, 50.0, [1000, 4700, 9400]),  # no less than 1000
        (4000, 2000.0, [4700, 9400, 14100]),  # no more than its limit allows
        (200, 50.0, [520, 1040, 1560]),
        (4000, None, [4700, 9400, 14100]),
    ],
)
def test_memory_is_asked_for_as_predicted_and_then_as_the_limit_says(limit, memory, expected):
    cost = None if memory is None else Cost(1.0, memory, 1.0)
    assert [COSTS.memory_mb("one", limit, cost, attempt) for attempt in (1, 2, 3)] == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(600.0, [65, 125]), (1.0, [10, 125]), (6000.0, [125, 125]), (None, [125, 125])],  # 5 + 10 * 3 * 2
)
def test_time_is_asked_for_as_predicted_and_then_as_the_limit_says(seconds, expected):
    cost = None if seconds is None else Cost(seconds, 1.0, 1.0)
    assert [COSTS.runtime_min("one", 7200, cost, attempt) for attempt in (1, 2)] == expected


sizes = st.builds(Shape, st.integers(10, 10**6), st.integers(10, 10**5), st.integers(2, 100))


@given(st.sampled_from(sorted(OURS.table["methods"])), sizes, st.tuples(*[st.floats(1, 5)] * 3))
def test_a_larger_dataset_never_costs_less(method, size, factors):
    larger = Shape(*(int(value * factor) for value, factor in zip(vars(size).values(), factors, strict=True)))
    here, there = OURS.predict(method, size), OURS.predict(method, larger)
    if here is None:
        assert there is None
    elif there is not None:
        assert all(vars(here)[key] <= vars(there)[key] * (1 + 1e-9) for key in vars(here))


@given(st.sampled_from(sorted(OURS.table["methods"])), sizes, st.integers(1, 4))
def test_requests_lie_within_the_limits_and_only_grow(method, size, attempt):
    cost = OURS.predict(method, size)
    memory = [OURS.memory_mb(method, 4000, cost, each) for each in (attempt, attempt + 1)]
    minutes = [OURS.runtime_min(method, 1800, cost, each) for each in (attempt, attempt + 1)]
    assert 1000 <= memory[0] < memory[1] <= 4700 * (attempt + 1)
    assert 10 <= minutes[0] <= minutes[1] == 35


def test_the_model_is_of_methods_that_there_are(registry):
    assert OURS.table["methods"].keys() <= registry.methods.keys(), "`make costs` makes it anew"


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_sizes_come_from_the_registry(registry, tmp_path):
    assert shape(registry, "zeisel", tmp_path) == Shape(3005, 4000, 7)
    assert shape(registry, "zeisel_subtypes", tmp_path) == Shape(2816, 4000, 47)
    assert shape(registry, "sim_null", tmp_path) == Shape(900, 1000, 0)
    assert shape(registry, "mouse_brain", tmp_path) == Shape(40532, 31053, 9), "as its paper says"
    assert shape(registry, "mob_rep1", tmp_path) is None


def test_what_was_counted_wins_and_is_inherited(registry, tmp_path):
    folder = tmp_path / "resources/prepared"
    (folder / "sim_null").mkdir(parents=True)
    for name, cells in {"seqfish_hippocampus": 33, "sim_null/r0": 44}.items():
        facts = {"cells": cells, "genes": 5, "labels": {"a": 20, "b": 13}}
        (folder / f"{name}.json").write_text(json.dumps(facts))
    assert shape(registry, "sim_null", tmp_path) == Shape(44, 5, 2)
    assert shape(registry, "seqfish_field_33", tmp_path) == Shape(33, 5, 2), "a part is at most as large as the whole"


def test_studies_as_one_have_the_cells_of_all(registry, tmp_path):
    (folder := tmp_path / "resources/prepared").mkdir(parents=True)
    for i, name in enumerate(("baron_human", "muraro", "segerstolpe", "xin")):
        facts = {"cells": 10**i, "genes": 500 + i, "labels": dict.fromkeys("abcdef"[: 6 - i], 1)}
        (folder / f"{name}.json").write_text(json.dumps(facts))
    assert shape(registry, "pancreas_combined", tmp_path) == Shape(1111, 500, 6)
    (folder / "xin.json").unlink()
    entry = registry.dataset("xin")
    entry["paper"] = {}
    assert shape(registry, "pancreas_combined", tmp_path) is None


# --- the fit ----------------------------------------------------------------------------------------------------------

GRID = [(500, 300, 5), (500, 3000, 20), (5000, 300, 20), (5000, 3000, 5)]


def _runs(**exponents):
    """Runs of which each cost is 200 at the reference and a power law, by method on the sizes of `GRID`."""
    rows = []
    for method, (powers, places) in exponents.items():
        for place in places:
            size = dict(zip(("cells", "genes", "classes"), GRID[place], strict=True))
            value = 200.0 * np.prod((np.array(GRID[place]) / [1000, 1000, 10]) ** np.array(powers))
            row = {"track": "markers", "method": method, "dataset": f"d{place}", "host": "a toy", **size}
            costs = {"cpu_s": value, "disk_mb": value, "peak_rss_mb": 100 + value}
            rows.append({**row, **costs, "start_rss_mb": 100.0, "overhead_s": 1.0})
    return pd.DataFrame(rows)


def test_what_is_as_usual_is_fitted_exactly():
    """Exponents of one, one and none are those that others are drawn to."""
    found = fit(_runs(a=((1, 1, 0), range(4)), b=((1, 1, 0), [0])))
    for method in "ab":
        for law in LAWS:
            expected = {"at_reference": 200, "cells": 1, "genes": 1, "classes": 0}
            assert found[method][law] == pytest.approx(expected, rel=0.02, abs=0.02)


def test_exponents_of_many_sizes_are_a_methods_own_and_those_of_one_are_the_tracks():
    found = fit(_runs(a=((2, 0.5, 1), range(4)), b=((2, 0.5, 1), range(4)), c=((2, 0.5, 1), [0])))
    for method in "abc":
        own = {key: found[method]["cpu_s"][key] for key in ("cells", "genes", "classes")}
        assert own == pytest.approx({"cells": 2, "genes": 0.5, "classes": 1}, abs=0.25)
    assert found["c"]["sizes"] == 1
    assert found["a"]["largest"] == {"cells": 5000, "genes": 3000}


def test_exponents_are_never_negative():
    found = fit(_runs(a=((-1, 1, -1), range(4)), b=((1, 1, 0), range(4))))
    assert min(found["a"]["cpu_s"][key] for key in ("cells", "genes", "classes")) == 0


def test_errors_are_of_sizes_that_were_left_out():
    runs = _runs(a=((1, 1, 0), range(4)), b=((1, 1, 0), range(4)), alone=((1, 1, 0), [0]))
    off = errors(runs)
    assert sorted(set(off["method"])) == ["a", "b"], "a method of one size has none"
    assert len(off) == 8
    np.testing.assert_allclose(off["cpu_s"], 1, rtol=0.03)
    slow = runs["dataset"] == "d3"
    runs.loc[slow, "cpu_s"] *= 100
    assert errors(runs)["cpu_s"].min() < 0.1
    found = model(runs)
    assert found["methods"]["a"]["worst"]["cpu_s"] >= found["methods"]["a"]["typical"]["cpu_s"] >= 1
    assert found["methods"]["alone"]["worst"] == {}
    assert found["error"]["cpu_s"]["high"] >= found["error"]["cpu_s"]["typical"]


def test_finished_runs_are_read_with_what_is_around_them(registry, tmp_path):
    def write(track, dataset, method, **changes):
        folder = tmp_path / f"results/{track}/{dataset}/{method}/r0"
        folder.mkdir(parents=True)
        row = {"track": track, "dataset": dataset, "method": method, "status": "ok", "device": "cpu", "host": "a toy"}
        row |= {"cpu_s": 2.0, "start_rss_mb": 100.0, "peak_rss_mb": 150.0} | changes
        (folder / "status.json").write_text(json.dumps(row).ljust(1024))
        (folder / "output.tsv").write_bytes(bytes(2**20 - 2048))
        (folder / "extra.npz").write_bytes(bytes(1024))

    write("svg", "sim_null", "moran_i")
    write("annotation-novel", "zeisel", "linear_svm")
    write("annotation-sizes", "zeisel", "linear_svm")
    write("svg", "sim_null", "geary_c", status="timeout")
    write("annotation", "zeisel", "mlp", device="NVIDIA H100")
    write("svg", "sim_null", "gone")
    (timed := tmp_path / "results/benchmarks/run/svg/sim_null/moran_i").mkdir(parents=True)
    (timed / "r0.jsonl").write_text(json.dumps({"cpu_time": 5.0}) + "\n")
    runs = measured(tmp_path, registry).set_index("method")
    assert sorted(runs.index) == ["linear_svm", "moran_i"]
    moran, svm = runs.loc["moran_i"], runs.loc["linear_svm"]
    assert (moran["overhead_s"], moran["disk_mb"]) == (3.0, 1.0)
    assert tuple(moran[["cells", "genes", "classes"]]) == (900, 1000, 10), "no classes are as many as the reference has"
    assert (svm["track"], svm["classes"]) == ("annotation", 7)


# --- the plan ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def plan(root):
    config = {"seed": 1, "gpu": "always", "limits": {"timeout_s": 1800}}
    config["tracks"] = {
        "svg": {"datasets": ["sim_null"], "methods": ["moran_i", "geary_c"], "replicates": 2},
        "annotation": {"datasets": ["zeisel"], "methods": ["mlp"], "replicates": 2},
    }
    plan = Plan.load(config)
    flat = METHOD | {"cpu_s": FLAT, "growth_mb": FLAT, "largest": {"cells": 3000, "genes": 4000}}
    table = {"error": ERROR, "methods": {"moran_i": flat, "mlp": flat}, "machines": ["a toy"]}
    plan.__dict__["costs"] = Costs(table)
    return plan


def test_a_plan_adds_up_what_is_predicted_and_what_is_bounded(plan):
    runs = [{"track": "svg", "dataset": "sim_null", "method": name, "replicate": str(r)} for name in
            ("moran_i", "geary_c") for r in range(60)]  # fmt: skip
    runs += [{"track": "annotation", "dataset": "zeisel", "method": "mlp"}] * 600
    lines = describe(plan, runs, 17).splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:5]}
    # 17 s and 7 MB each; 1800 s of each that is bounded; of one GPU as long as predicted.
    assert rows["svg"] == ["120", "60", "0.3", "30.0", "0.0", "4.7", "GB", "0.4", "GB"]
    assert rows["annotation"] == ["600", "0", "2.8", "0.0", "2.8", "1.0", "GB", "4.2", "GB"]
    assert rows["total"] == ["720", "60", "3.1", "30.0", "2.8", "4.7", "GB", "4.6", "GB"]
    assert "CPU h: 660 runs" in lines[5]
    assert "of 1.5, and by more than 3 in one of ten" in lines[6]
    assert "bound h: 60 runs" in lines[7]
    assert "17 other jobs" in lines[-1]


def test_jobs_ask_for_what_their_dataset_needs(plan):
    assert memory_mb(plan, "sim_null", "moran_i", 1) == 1000
    assert memory_mb(plan, "sim_null", "geary_c", 1) == 4700
    assert runtime_min(plan, "sim_null", "moran_i", 1) == 10
    assert runtime_min(plan, "sim_null", "geary_c", 1) == 35
