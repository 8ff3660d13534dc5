"""Class means, shares of expressing cells and tau."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scbench.errors import UserError
from scbench.markers.profiles import class_fractions, class_means, tau


def test_means_and_shares_by_hand():
    X = sp.csr_matrix([[1.0, 0.0, 2.0], [3.0, 0.0, 0.0], [0.0, 4.0, 0.0], [5.0, 5.0, 5.0]])
    labels, classes = np.array(["b", "b", "a", "other"]), np.array(["b", "empty", "a"])
    nan = np.full(3, np.nan)
    np.testing.assert_allclose(class_means(X, labels, classes), [[2, 0, 1], nan, [0, 4, 0]])
    np.testing.assert_allclose(class_fractions(X, labels, classes), [[1, 0, 0.5], nan, [0, 1, 0]])


@given(st.integers(1, 40), st.integers(1, 8), st.integers(1, 6), st.integers(0, 99))
def test_means_and_shares_are_those_of_the_dense_matrix(n_cells, n_genes, n_classes, seed):
    rng = np.random.default_rng(seed)
    dense = rng.poisson(0.7, (n_cells, n_genes)).astype(np.float32)
    labels = rng.integers(0, n_classes, n_cells).astype(str).astype(object)
    classes = np.unique(labels)[::-1]
    means = np.array([dense[labels == name].mean(axis=0) for name in classes])
    shares = np.array([(dense[labels == name] > 0).mean(axis=0) for name in classes])
    for X in (sp.csr_matrix(dense), sp.csc_matrix(dense)):
        np.testing.assert_allclose(class_means(X, labels, classes), means, rtol=1e-6)
        np.testing.assert_allclose(class_fractions(X, labels, classes), shares)


def test_stored_zeros_are_not_expression_and_the_matrix_stays_as_it_is():
    X = sp.csr_matrix((np.array([0.0, 2.0]), ([0, 1], [0, 0])), shape=(2, 1))
    assert class_fractions(X, np.array(["a", "a"]), np.array(["a"])).item() == 0.5
    assert X.nnz == 2


def test_sums_of_many_float32_values_do_not_drift():
    value = np.float32(0.1)
    X = sp.csr_matrix(np.full((300_000, 1), value))
    found = class_means(X, np.full(300_000, "a"), np.array(["a"])).item()
    assert found == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ([0, 0, 3], 1),
        ([2, 2, 2], 0),
        ([1, 2, 4], (0.75 + 0.5) / 2),
        ([0, np.nan, 3], 1),
        ([0, 0, 0], np.nan),
        ([3], np.nan),
        ([np.nan, np.nan], np.nan),
    ],
)
def test_tau_by_hand(profile, expected):
    np.testing.assert_allclose(tau(np.array(profile, dtype=float)[:, None]), [expected])


@given(
    hnp.arrays(float, st.tuples(st.integers(2, 7), st.integers(1, 5)), elements=st.floats(0, 1e6)),
    st.floats(1e-3, 1e3),
    st.randoms(),
)
def test_tau_is_in_0_1_and_blind_to_units_and_order(means, unit, random):
    found = tau(means)
    expressed = means.max(axis=0) > 0
    assert ((found[expressed] >= 0) & (found[expressed] <= 1 + 1e-12)).all()
    assert np.isnan(found[~expressed]).all()
    order = random.sample(range(len(means)), len(means))
    np.testing.assert_allclose(tau(means[order]), found, atol=1e-12)
    large = means.max(axis=0) > 1e-290  # below, the unit would round to zero
    np.testing.assert_allclose(tau(means * unit)[large], found[large], atol=1e-9)


def test_bad_input_is_named():
    X = sp.csr_matrix(np.ones((3, 2)))
    with pytest.raises(UserError, match=r"The 'labels' must be \(3,\), one per cell. Got \(2,\)"):
        class_means(X, np.array(["a", "b"]), np.array(["a"]))
    with pytest.raises(UserError, match=r"The 'classes' must be distinct. Got 'a' twice"):
        class_fractions(X, np.array(["a", "b", "a"]), np.array(["a", "b", "a"]))
    with pytest.raises(UserError, match=r"must not be negative. Got -1"):
        tau(np.array([[1.0], [-1.0]]))


def test_no_classes_give_no_rows():
    assert class_means(sp.csr_matrix((3, 2)), np.array(["a", "b", "a"]), np.array([])).shape == (0, 2)


def test_a_share_at_a_threshold_is_the_threshold():
    """9 of 10 cells are not less than 90 %, as they would be in single precision."""
    X = sp.csr_matrix(np.r_[np.ones(9), 0][:, None].astype(np.float32))
    assert (class_fractions(X, np.full(10, "a"), np.array(["a"])) >= 0.9).all()
