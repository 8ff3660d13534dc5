"""Sparse cells on a device and the sampler of views."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import chisquare

from scbench.errors import UserError

torch = pytest.importorskip("torch")

from scbench.annotation.scrobust.corpus import Corpus  # noqa: E402 (torch first)

# Three genes, none, five genes; 6 genes in all, so that 6 is the summary token and 7 the padding.
X = sp.csr_matrix(
    np.array(
        [[0, 1.5, 0, 2.5, 0, 0.5], [0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 0]],
        dtype=np.float32,
    )
)
SUMMARY, PAD = 6, 7


def views(cells, m, *, replacement, seed=0, data=X):
    return Corpus(data).views(torch.tensor(cells), m, torch.Generator().manual_seed(seed), replacement=replacement)


@pytest.mark.parametrize(("cell", "genes"), [(0, [1, 3, 5]), (2, [0, 1, 2, 3, 4])])
def test_draws_with_replacement_are_uniform_over_the_nonzero_genes_and_the_summary_token(cell, genes):
    tokens, _ = views([cell] * 100, 300, replacement=True)
    counts = np.bincount(tokens.flatten(), minlength=8)
    assert counts.sum() == counts[[*genes, SUMMARY]].sum()
    assert chisquare(counts[[*genes, SUMMARY]]).pvalue > 1e-3


def test_draws_of_different_places_and_cells_are_independent():
    tokens, _ = views([0] * 20_000, 2, replacement=True)
    pairs = np.bincount(tokens[:, 0] * 8 + tokens[:, 1], minlength=64)
    assert chisquare(pairs[pairs > 0]).pvalue > 1e-3
    assert (pairs > 0).sum() == 16


def test_subsets_without_replacement_are_uniform_and_without_the_summary_token():
    tokens, _ = views([2] * 20_000, 2, replacement=False)
    pairs = tokens.sort(1).values
    counts = np.bincount(pairs[:, 0] * 8 + pairs[:, 1], minlength=64)
    assert (counts > 0).sum() == 10
    assert chisquare(counts[counts > 0]).pvalue > 1e-3
    assert (tokens[:, 0] != tokens[:, 1]).all()


@pytest.mark.parametrize("replacement", [True, False])
def test_values_are_those_of_the_tokens(replacement):
    dense = np.column_stack([X.toarray(), np.ones(3), np.zeros(3)])
    tokens, values = views([2, 0, 1], 9, replacement=replacement)
    np.testing.assert_array_equal(values, np.take_along_axis(dense[[2, 0, 1]], tokens.numpy(), axis=1))


def test_what_a_cell_lacks_for_a_subset_is_padding():
    tokens, values = views([0, 1, 2], 4, replacement=False)
    assert sorted(tokens[0].tolist()) == [1, 3, 5, PAD]
    assert tokens[1].tolist() == [PAD] * 4
    assert (values[1] == 0).all()
    assert PAD not in tokens[2]


def test_an_empty_cell_has_only_the_summary_token_with_replacement():
    tokens, values = views([1], 5, replacement=True)
    assert tokens.tolist() == [[SUMMARY] * 5]
    assert values.tolist() == [[1.0] * 5]


@pytest.mark.parametrize("replacement", [True, False])
def test_views_follow_the_generator(replacement):
    first, again, other = (views([0, 2], 4, replacement=replacement, seed=seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_corpus_without_any_value_has_views():
    nothing = sp.csr_matrix((2, 6), dtype=np.float32)
    assert views([0, 1], 3, replacement=True, data=nothing)[0].tolist() == [[SUMMARY] * 3] * 2
    assert views([0, 1], 3, replacement=False, data=nothing)[0].tolist() == [[PAD] * 3] * 2


def test_stored_zeros_are_no_genes():
    stored = X.copy()
    stored.data[0] = 0
    tokens, _ = views([0], 3, replacement=False, data=stored)
    assert sorted(tokens[0].tolist()) == [3, 5, PAD]
    assert stored.nnz == X.nnz, "the caller's matrix must stay as it is"


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_values_that_are_no_log1p_values_are_named(wrong):
    bad = X.copy()
    bad.data[4] = wrong
    with pytest.raises(UserError, match=rf"Got {wrong} for gene 1 of cell 2"):
        Corpus(bad)


def test_memory_is_that_of_the_nonzero_values():
    corpus = Corpus(X)
    assert corpus.indices.numel() + corpus.values.numel() == 2 * (X.nnz + 1)
    assert (corpus.indices.dtype, corpus.values.dtype) == (torch.int32, torch.float32)
