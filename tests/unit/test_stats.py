import numpy as np
import pandas as pd
import pytest
from scipy import stats as st
from statsmodels.stats.multitest import multipletests

from scbench.stats import holm, mean_interval, paired_pvalue, rank_groups


def test_interval_is_students_where_replicates_are_independent():
    values = np.array([1.0, 2.0, 4.0, 3.5])
    expected = st.t.interval(0.9, 3, values.mean(), st.sem(values))
    mean, *bounds = mean_interval(values, 0, 0.9)
    assert mean == values.mean()
    np.testing.assert_allclose(bounds, expected)


def test_interval_is_wider_where_splits_share_cells():
    values = np.array([1.0, 2.0, 4.0])
    _, low, high = mean_interval(values, 0.25, 0.95)
    # Nadeau and Bengio: the variance of the mean is (1/J + n_test/n_train) s^2.
    half = st.t.ppf(0.975, 2) * np.sqrt((1 / 3 + 0.25) * values.var(ddof=1))
    np.testing.assert_allclose([low, high], [values.mean() - half, values.mean() + half])


def test_one_replicate_has_no_interval_and_no_test():
    assert np.isnan(mean_interval(np.array([0.5]), 0, 0.95)[1:]).all()
    assert np.isnan(paired_pvalue(np.array([1.0]), np.array([0.0]), 0))


def test_paired_test_is_students_without_overlap():
    a, b = np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.5, 1.7, 3.1, 4.0])
    assert paired_pvalue(a, b, 0) == pytest.approx(st.ttest_rel(a, b).pvalue)
    assert paired_pvalue(a, b, 0.25) > paired_pvalue(a, b, 0)


def test_constant_differences():
    a = np.array([0.1, 0.2, 0.3])
    assert paired_pvalue(a, a, 0) == 1
    assert paired_pvalue(a + 0.5, a, 0) == 0


@pytest.mark.parametrize("higher", [True, False])
def test_rank_groups(higher):
    noise = np.random.default_rng(0).normal(0, 0.01, (4, 6))
    sign = 1 if higher else -1
    values = pd.DataFrame(sign * np.array([[0.9], [0.895], [0.5], [0.895]]) + noise, index=list("abcd"))
    table = rank_groups(values, higher=higher, overlap=0.0, confidence=0.95)
    best = table.index[table["rank"] == 1].item()
    assert best in "abd"
    assert table.loc["c", "rank"] == 4
    assert not table.loc["c", "group"]
    assert table.loc[best, "group"]
    assert np.isnan(table.loc[best, "p_holm"])
    assert (table["p_holm"].dropna() >= table["p_vs_best"].dropna()).all()


def test_holm_by_hand():
    rng = np.random.default_rng(1)
    values = pd.DataFrame(rng.random((4, 5)), index=list("abcd"))
    table = rank_groups(values, higher=True, overlap=0.0, confidence=0.95)
    p = table["p_vs_best"].dropna().sort_values()
    expected = np.minimum(np.maximum.accumulate(p.to_numpy() * np.arange(len(p), 0, -1)), 1)
    np.testing.assert_allclose(table.loc[p.index, "p_holm"], expected)


@pytest.mark.parametrize("pvalues", [[], [0.2], [0.04, 0.01, 0.01, 0.9, 0.5], [0.0, 1.0, np.float64(1e-300)]])
def test_holm_is_that_of_statsmodels(pvalues):
    values = np.array(pvalues, dtype=float)
    np.testing.assert_array_equal(holm(values), multipletests(values, method="holm")[1] if pvalues else [])


def test_methods_with_the_same_mean_share_a_rank():
    values = pd.DataFrame([[0.1, 0.2], [0.2, 0.1], [0.0, 0.0]], index=list("abc"))
    assert rank_groups(values, higher=True, overlap=0, confidence=0.95)["rank"].tolist() == [1, 1, 3]


def test_nothing_can_be_told_apart_with_one_replicate():
    values = pd.DataFrame([[0.1], [0.9]], index=list("ab"))
    assert rank_groups(values, higher=True, overlap=0, confidence=0.95)["group"].all()
