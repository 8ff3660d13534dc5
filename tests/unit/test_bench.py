"""The table of measurements; nothing is measured here."""

import pytest

from scbench import bench
from scbench.bench_case import Case
from scbench.bench_cases import CASES, GROWTH
from scbench.registry import Registry


def test_growth_is_the_slope_of_the_logarithms():
    names, _ = GROWTH["svg"]["growth, scgco"]
    rows = [{"case": name, "cells": 10**k, "cpu_s": 3 * 10 ** (1.05 * k)} for k, name in enumerate(names, 4)]
    (row,) = bench._growth("svg", rows)
    assert row["case"] == "growth, scgco: exponent 1.05"
    assert row["met"]
    rows[-1]["cpu_s"] *= 10
    assert not bench._growth("svg", rows)[0]["met"]
    assert bench._growth("workflow", rows) == []


@pytest.mark.parametrize("track", GROWTH)
def test_growth_is_taken_over_cases_that_there_are(track):
    for names, _ in GROWTH[track].values():
        assert set(names) <= set(CASES[track])


def test_methods_of_the_spatial_cases_are_in_the_registry():
    methods = {case.prepare.args[0] for case in CASES["svg"].values()}
    assert methods <= set(Registry.load().methods)


def test_a_case_is_measured_against_its_targets(monkeypatch):
    case = bench_case(cpu_s=1000.0, original=10_000.0)
    monkeypatch.setitem(CASES["workflow"], "sum", case)
    row = bench.measure("workflow", "sum")
    assert row["met"]
    assert row["ratio"] > 10
    monkeypatch.setitem(CASES["workflow"], "sum", bench_case(peak_rss_mb=1.0))
    assert not bench.measure("workflow", "sum")["met"]


def test_an_original_that_is_a_case_is_measured_too(monkeypatch):
    half = Case(lambda: 4_000_000, lambda n: sum(range(n)), per=2)
    monkeypatch.setitem(CASES["workflow"], "sum", bench_case(original=half, times=2.0))
    row = bench.measure("workflow", "sum")
    assert row["target"] == "2 x"
    assert row["met"]
    assert row["original"] > row["cpu_s"]
    monkeypatch.setitem(CASES["workflow"], "sum", bench_case(original=half, times=10_000.0))
    assert not bench.measure("workflow", "sum")["met"]


def test_a_case_for_a_gpu_is_listed_where_there_is_none(monkeypatch):
    monkeypatch.setattr(bench, "_has_gpu", lambda: False)
    monkeypatch.setitem(CASES["workflow"], "sum", bench_case(wall_s=1.0, gpu=True))
    row = bench.measure("workflow", "sum")
    assert row["target"] == "1 wall s (no GPU: not measured)"
    assert "met" not in row


def test_scrobust_and_its_original_take_steps_on_the_same_cells():
    from scbench import bench_annotation

    X = bench_annotation._values(20)[:, :50]
    for made in (bench_annotation._pretraining(X, 4), bench_annotation._naive_pretraining(X, 4, 1)):
        made.step(range(2))
    for made in (bench_annotation._finetuning(X), bench_annotation._naive_finetuning(X)):
        made.step(range(2))
    bench_annotation._embed(bench_annotation._encoder(X))


def bench_case(**targets):
    return Case(lambda: 200_000, lambda n: sum(range(n)), **targets)
