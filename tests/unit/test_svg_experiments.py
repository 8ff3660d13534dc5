"""Series, calibration, power, leak and scaling: their statistics."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from scbench.simulate.spatial import negative_binomial
from scbench.svg import calibration, leak, power, scaling, series


def output(pvalues, qvalues=np.nan):
    pvalues = np.asarray(pvalues, dtype=float)
    genes = [f"g{place}" for place in range(len(pvalues))]
    return pd.DataFrame({"gene": genes, "pvalue": pvalues, "qvalue": qvalues, "score": -pvalues})


EMPTY = output([])


# --- series -----------------------------------------------------------------------------------------------------------


def scores(*rows):
    columns = ["dataset", "scenario", "class", "method", "metric", "replicate", "value", "status"]
    return pd.DataFrame(rows, columns=columns)


def test_a_series_is_summarised_over_the_runs_that_ended_well():
    table = series.along(
        scores(
            ("noisy", "bh", "", "a", "f1", 0, 0.5, "ok"),
            ("noisy", "bh", "", "a", "f1", 1, 0.7, "ok"),
            ("noisy", "bh", "", "a", "f1", 2, np.nan, "timeout"),
            ("noisy", "authors", "", "a", "f1", 0, 0.1, "ok"),
            ("clean", "bh", "", "a", "f1", 0, 1.0, "ok"),
            ("other", "bh", "", "a", "f1", 0, 0.0, "ok"),
            ("clean", "bh", "", "b", "f1", 0, np.nan, "oom"),
        ),
        {"noisy": 0.6, "clean": 0.1},
        "bh",
    )
    a = table[table["method"] == "a"]
    assert a["level"].tolist() == [0.1, 0.6], "by level, not by the order of the configuration"
    assert a["mean"].tolist() == pytest.approx([1.0, 0.6])
    assert a["sd"].tolist() == pytest.approx([np.nan, np.sqrt(0.02)], nan_ok=True)
    assert a[["n", "n_bad"]].to_numpy().tolist() == [[1, 0], [3, 1]]
    b = table[table["method"] == "b"].iloc[0]
    assert np.isnan(b["mean"])
    assert b["n_bad"] == 1


def test_an_example_is_the_first_segmented_gene_of_its_shape():
    extra = {"segment_genes": np.array([4, 2, 0]), "segment_labels": np.array([[0, 0], [0, 1], [1, 0]], dtype=np.int8)}
    table = output([0.5, 0.4, 0.3, 0.2, 0.1])
    found = series.example(extra, table, np.array([True, True, True, False, False]))
    assert (found.gene, found.segments.tolist(), found.pvalue) == (2, [0, 1], 0.3)
    assert series.example(extra, table, np.array([False, True, False, True, False])) is None
    assert series.example({}, EMPTY, np.zeros(5, dtype=bool)) is None, "a failed run leaves nothing"


def test_shapes_with_examples_at_most_levels_are_shown():
    yes = series.Example(0, np.zeros(2), 1.0)
    levels = [
        {"disc": yes, "ring": yes, "band": yes, "none": None},
        {"disc": None, "ring": yes, "band": yes, "none": None},
    ]
    assert series.choose_shapes(levels, 2) == ["ring", "band"]
    assert series.choose_shapes(levels, 9) == ["ring", "band", "disc"]
    assert series.choose_shapes([{"disc": yes}, {"ring": yes}, {}], 9) == ["disc", "ring"], "datasets differ in shapes"


# --- calibration ------------------------------------------------------------------------------------------------------


def test_wilson_intervals_by_hand():
    pvalues = np.r_[np.full(8, 0.01), np.full(92, 0.7)]
    row = calibration.rejection_rates(pvalues, [0.05], 0.95).iloc[0]
    z, p, n = 1.959963984540054, 0.08, 100
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert row[["rejected", "rate"]].tolist() == [8, 0.08]
    assert row[["low", "high"]].tolist() == pytest.approx([centre - half, centre + half])
    none = calibration.rejection_rates(pvalues, [1e-4], 0.95).iloc[0]
    assert none[["rate", "low"]].tolist() == [0, 0]
    assert none["high"] == pytest.approx(z**2 / (n + z**2)), "no rejection is no proof of none"


def test_calibration_pools_the_replicates_that_ended_well():
    rng = np.random.default_rng(0)
    fair = [output(rng.random(400)) for _ in range(2)]
    liberal = [output(rng.random(400) ** 4), EMPTY, output(np.full(400, np.nan))]
    table = calibration.calibrate({"fair": fair, "liberal": liberal, "gone": [EMPTY]}, fdr=0.05, confidence=0.95)
    assert list(table) == calibration.COLUMNS
    assert set(table["method"]) == {"fair", "liberal"}
    by = table[table["alpha"] == 0.05].set_index("method")
    assert by["tests"].tolist() == [800, 800], "a gene without a p-value is a test that did not reject"
    assert by["replicates"].tolist() == [2, 2]
    assert by["low"]["fair"] <= 0.05 <= by["high"]["fair"]
    assert by["low"]["liberal"] > 0.1
    pooled = np.concatenate([part["pvalue"] for part in fair])
    assert by["ks_pvalue"]["fair"] == kstest(pooled, "uniform").pvalue > 0.01
    assert by["ks_pvalue"]["liberal"] < 1e-10
    assert by["calls"]["fair"] == 0 < by["calls"]["liberal"]
    assert by["replicates_with_calls"].tolist() == [0, 1]


def test_nothing_but_failed_runs_gives_an_empty_table():
    table = calibration.calibrate({"gone": [EMPTY]}, fdr=0.05, confidence=0.95)
    assert list(table) == calibration.COLUMNS
    assert table.empty


def test_quantiles_of_a_uniform_sample_lie_within_their_band():
    n = 100_000
    table = calibration.quantiles(np.random.default_rng(1).permutation((np.arange(n) + 0.5) / n), 0.95)
    assert len(table) <= 300
    assert table["expected"].iloc[[0, -1]].tolist() == [1 / (n + 1), n / (n + 1)]
    assert table["observed"].between(table["low"], table["high"]).all()
    # The smallest of n: P(min <= x) = 1 - (1 - x)^n.
    assert table["low"].iloc[0] == pytest.approx(1 - 0.975 ** (1 / n))
    assert table["high"].iloc[0] == pytest.approx(1 - 0.025 ** (1 / n))


def test_quantiles_of_few_tests_are_all_of_them():
    table = calibration.quantiles(np.array([0.5, 0.1, 0.9]), 0.95)
    assert table["observed"].tolist() == [0.1, 0.5, 0.9]
    assert calibration.quantiles(np.array([0.5]), 0.95)["expected"].tolist() == [0.5]


# --- power ------------------------------------------------------------------------------------------------------------


def test_discoveries_by_hand():
    truth = np.array([True, True, False, False])
    table = power.discoveries(
        [("a", 0, output([0.001, 0.02, 0.02, 1.0], [0.001, 0.15, 0.0, 1.0]), truth), ("a", 1, EMPTY, truth)]
    )
    assert set(table["replicate"]) == {0}
    at = table.set_index(["scenario", "nominal"])
    # Benjamini-Hochberg: 0.004, 0.0267, 0.0267, 1.
    assert at.loc[("bh", 0.005)].drop(["method", "replicate"]).tolist() == [1, 0, 0.5]
    assert at.loc[("bh", 0.05)].drop(["method", "replicate"]).tolist() == pytest.approx([3, 1 / 3, 1.0])
    assert at.loc[("bh", 0.002)].drop(["method", "replicate"]).tolist() == [0, 0, 0]
    assert at.loc[("authors", 0.05)].drop(["method", "replicate"]).tolist() == [2, 0.5, 0.5]


def test_curves_are_means_with_intervals_inside_the_range():
    rows = [("a", r, "bh", 0.05, 4, value, 1.0) for r, value in enumerate((0.0, 0.0, 0.3))] + [
        ("b", 0, "bh", 0.05, 1, 0.5, 1.0)
    ]
    curves = power.curves(pd.DataFrame(rows, columns=power.COLUMNS), "false_discovery_proportion", 0.95).set_index(
        "method"
    )
    assert curves.loc["a", ["mean", "low", "n"]].tolist() == pytest.approx([0.1, 0.0, 3])
    assert curves.loc["a", "high"] == pytest.approx(0.1 + 4.302652729911275 * 0.1)
    assert np.isnan(curves.loc["b", "low"])


# --- leak -------------------------------------------------------------------------------------------------------------


def test_the_leak_of_totals_is_seen_where_patterns_add_up():
    rng = np.random.default_rng(2)
    coords = rng.random((400, 2))
    inside = coords[:, 0] < 0.3
    rate = np.full((400, 60), 2.0)
    rate[:, :30] *= np.where(inside, 6.0, 1.0)[:, None]
    counts = rng.poisson(rate).astype(np.int32)
    normalised = np.log1p(counts / counts.sum(axis=1, keepdims=True) * np.median(counts.sum(axis=1)))
    found = leak.measure(sp.csr_matrix(counts), sp.csr_matrix(normalised), coords)
    np.testing.assert_allclose(found.totals, np.log(counts.sum(axis=1)))
    assert found.moran_i > 0.5
    assert found.pvalue < 1e-10
    expected = [np.corrcoef(column, found.totals)[0, 1] for column in normalised.T]
    np.testing.assert_allclose(found.correlation, expected)
    assert found.correlation[:30].min() > 0 > found.correlation[30:].max()


def test_balanced_patterns_leave_no_leak():
    adata = negative_binomial(n_spots=500, n_genes=400, patterned=0.1, fold_change=3.0, seed=3)
    counts = adata.layers["counts"]
    found = leak.measure(counts, counts, adata.obsm["spatial"])
    assert found.pvalue > 0.01
    constant = sp.csr_matrix(np.ones((500, 1)))
    assert leak.measure(counts, constant, adata.obsm["spatial"]).correlation.tolist() == [0.0]


# --- scaling ----------------------------------------------------------------------------------------------------------


def runs(cells, values, *, measure="cpu_s", status="ok", start=100.0):
    table = pd.DataFrame({"cells": cells, "status": status, "start_rss_mb": start, "family": "f", "method": "m"})
    for name in scaling.FIXED:
        table[name] = np.nan
    return table.assign(**{measure: values})


@settings(deadline=None)  # the first call imports statsmodels
@given(
    exponent=st.floats(0.5, 3.0),
    factor=st.floats(1e-3, 1e-1),
    measure=st.sampled_from(["cpu_s", "wall_s", "peak_rss_mb"]),
)
def test_exponents_of_exact_power_laws_are_recovered(exponent, factor, measure):
    cells = np.array([10**3, 10**4, 10**5, 10**6])
    floor = 100.0 if measure == "peak_rss_mb" else 0.0
    row = scaling.fit(runs(cells, floor + 1e3 * factor * (cells / 1e3) ** exponent, measure=measure), measure, 0.95)
    past = 1e3 * factor * (cells / 1e3) ** exponent > scaling.FIXED[measure]
    assert row["sizes"] == past.sum()
    if past.sum() >= 3:
        assert row["exponent"] == pytest.approx(exponent)
        assert row["extrapolated"] == pytest.approx(floor + 1e3 * factor * 1000**exponent, rel=1e-6)
        assert (row["from_cells"], row["to_cells"]) == (cells[past][0], 10**6)
    else:
        assert np.isnan(row["exponent"])


def test_the_fit_agrees_with_textbook_formulas():
    cells, values = np.array([1e3, 4e3, 2e4, 1e5, 3e5]), np.array([0.5, 2.4, 9.0, 61.0, 150.0])
    row = scaling.fit(runs(cells, values), "cpu_s", 0.95)
    x, y, n = np.log10(cells), np.log10(values), 5
    slope = np.cov(x, y)[0, 1] / np.var(x, ddof=1)
    residual = y - y.mean() - slope * (x - x.mean())
    sigma = np.sqrt((residual**2).sum() / (n - 2))
    sxx = ((x - x.mean()) ** 2).sum()
    t = 3.182446305284263
    assert row["exponent"] == pytest.approx(slope)
    assert [row["low"], row["high"]] == pytest.approx(
        [slope - t * sigma / np.sqrt(sxx), slope + t * sigma / np.sqrt(sxx)]
    )
    at = y.mean() + slope * (6 - x.mean())
    half = t * sigma * np.sqrt(1 + 1 / n + (6 - x.mean()) ** 2 / sxx)
    assert [row["extrapolated"], row["extrapolated_low"], row["extrapolated_high"]] == pytest.approx(
        [10**at, 10 ** (at - half), 10 ** (at + half)]
    )


def test_the_largest_run_is_predicted_from_the_others():
    cells = np.array([1e3, 1e4, 1e5, 1e6])
    values = np.array([1.0, 11.0, 98.0, 1010.0])
    row = scaling.fit(runs(cells, values), "cpu_s", 0.95)
    assert (row["check_cells"], row["check_measured"]) == (1e6, 1010.0)
    assert row["check_predicted"] == pytest.approx(1000, rel=0.1)
    assert row["check_inside"] is True
    bent = scaling.fit(runs(cells, [1.0, 10.1, 99.0, 5e5]), "cpu_s", 0.95)
    assert bent["check_inside"] is False
    assert bent["check_predicted"] == pytest.approx(row["check_predicted"], rel=0.1), "the run itself is left out"


def test_runs_within_the_fixed_cost_or_cut_short_are_not_fitted():
    cells = np.array([1e2, 1e3, 1e4, 1e5, 1e6, 1e7])
    table = runs(cells, [0.01, 0.05, 1.0, 10.0, 100.0, np.nan], status=["ok"] * 5 + ["timeout"])
    row = scaling.fit(table, "cpu_s", 0.95)
    assert row["sizes"] == 3
    assert row["exponent"] == pytest.approx(1.0)
    assert row["target_cells"] == 1e7, "the largest dataset, measured or not"
    assert np.isnan(row["check_inside"]), "two sizes are no line to check the third by"
    failed = scaling.fit(runs(cells, np.nan, status="oom"), "peak_rss_mb", 0.95)
    assert failed["sizes"] == 0
    assert np.isnan(failed["extrapolated"])


def test_runs_are_listed_by_family_and_size():
    statuses = [
        {"dataset": name, "method": "m", "status": status, "reason": "", "cpu_s": cpu, "threads": 1, "seed": 3}
        for name, status, cpu in (("big", "oom", None), ("small", "ok", 2.0))
    ]
    facts = {"big": {"cells": 1000, "genes": 5}, "small": {"cells": 10, "genes": 5}}
    table = scaling.run_table({"noisy": ["big", "small"]}, statuses, facts)
    assert list(table) == scaling.RUN_COLUMNS
    assert table[["dataset", "cells", "status"]].to_numpy().tolist() == [["small", 10, "ok"], ["big", 1000, "oom"]]
    fits = scaling.fit_all(table, 0.95)
    assert list(fits) == scaling.FIT_COLUMNS
    assert fits["measure"].tolist() == list(scaling.FIXED)
