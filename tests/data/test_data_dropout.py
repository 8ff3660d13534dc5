import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scbench.data.dropout import drop_counts
from scbench.data.local import locate
from scbench.data.normalise import log1p_normalised
from scbench.data.prepare import prepare
from scbench.errors import UserError
from scbench.io import read_prepared
from scbench.registry import Registry

REGISTRY = Registry.load()
HERE = ("package", "wheel", "simulate")  # sources that need no network
DERIVED = [
    name
    for name, each in REGISTRY.datasets.items()
    if each["source"].get("transform") == "dropout"
    and {REGISTRY.dataset(origin)["source"]["type"] for origin in REGISTRY.origins(name)} <= set(HERE)
]

matrices = st.tuples(st.integers(1, 12), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.sampled_from([0, 0, 1, 2, 7]))
)


def _one_by_one(counts, rate, seed):
    """The same with a loop: of each cell the values with the smallest random numbers go, in the order of storage."""
    values, random = counts.toarray(), np.random.default_rng(seed).random(counts.nnz)
    for cell in range(len(values)):
        stored = slice(counts.indptr[cell], counts.indptr[cell + 1])
        genes = counts.indices[stored][np.argsort(random[stored])]
        values[cell, genes[: round(rate * len(genes))]] = 0
    return values


@settings(max_examples=60, deadline=None)
@given(counts=matrices, rate=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_it_is_what_a_loop_over_the_cells_gives(counts, rate, seed):
    counts = sp.csr_matrix(counts)
    after = drop_counts(counts, rate, seed)
    assert after.dtype == counts.dtype
    assert np.count_nonzero(after.data) == after.nnz
    np.testing.assert_array_equal(after.toarray(), _one_by_one(counts, rate, seed))


def test_the_ends_of_the_scale():
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(2, (50, 40)))
    assert (drop_counts(counts, 0, 1) != counts).nnz == 0
    assert drop_counts(counts, 1, 1).nnz == 0
    assert counts.nnz > 0


@pytest.mark.parametrize("rate", [-0.1, 1.1, "0.3", True])
def test_rates_are_shares(rate):
    with pytest.raises(UserError, match=rf"'rate' parameter must be a number from 0 to 1. Got {rate!r}"):
        drop_counts(sp.csr_matrix(np.ones((3, 2))), rate, 0)


def test_cells_that_lost_everything_stay_empty_without_a_warning():
    left = sp.csr_matrix(np.array([[0, 0, 0], [1, 3, 0]]))
    values = log1p_normalised(left, 8).toarray()
    np.testing.assert_allclose(values, [[0, 0, 0], [np.log(3), np.log(7), 0]], rtol=1e-6)


def test_it_needs_numpy_and_scipy_alone(python):
    """Runs in isolated environments import it, where nothing else may be there."""
    code = (
        "import sys, scbench.data.dropout, scbench.data.normalise\n"
        "heavy = {'anndata', 'h5py', 'pandas', 'scanpy', 'sklearn', 'pooch'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    process = python(code)
    assert process.wait(60) == 0, process.stderr.read()


@pytest.mark.parametrize("name", DERIVED)
def test_a_dataset_with_dropout_is_its_parent_but_for_what_was_lost(name):
    """Its splits are those of the parent, so scores can be compared cell by cell."""
    entry, parent = REGISTRY.dataset(name), REGISTRY.dataset(name)["source"]["from"]
    assert name == f"{parent}_dropout_{100 * entry['source']['params']['rate']:g}"
    assert REGISTRY.same_cells(name) == parent
    original = REGISTRY.dataset(parent)
    assert entry["target_sum"] == original["target_sum"]
    labels = original["expected"]["labels"]
    expected = original["expected"] | {"labels": labels if isinstance(labels, int) else len(labels)}
    assert entry["expected"] == expected


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning", "ignore:Moving element from .uns")
def test_real_cells_keep_their_order_labels_and_half_of_their_counts(tmp_path, root):
    parent, child = "pbmc68k_reduced", "pbmc68k_reduced_dropout_50"
    source = locate(REGISTRY.dataset(parent)["source"], root)
    for name in (parent, child):
        prepare(name, REGISTRY.dataset(name), tmp_path / f"{name}.h5ad", source=source, seed=1)
        source = tmp_path / f"{name}.h5ad"
    before, after = (read_prepared(tmp_path / f"{name}.h5ad", "counts") for name in (parent, child))
    np.testing.assert_array_equal(after.cells, before.cells)
    np.testing.assert_array_equal(after.labels, before.labels)
    np.testing.assert_array_equal(after.genes, before.genes)
    kept = np.diff(before.X.indptr) - np.rint(0.5 * np.diff(before.X.indptr))
    np.testing.assert_array_equal(np.diff(after.X.indptr), kept)
