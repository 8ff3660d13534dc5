import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy import stats as st

from scbench.contract import check_tests
from scbench.errors import SkipRunError, UserError
from scbench.svg.domains import DomainTest

COORDS = np.zeros((90, 2))  # no method here may look at them


@pytest.fixture(scope="module")
def domains():
    """Counts of 90 spots in three domains: gene 0 is higher in c, gene 1 empty, gene 2 the same everywhere."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.array(["a", "b", "c"], dtype=object), [40, 30, 20])
    counts = rng.negative_binomial(4, 0.3, (90, 25))
    counts[:, 0] += rng.poisson(30, 90) * (labels == "c")
    counts[:, 1], counts[:, 2] = 0, 3
    return sp.csr_matrix(counts.astype(np.int32)), labels


def test_welch_for_every_pair_with_bonferroni(domains):
    counts, labels = domains
    X = counts.astype(float).log1p()
    table = DomainTest().fit(X, COORDS, seed=0, labels=labels).table_
    values = X.toarray()
    for gene in range(3, 25):
        groups = [values[labels == name, gene] for name in "abc"]
        tests = [st.ttest_ind(groups[i], groups[j], equal_var=False) for i, j in ((0, 1), (0, 2), (1, 2))]
        best = min(tests, key=lambda test: test.pvalue)
        assert table.loc[gene, "pvalue"] == pytest.approx(min(1, 3 * best.pvalue), rel=1e-9)
        assert table.loc[gene, "statistic"] == pytest.approx(abs(best.statistic), rel=1e-9)
    assert not {"qvalue", "called"} & set(table)


@pytest.mark.parametrize("test", ["t_test", "deseq2"])
def test_finds_the_difference_and_nothing_in_what_does_not_vary(domains, test):
    counts, labels = domains
    X = counts if test == "deseq2" else counts.astype(float).log1p()
    table = DomainTest(test=test).fit(X, COORDS, seed=0, labels=labels).table_
    check_tests(table, np.arange(25).astype(str))
    assert table["score"].idxmax() == 0
    assert table.loc[0, "pvalue"] < 1e-6
    assert table.loc[[1, 2], ["statistic", "pvalue", "score"]].to_numpy().tolist() == [[0, 1, 0], [0, 1, 0]]
    assert (table.loc[3:, "pvalue"] < 0.01).sum() <= 1
    by_p = table.sort_values("score")
    assert by_p["pvalue"].is_monotonic_decreasing


@pytest.mark.parametrize("test", ["t_test", "deseq2"])
def test_order_of_spots_and_names_of_domains_do_not_matter(domains, test):
    counts, labels = domains
    X = counts if test == "deseq2" else counts.astype(float).log1p()
    table = DomainTest(test=test).fit(X, COORDS, seed=0, labels=labels).table_
    order = np.random.default_rng(1).permutation(90)
    renamed = np.array([{"a": "z (1)", "b": "é", "c": "9"}[label] for label in labels], dtype=object)
    other = DomainTest(test=test).fit(X[order], COORDS, seed=0, labels=renamed[order]).table_
    columns = ["statistic", "pvalue"]
    np.testing.assert_allclose(other[columns], table[columns], rtol=1e-4, atol=1e-9)


def test_spots_outside_all_domains_are_left_out(domains):
    counts, labels = domains
    X = counts.astype(float).log1p()
    inside = DomainTest().fit(X, COORDS, seed=0, labels=labels).table_
    more, unnamed = sp.vstack([X, X[:5]]).tocsr(), np.append(labels, np.full(5, "", dtype=object))
    pd.testing.assert_frame_equal(DomainTest().fit(more, COORDS, seed=0, labels=unnamed).table_, inside)
    unnamed[40:] = ""
    with pytest.raises(SkipRunError, match="1 of 1 have as many"):
        DomainTest().fit(more, COORDS, seed=0, labels=unnamed)


def test_the_paper_decides_by_fold_change_too():
    """A small difference of many spots is significant, but no call."""
    rng = np.random.default_rng(2)
    labels = np.repeat(np.array(["a", "b"], dtype=object), 60)
    counts = rng.poisson(40, (120, 30))
    counts[60:, 0] += rng.poisson(20, 60)  # 1.5 times as many
    counts[60:, 1] += rng.poisson(120, 60)  # 4 times
    table = DomainTest(test="deseq2").fit(sp.csr_matrix(counts), COORDS, seed=0, labels=labels).table_
    assert (table.loc[[0, 1], "pvalue"] < 1e-6).all()
    assert table.loc[0, "qvalue"] == 1
    assert table.loc[1, "qvalue"] < 1e-6
    assert (table.loc[2:, "qvalue"] == 1).all()
    assert table["called"].to_numpy().nonzero()[0].tolist() == [1]
    less = DomainTest(test="deseq2", fold_change=0.2).fit(sp.csr_matrix(counts), COORDS, seed=0, labels=labels).table_
    assert less.loc[[0, 1], "called"].all()
    strict = DomainTest(test="deseq2", level=0.0).fit(sp.csr_matrix(counts), COORDS, seed=0, labels=labels).table_
    assert not strict["called"].any()


def test_sparse_counts_in_which_every_gene_has_a_zero(domains):
    _, labels = domains
    counts = np.random.default_rng(3).negative_binomial(1, 0.6, (90, 30))
    counts[::7] = np.maximum(counts[::7] - 1, 0)
    counts[0], counts[0, 0] = 0, 1
    counts[1, 0] = 0
    table = DomainTest(test="deseq2").fit(sp.csr_matrix(counts), COORDS, seed=0, labels=labels).table_
    assert np.isfinite(table).all(axis=None)


def test_shuffled_labels_are_calibrated(domains):
    _, labels = domains
    X = sp.csr_matrix(np.log1p(np.random.default_rng(4).negative_binomial(3, 0.3, (90, 4000))))
    p = DomainTest().fit(X, COORDS, seed=0, labels=labels).table_["pvalue"]
    assert 0.025 < (p < 0.05).mean() < 0.06


def test_two_constant_domains_and_a_lone_spot():
    """Equal means up to rounding are no difference; a domain of one spot has no variance and is left out."""
    labels = np.array(["a"] * 4 + ["b"] * 4 + ["c"] * 4 + ["lone"], dtype=object)
    flat = np.r_[np.full(8, 0.1), 0.1, 0.7, 0.3, 0.5, 0.1]
    X = sp.csr_matrix(np.column_stack([flat, np.r_[np.zeros(12), 50], np.arange(13.0)]))
    table = DomainTest().fit(X, np.zeros((13, 2)), seed=0, labels=labels).table_
    expected = st.ttest_ind(flat[:4], flat[8:12], equal_var=False).pvalue
    assert table.loc[0, "pvalue"] == pytest.approx(min(1, 3 * expected))
    assert table.loc[1, ["statistic", "pvalue", "score"]].tolist() == [0, 1, 0]
    pd.testing.assert_frame_equal(DomainTest().fit(X[:12], np.zeros((12, 2)), seed=0, labels=labels[:12]).table_, table)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (None, "needs annotated domains. The dataset has none"),
        (np.full(90, "a", dtype=object), "two spots or more. 1 of 1 have as many"),
        (np.array(["a"] * 88 + ["b", "c"], dtype=object), "two spots or more. 1 of 3 have as many"),
    ],
)
def test_where_it_does_not_apply(domains, labels, reason):
    with pytest.raises(SkipRunError, match=reason):
        DomainTest().fit(domains[0], COORDS, seed=0, labels=labels)


def test_unknown_test(domains):
    with pytest.raises(UserError, match=r"The 'test' parameter of DomainTest is unknown. Got 'ttest' .* 't_test'"):
        DomainTest(test="ttest").fit(domains[0], COORDS, seed=0, labels=domains[1])
