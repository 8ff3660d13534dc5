from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scbench.svg.cauchy import cauchy_combination, log_cauchy_combination


def test_agrees_with_scipys_cauchy_distribution():
    p = np.random.default_rng(0).random((5, 1000))
    expected = stats.cauchy.sf(np.tan((0.5 - p) * np.pi).mean(axis=0))
    np.testing.assert_allclose(cauchy_combination(p), expected, rtol=1e-11)
    np.testing.assert_array_equal(cauchy_combination(p.T, axis=1), cauchy_combination(p))


@given(st.floats(1e-307, 1.0), st.integers(1, 12))
def test_equal_p_values_combine_to_themselves(p, count):
    """Over all of (0, 1], so neither tail is cut off or rounded to steps."""
    assert cauchy_combination(np.full(count, p)) == pytest.approx(p, rel=1e-11)


def test_no_digit_of_a_p_near_one_is_lost():
    step = 2.0**-40  # 1 - step is exact
    combined = cauchy_combination(np.array([1 - step, 1 - step / 3]))
    # The harmonic mean of the distances to 1, by which the small distance counts most.
    distance = 2 / (1 / Fraction(step) + 1 / Fraction(1 - (1 - step / 3)))
    assert 1 - combined == pytest.approx(float(distance), rel=1e-3)


def test_small_p_values_combine_to_their_harmonic_mean_without_ties():
    p = np.array([[1e-17, 1e-18, 1e-30, 1e-200], [0.3, 0.3, 0.3, 1e-199]])
    np.testing.assert_allclose(cauchy_combination(p), [2e-17, 2e-18, 2e-30, 2e-200 / 1.1], rtol=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=11))
def test_in_range(p):
    assert 0 <= cauchy_combination(np.array(p)) <= 1


@given(st.lists(st.floats(1e-4, 0.9999), min_size=1, max_size=11), st.randoms())
def test_the_order_does_not_matter(p, random):
    combined = cauchy_combination(np.array(p))
    random.shuffle(p)
    assert cauchy_combination(np.array(p)) == pytest.approx(combined, rel=1e-7)


def test_zero_one_and_nan():
    p = np.array([[0, 1, 0, np.nan, np.nan], [0.5, 0.5, 1, 0.5, 0]])
    np.testing.assert_array_equal(cauchy_combination(p), [0, 1, 0, np.nan, np.nan])


def test_independent_nulls_give_uniform_p_values():
    p = cauchy_combination(np.random.default_rng(1).random((10, 20000)))
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_logarithm_goes_on_where_doubles_end():
    log_p = np.array([[-599.0, -602, -1e5, -800], [-1, -0.5, -2, -800]])
    combined = np.array([-599, -602, -1e5, -800 - np.log(2)]) + np.log(2)
    np.testing.assert_allclose(log_cauchy_combination(log_p), combined, rtol=1e-14)


def test_logarithm_is_that_of_the_combination():
    log_p = np.log(np.random.default_rng(2).random((5, 100))) * np.logspace(0, 2, 100)
    expected = np.log(cauchy_combination(np.exp(log_p)))
    np.testing.assert_allclose(log_cauchy_combination(log_p), expected)
    np.testing.assert_array_equal(log_cauchy_combination(np.array([[0, -900.0], [-5.0, 0]])), [0, -900 + np.log(2)])
