"""Orders of genes, and the genes of a cell that come first."""

import numpy as np
import pytest
import scipy.sparse as sp

from scbench.errors import UserError

torch = pytest.importorskip("torch")

from scbench.annotation.scrobust.order import gene_order  # noqa: E402 (torch first)
from scbench.annotation.scrobust.selection import Ranked  # noqa: E402

# Non-zero in 3, 1, 2, 1 and 0 of the cells.
X = sp.csr_matrix(np.array([[1, 0, 2, 0, 0], [3, 4, 0, 0, 0], [5, 0, 6, 7, 0]], dtype=np.float32))
SUMMARY, PAD = 5, 6


def test_unique_genes_are_zero_in_most_cells_and_ties_stay_in_order():
    assert gene_order(X, "unique", 0).tolist() == [4, 1, 3, 2, 0]


def test_stored_zeros_count_as_zero():
    stored = X.copy()
    stored.data[stored.indices == 2] = 0
    assert gene_order(stored, "unique", 0).tolist() == [2, 4, 1, 3, 0]


def test_variable_genes_have_the_largest_standard_deviation():
    X = sp.random(50, 30, 0.3, random_state=0, format="csr")
    spread = X.toarray().std(axis=0)[gene_order(X, "hvg", 0)]
    assert (np.diff(spread) <= 1e-12).all()


def test_the_random_order_is_a_permutation_of_its_seed():
    first, again, other = (gene_order(X, "random", seed) for seed in (1, 1, 2))
    assert sorted(first) == list(range(5))
    assert first.tolist() == again.tolist() != other.tolist()


def test_an_unknown_order_is_named():
    with pytest.raises(ValueError, match="Did you mean 'unique'"):
        gene_order(X, "uniqe", 0)


def first(n, *, duplicate_summary, cells=(0, 1, 2)):
    ranked = Ranked(X, gene_order(X, "unique", 0))
    return ranked.first(torch.tensor(cells), n, duplicate_summary=duplicate_summary)


def test_a_cell_with_fewer_genes_has_a_second_summary_token_and_padding_of_value_zero():
    tokens, values = first(4, duplicate_summary=True)
    assert tokens.tolist() == [[2, 0, SUMMARY, PAD], [1, 0, SUMMARY, PAD], [3, 2, 0, SUMMARY]]
    assert values.tolist() == [[2, 1, 1, 0], [4, 3, 1, 0], [7, 6, 5, 1]]


def test_a_cell_with_as_many_genes_has_none():
    tokens, _ = first(2, duplicate_summary=True)
    assert tokens.tolist() == [[2, 0], [1, 0], [3, 2]]


def test_without_the_second_summary_token_there_is_only_padding():
    tokens, values = first(4, duplicate_summary=False)
    assert tokens.tolist() == [[2, 0, PAD, PAD], [1, 0, PAD, PAD], [3, 2, 0, PAD]]
    assert values.tolist() == [[2, 1, 0, 0], [4, 3, 0, 0], [7, 6, 5, 0]]


def test_cells_may_be_taken_in_any_order_and_twice():
    tokens, _ = first(1, duplicate_summary=True, cells=(2, 0, 2))
    assert tokens.tolist() == [[3], [2], [3]]


def test_it_agrees_with_the_authors_form():
    from scbench.annotation.scrobust.naive import NaiveFinetuning

    X = sp.random(20, 200, 0.2, random_state=1, format="csr")
    order = gene_order(X, "random", 3)
    naive = NaiveFinetuning(X, np.zeros(20, dtype=int), order, n=40)
    tokens, values = Ranked(X, order).first(torch.arange(20), 40, duplicate_summary=True)
    for found, expected in zip((tokens, values), naive.first(range(20)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_values_that_are_no_log1p_values_are_named():
    bad = X.copy()
    bad.data[-1] = np.nan
    with pytest.raises(UserError, match="Got nan for gene 3 of cell 2"):
        Ranked(bad, np.arange(5))
