import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench.data.align import align
from scbench.errors import UserError

X = sp.csr_matrix(np.array([[1, 0, 5, 2], [0, 3, 0, 0], [0, 0, 0, 0]], dtype=np.int32))
GENES = np.array(["a", "b", "c", "d"], dtype=object)


def test_genes_come_in_the_order_asked_for_and_missing_ones_are_zero():
    aligned, coverage = align(X, GENES, np.array(["d", "x", "a", "c"]))
    np.testing.assert_array_equal(aligned.toarray(), [[2, 0, 1, 5], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert aligned.dtype == np.int32
    assert aligned.has_sorted_indices
    assert coverage == (3, ("x",), 1, 8 / 11, 1)
    assert str(coverage) == "3 of 4 genes found (75%), 1 others left out; 73% of the values kept, 1 cell(s) emptied"


def test_the_same_genes_are_the_same_matrix():
    aligned, coverage = align(X, GENES, GENES)
    assert (aligned != X).nnz == 0
    assert coverage == (4, (), 0, 1.0, 0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 30), min_size=1, max_size=20, unique=True))
def test_it_is_what_a_table_with_names_gives(seed, wanted):
    rng = np.random.default_rng(seed)
    values = rng.poisson(0.5, (6, 15))
    genes = np.array([f"g{i}" for i in rng.permutation(20)[:15]], dtype=object)
    to = np.array([f"g{i}" for i in wanted], dtype=object)
    aligned, coverage = align(sp.csr_matrix(values), genes, to, least=0)
    column = {name: values[:, i] for i, name in enumerate(genes)}
    expected = np.column_stack([column.get(name, np.zeros(6)) for name in to])
    np.testing.assert_array_equal(aligned.toarray(), expected)
    assert coverage.missing == tuple(name for name in to if name not in column)
    assert coverage.matched + coverage.extra == 15
    assert coverage.kept == pytest.approx(expected.sum() / values.sum() if values.sum() else 1)


def test_there_and_back_is_the_same():
    order = np.random.default_rng(0).permutation(4)
    there, _ = align(X, GENES, GENES[order])
    back, _ = align(there, GENES[order], GENES)
    assert (back != X).nnz == 0
    assert X.nnz == 4


@pytest.mark.parametrize(
    ("genes", "to", "options", "message"),
    [
        (["a", "b", "a", "d"], ["a"], {}, "gene 'a' occurs more than once among those to be aligned"),
        (["a", "b", "c", "d"], ["d", "d"], {}, "gene 'd' occurs more than once among those to align to"),
        (["a", "b", "c"], ["a"], {}, "matrix has 4 columns, but there are 3 names"),
        (["a", "b", "c", "d"], [], {}, "no genes to align to"),
        (["a", "b", "c", "d"], ["x", "y", "a"], {}, r"Only 1 of 3 genes were found \(33%; at least 50% are needed\)"),
        (["a", "b", "c", "d"], ["A", "B", "x"], {}, "Without regard to case 2 are there"),
        (["a", "b", "c", "d"], ["x"], {}, "Asked for is 'x', say; the cells have 'a'"),
        (["a", "b", "c", "d"], ["a", "b", "x"], {"least": 0.7}, r"Only 2 of 3 genes .* 70%"),
        (["a", "b", "c", "d"], ["a"], {"least": 1.5}, "'least' parameter must be a number from 0 to 1. Got 1.5"),
    ],
)  # fmt: skip
def test_what_cannot_be_aligned_is_named(genes, to, options, message):
    with pytest.raises(UserError, match=message):
        align(X, np.array(genes, dtype=object), np.array(to, dtype=object), **options)


def test_the_share_that_is_needed_can_be_set():
    assert align(X, GENES, np.array(["a", "x", "y"], dtype=object), least=0.3)[1].share == pytest.approx(1 / 3)
