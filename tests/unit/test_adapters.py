"""What the adapters of packages share, and what they refuse before a package is needed."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.errors import SkipRunError, UserError
from scbench.svg.adapters import gene_table, totals, varying
from scbench.svg.somde import SOMDE
from scbench.svg.spatialde import check_stabilised


def test_sums_and_constant_columns_by_hand():
    X = sp.csr_matrix([[1, 0, 2, 0], [1, 0, 0, 3]])
    assert totals(X, axis=0).tolist() == [2, 0, 2, 3]
    assert totals(X, axis=1).tolist() == [3, 4]
    assert varying(X).tolist() == [False, False, True, True]
    assert varying(X[:0]).tolist() == [False] * 4


def test_a_row_per_gene_whatever_the_package_returned():
    found = pd.DataFrame(
        {"gene": [4, 0, 4], "statistic": [3.0, 1.5, 3.0], "pvalue": [0.01, 0.2, 0.9], "qvalue": [0.02, 0.2, 0.9]}
    )
    table = gene_table(found, np.array([True, False, True, True, True]))
    np.testing.assert_array_equal(table["statistic"], [1.5, 0, 0, 0, 3])
    np.testing.assert_array_equal(table["pvalue"], [0.2, 1, np.nan, np.nan, 0.01])
    np.testing.assert_array_equal(table["qvalue"], [0.2, 1, np.nan, np.nan, 0.02])
    np.testing.assert_array_equal(table["score"], [1.5, 0.5, 0.5, 0.5, 3])


def test_a_constant_gene_has_p_1_whatever_the_package_says():
    found = pd.DataFrame({"gene": [0, 1], "statistic": [9.0, 1.0], "pvalue": [0.0, 0.5], "qvalue": [0.0, 0.5]})
    table = gene_table(found, np.array([False, True]))
    assert table["pvalue"].tolist() == [1.0, 0.5]
    assert table["score"].idxmax() == 1


@pytest.mark.parametrize(
    ("params", "coords", "error", "message"),
    [
        ({}, np.zeros((99, 2)), SkipRunError, "k = 20 makes 4 nodes of 99 spots. SOMDE needs 25"),
        ({"k": 5}, np.zeros((124, 2)), SkipRunError, "k = 5 makes 16 nodes of 124 spots"),
        ({}, np.zeros((999, 3)), SkipRunError, "2 dimensions. Got 3"),
        ({"k": 0}, np.zeros((99, 2)), UserError, "The 'k' parameter of SOMDE .* Got 0 instead"),
        ({"k": 2.5}, np.zeros((99, 2)), UserError, "Got 2.5 instead"),
    ],
)
def test_somde_says_where_it_does_not_apply(params, coords, error, message):
    with pytest.raises(error, match=message):
        SOMDE(**params).fit(sp.csr_matrix((len(coords), 3)), coords, seed=0)


def test_values_that_are_not_finite_could_not_be_stabilised():
    check_stabilised(pd.DataFrame([[1.0, 2.0]]))
    with pytest.raises(UserError, match="not overdispersed"):
        check_stabilised(pd.DataFrame([[1.0, np.nan]]))
