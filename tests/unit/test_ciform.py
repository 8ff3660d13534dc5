"""CIForm: sub-vectors, positions, the size of its network, and what it may not see."""

import numpy as np
import pytest
import scipy.sparse as sp

from scbench.annotation.ciform import CIForm, positions, sub_vectors
from scbench.annotation.variable_genes import highly_variable
from scbench.data.normalise import log1p_normalised
from scbench.errors import UserError
from scbench.simulate.cells import cell_types

SMALL = {"length": 32, "heads": 4, "epochs": 3, "batch_size": 32, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def cells():
    data = cell_types(n_cells=240, n_genes=80, n_types=3, seed=3)
    return log1p_normalised(data.layers["counts"], 10_000), data.obs["label"].astype(str).to_numpy(dtype=object)


def test_the_last_sub_vector_is_made_of_the_last_genes():
    cut = sub_vectors(np.array([[1.0, 3.0, 5.0, 5.0, 9.0]]), 2)
    # (1, 3), (5, 5) and, again with the fourth gene, (5, 9): each less its mean over its standard deviation.
    np.testing.assert_allclose(cut, [[[-1, 1], [0, 0], [-1, 1]]])


@pytest.mark.parametrize(("genes", "tokens"), [(4, 1), (8, 2), (9, 3)])
def test_sub_vectors_are_standardised_and_as_few_as_hold_all_genes(genes, tokens):
    cut = sub_vectors(np.random.default_rng(0).gamma(1, size=(3, genes)), 4)
    assert cut.shape == (3, tokens, 4)
    np.testing.assert_allclose(cut.mean(axis=2), 0, atol=1e-12)
    np.testing.assert_allclose(cut.std(axis=2), 1)


def test_fewer_genes_than_a_sub_vector_are_followed_by_zeros():
    cut = sub_vectors(np.array([[0.0, 2.0]]), 4)
    np.testing.assert_array_equal(cut, [[[-1, 1, 0, 0]]])


def test_positions_are_sines_and_cosines():
    codes = positions(3, 4)
    np.testing.assert_allclose(codes[0], [0, 1, 0, 1])
    # Widths of 4 have the two frequencies 1 and 10000 ** -(2 / 4) = 0.01.
    np.testing.assert_allclose(codes[2], [np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)])


def test_the_genes_that_differ_between_cells_are_chosen():
    counts = np.random.default_rng(0).poisson(3, (200, 400))
    counts[:100, [5, 40]] *= 2
    counts[100:, [5, 40]] = 0  # the same mean as the others
    X = sp.csr_matrix(np.log1p(counts))
    assert highly_variable(X, 2).tolist() == [5, 40]
    assert highly_variable(X, 400).tolist() == list(range(400))


def test_the_network_has_the_layers_of_the_description(cells):
    X, labels = cells
    model = CIForm(**SMALL | {"epochs": 1}).fit(X, labels, seed=0).model_
    d, hidden, types = 32, 1024, 3
    attention = 4 * (d * d + d)
    feed_forward = d * hidden + hidden + hidden * d + d
    norms = 2 * 2 * d
    classifier = d * d + d + d * types + types
    assert sum(p.numel() for p in model.parameters()) == attention + feed_forward + norms + classifier


def test_the_order_of_sub_vectors_matters(cells):
    """By their positions alone: everything else treats them alike."""
    import torch

    X, labels = cells
    model = CIForm(**SMALL).fit(X, labels, seed=0).model_
    tokens = torch.as_tensor(sub_vectors(X[:5].toarray(), 32), dtype=torch.float32)
    with torch.no_grad():
        assert (model(tokens) - model(tokens.flip(1))).abs().max() > 1e-3


def test_it_learns_in_few_epochs_and_one_seed_gives_one_result(cells):
    X, labels = cells
    one, two, other = (
        CIForm(**SMALL | {"epochs": 15}).fit(X[:160], labels[:160], seed=seed).predict(X[160:]) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one.confidence, two.confidence)
    assert not np.array_equal(one.confidence, other.confidence)
    assert (one.labels == labels[160:]).mean() > 0.8
    assert set(one.labels) <= set(labels)  # no "unassigned"


def test_the_state_of_torch_is_left_as_it_was(cells):
    import torch

    X, labels = cells
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    CIForm(**SMALL | {"epochs": 1}).fit(X, labels, seed=0)
    assert torch.rand(1) == expected


@pytest.mark.parametrize("wrong", [{"length": 30, "heads": 4}, {"length": 15, "heads": 3}])
def test_a_width_that_heads_cannot_share_is_refused(cells, wrong):
    with pytest.raises(UserError, match=rf"'heads' \({wrong['heads']}\). Got {wrong['length']}"):
        CIForm(**wrong).fit(*cells, seed=0)
