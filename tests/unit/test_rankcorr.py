import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import mannwhitneyu, norm, rankdata

from scbench.contract import check_ranking
from scbench.data.prepare import log1p_normalised
from scbench.errors import UserError
from scbench.markers._ranks import rank_sums
from scbench.markers._scanpy import rank_genes
from scbench.markers.rankcorr import RankCorr, coefficients, support_sizes
from scbench.markers.wilcoxon import Wilcoxon, z_scores
from scbench.simulate.cells import cell_types

LABELS = np.array(["a", "a", "b", "b"], dtype=object)
GENES = np.array(["late", "signed", "constant", "empty"], dtype=object)
X = sp.csr_matrix(np.array([[0.0, -1, 5, 0], [0, 0, 5, 0], [1, 0, 5, 0], [2, 3, 5, 0]]))


@pytest.fixture(scope="module")
def data():
    adata = cell_types(n_cells=300, n_genes=60, n_types=4, seed=1)
    X = log1p_normalised(adata.layers["counts"], 10_000)
    return X, adata.obs["label"].astype(str).to_numpy(dtype=object), adata.var_names.to_numpy()


def dense_ranks(X):
    return np.apply_along_axis(rankdata, 0, np.asarray(X, dtype=float))


# --- sums of ranks ------------------------------------------------------------------------------------------------


def test_rank_sums_by_hand():
    # Ranks of the first gene are 1.5 1.5 3 4, of the second 1 2.5 2.5 4; the mean rank is 2.5.
    ranks = rank_sums(X, np.array([0, 0, 1, 1]), 2)
    np.testing.assert_array_equal(ranks.centred, [[-2, 2], [-1.5, 1.5], [0, 0], [0, 0]])
    np.testing.assert_array_equal(ranks.variance, [1.125, 1.125, 0, 0])
    np.testing.assert_array_equal(ranks.sizes, [2, 2])


MATRICES = hnp.arrays(
    np.float64, st.tuples(st.integers(2, 12), st.integers(1, 6)), elements=st.sampled_from([0, 0, 0, 1, 2, 2.5, -1, -3])
)


@given(MATRICES, st.data(), st.sampled_from([np.float32, np.float64, np.int32]), st.sampled_from([1, 3, 1000]))
def test_rank_sums_are_those_of_dense_ranks(values, data, dtype, block):
    values = values.astype(dtype)
    codes = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(values), max_size=len(values))))
    ranks = rank_sums(sp.csr_matrix(values), codes, 3, block=block)
    dense = dense_ranks(values)
    expected = [(dense - (len(values) + 1) / 2)[codes == k].sum(axis=0) for k in range(3)]
    np.testing.assert_array_equal(ranks.centred.T, expected)
    np.testing.assert_allclose(ranks.variance, dense.var(axis=0), rtol=1e-14, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_neighbouring_floats_are_no_tie(dtype):
    values = np.array([1, np.nextafter(dtype(1), dtype(2)), -1, np.nextafter(dtype(-1), dtype(0))], dtype=dtype)
    ranks = rank_sums(sp.csr_matrix(values[:, None]), np.arange(4), 4)
    np.testing.assert_array_equal(ranks.centred[0] + 2.5, [3, 4, 1, 2])


def test_stored_zeros_are_zeros_and_the_input_stays_as_it_was():
    stored = sp.csc_matrix(([0.0, -0.0, 2.0], [0, 1, 3], [0, 3]), shape=(4, 1))
    ranks = rank_sums(stored, np.array([0, 0, 1, 1]), 2)
    np.testing.assert_array_equal(ranks.centred, [[-1, 1]])
    assert stored.nnz == 3


def test_a_block_holds_at_most_two_to_the_sixteen_genes():
    wide = sp.csr_matrix(([1.0, 2.0, 3.0], ([0, 1, 0], [0, 65_536, 69_999])), shape=(2, 70_000))
    ranks = rank_sums(wide, np.array([0, 1]), 2)
    assert np.flatnonzero(ranks.variance).tolist() == [0, 65_536, 69_999]
    np.testing.assert_array_equal(ranks.centred[[0, 65_536, 69_999], 0], [0.5, -0.5, 0.5])


# --- Wilcoxon -----------------------------------------------------------------------------------------------------


@given(MATRICES, st.data())
def test_z_scores_are_those_of_scipy(values, data):
    codes = np.array(data.draw(st.permutations([0, 1] + [0] * (len(values) - 2))))
    z = z_scores(rank_sums(sp.csr_matrix(values), codes, 2), tie_correct=True)
    for gene in range(values.shape[1]):
        if np.ptp(values[:, gene]) == 0:
            assert z[gene].tolist() == [0, 0]
            continue
        one, other = values[codes == 1, gene], values[codes == 0, gene]
        test = mannwhitneyu(one, other, use_continuity=False, method="asymptotic")
        assert 2 * norm.sf(abs(z[gene, 1])) == pytest.approx(test.pvalue, rel=1e-9)
        assert np.sign(z[gene, 1]) == np.sign(test.statistic - len(one) * len(other) / 2)


@pytest.mark.parametrize("tie_correct", [True, False])
def test_wilcoxon_scores_are_those_of_scanpy(data, tie_correct):
    X, labels, genes = data
    ours = Wilcoxon(tie_correct=tie_correct).fit(X, labels, genes, seed=0).ranking_
    theirs = rank_genes(X, labels, genes, n_genes=300, method="wilcoxon", tie_correct=tie_correct)
    both = ours.merge(theirs, on=["class", "gene"], suffixes=("", "_scanpy"), validate="one_to_one")
    assert len(both) == len(theirs)
    np.testing.assert_allclose(both["score"], both["score_scanpy"], rtol=1e-6)
    np.testing.assert_allclose(ours["score"], theirs["score"], rtol=1e-6)


def test_wilcoxon_of_a_class_with_one_cell_and_of_constant_genes():
    labels = np.array(["a", "b", "b", "b"], dtype=object)
    ranking = Wilcoxon().fit(X, labels, GENES, seed=0).ranking_.set_index(["class", "gene"])["score"]
    # One of four cells, with rank 1.5: (1.5 - 2.5) / sqrt(1.125 x 1 x 3 / 3)
    assert ranking["a", "late"] == pytest.approx(-1 / np.sqrt(1.125))
    assert ranking["a", "constant"] == ranking["b", "empty"] == 0


# --- RankCorr -----------------------------------------------------------------------------------------------------


def test_coefficients_by_hand():
    method = RankCorr().fit(X, LABELS, GENES, seed=0)
    # tau = (1, 1, -1, -1): (-1 - 1 - 0.5 - 1.5) / sqrt(1.125) and (-1.5 - 1.5) / sqrt(1.125)
    expected = np.array([[-4, 4], [-3, 3], [0, 0], [0, 0]]) / np.sqrt(1.125)
    np.testing.assert_allclose(method.coefficients_, expected, rtol=1e-14)
    assert method.ranking_["gene"].tolist() == ["late", "signed"] * 2
    assert method.ranking_["rank"].tolist() == [1, 2] * 2
    np.testing.assert_allclose(method.ranking_["score"], np.abs(expected[:2]).T.ravel())


def test_only_genes_that_are_higher_in_the_class_if_signed():
    ranking = RankCorr(signed=True).fit(X, LABELS, GENES, seed=0).ranking_
    assert ranking[["class", "gene"]].to_numpy().tolist() == [["b", "late"], ["b", "signed"]]


def test_coefficients_are_the_dense_definition(data):
    X, labels, genes = data
    ranks = dense_ranks(X.toarray())
    z = (ranks - ranks.mean(axis=0)) / ranks.std(axis=0)
    tau = np.where(labels[:, None] == np.unique(labels), 1.0, -1.0)
    ours = RankCorr().fit(X, labels, genes, seed=0).coefficients_
    np.testing.assert_allclose(ours, z.T @ tau, rtol=1e-10, atol=1e-10 * np.abs(ours).max())


def test_signed_ranking_is_that_of_the_rank_sum_test(data):
    X, labels, genes = data
    ours = RankCorr(signed=True).fit(X, labels, genes, seed=0).ranking_
    test = Wilcoxon().fit(X, labels, genes, seed=0).ranking_.query("score > 0").reset_index(drop=True)
    pd.testing.assert_frame_equal(ours[["class", "gene", "rank"]], test[["class", "gene", "rank"]])


def literal_support(c, lamb):
    """Soft-threshold at one sorted coefficient after another, skipping those equal to the largest."""
    levels = np.sort(c)[::-1]
    for level in levels[levels < levels[0]]:
        left = np.clip(c - level, 0, None)
        if left.sum() / np.linalg.norm(left) > np.sqrt(lamb):
            return (left > 0).sum()
    return (c > 0).sum()


COEFFICIENTS = st.lists(st.sampled_from([0, 0.5, 1, 1.25, 3, 3.5, 7, 20]), min_size=1, max_size=12)


@given(COEFFICIENTS, st.sampled_from([1, 1.5, 2.2, 3.1, 5.7]))
def test_support_is_that_of_literal_soft_thresholding(c, lamb):
    c = np.array(c, dtype=float)
    assert support_sizes(c[:, None], lamb)[0] == literal_support(c, lamb)


def test_support_by_hand():
    # At the threshold 1 the weights are 3, 2, 1: 1-norm 6, 2-norm sqrt(14), squared ratio 36 / 14 = 2.57.
    # At 2 they are 2, 1: squared ratio 9 / 5 = 1.8. At 3 one weight is left: 1.
    c = np.array([[1.0, 4, 2, 3, 0]]).T
    assert [support_sizes(c, lamb)[0] for lamb in (1, 1.7, 1.9, 2.5)] == [2, 2, 3, 3]
    # The norm of 4, 3, 2, 1 binds up to 100 / 30 = 3.33, at the threshold 0; above, at none: all weights stay.
    assert [support_sizes(c, lamb)[0] for lamb in (3.3, 3.4, 100)] == [4, 4, 4]


def test_lambda_cuts_each_class_at_its_own_support(data):
    X, labels, genes = data
    everything = RankCorr().fit(X, labels, genes, seed=0)
    sizes = support_sizes(np.abs(everything.coefficients_), 4)
    ranking = RankCorr(lamb=4).fit(X, labels, genes, seed=0).ranking_
    assert ranking.groupby("class").size().tolist() == sizes.tolist()
    assert sizes.min() >= 4
    kept = everything.ranking_.groupby("class").head(sizes.max()).merge(ranking)
    pd.testing.assert_frame_equal(kept, ranking)
    assert RankCorr(lamb=4, n_genes=3).fit(X, labels, genes, seed=0).ranking_.groupby("class").size().eq(3).all()


@pytest.mark.parametrize("lamb", [0.5, -1, float("nan")])
def test_lambda_below_one_is_refused(lamb):
    with pytest.raises(UserError, match="'lamb' parameter must be at least 1"):
        RankCorr(lamb=lamb).fit(X, LABELS, GENES, seed=0)


def test_coefficients_of_constant_genes_are_zero():
    flat = sp.csr_matrix(np.full((4, 2), 3.0))
    assert not coefficients(rank_sums(flat, np.array([0, 0, 1, 1]), 2)).any()


@pytest.mark.parametrize("method", [RankCorr(), RankCorr(lamb=2), Wilcoxon()])
def test_storage_and_seed_do_not_matter(data, method):
    X, labels, genes = data
    first = method.fit(X, labels, genes, seed=0).ranking_
    check_ranking(first, genes, np.unique(labels))
    for other in (X.tocsc(), sp.csr_array(X), X.toarray()):
        pd.testing.assert_frame_equal(method.fit(other, labels, genes, seed=1).ranking_, first)


def test_no_more_genes_than_there_are():
    ranking = RankCorr(n_genes=1).fit(X, LABELS, GENES, seed=0).ranking_
    assert ranking["gene"].tolist() == ["late", "late"]
    assert len(Wilcoxon(n_genes=99).fit(X, LABELS, GENES, seed=0).ranking_) == 8
