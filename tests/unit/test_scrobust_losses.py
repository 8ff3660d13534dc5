"""Heads and losses of pre-training."""

import math

import pytest

torch = pytest.importorskip("torch")

from scbench.annotation.scrobust.losses import Head, expression_loss, nt_xent  # noqa: E402 (torch first)

V = 6  # genes; 6 is the summary token and 7 the padding


@pytest.mark.parametrize("n", [1, 2, 128])
def test_the_contrastive_loss_at_chance_is_the_logarithm_of_the_choices(n):
    same = torch.ones(n, 4)
    assert nt_xent(same, same).item() == pytest.approx(math.log(2 * n - 1), abs=1e-5)
    assert n != 128 or nt_xent(same, same).item() == pytest.approx(5.54, abs=0.005)


def test_the_contrastive_loss_of_two_cells_by_hand():
    a, b = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[3.0, 0.0], [2.0, 0.0]])
    # Cosines in the order a0 a1 b0 b1; b0 and b1 are the same direction as a0, and a1 is at a right angle to all.
    e = math.e
    expected = -(math.log(e / (2 * e + 1)) + math.log(1 / 3) + math.log(e / (2 * e + 1)) + math.log(1 / (2 * e + 1)))
    assert nt_xent(a, b, temperature=1.0).item() == pytest.approx(expected / 4, abs=1e-6)


def test_the_expression_loss_by_hand():
    table = torch.zeros(V + 2, 2)
    table[2], table[4], table[V] = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0]), torch.tensor([1.0, 1.0])
    loss = expression_loss(torch.tensor([[3.0, 1.0]]), table, torch.tensor([[2, 4]]), torch.tensor([[1.0, 2.5]]))
    # The summary token is predicted as 4 instead of 1, gene 2 as 3 instead of 1, gene 4 as 2 instead of 2.5.
    assert loss.item() == pytest.approx((9 + 4 + 0.25) / 3)


def test_padding_does_not_count_in_the_expression_loss():
    generator = torch.Generator().manual_seed(0)
    projected, table = torch.randn(2, 4, generator=generator), torch.randn(V + 2, 4, generator=generator)
    tokens, values = torch.tensor([[0, 3], [5, 1]]), torch.rand(2, 2, generator=generator)
    padded = torch.tensor([[0, 3, 7, 7], [5, 1, 7, 7]]), torch.nn.functional.pad(values, (0, 2))
    assert expression_loss(projected, table, *padded).item() == pytest.approx(
        expression_loss(projected, table, tokens, values).item()
    )


def test_losses_and_their_gradients_agree_with_the_authors_form():
    import numpy as np
    import scipy.sparse as sp

    from scbench.annotation.scrobust.naive import NaivePretraining

    torch.manual_seed(0)
    naive = NaivePretraining(sp.csr_matrix(np.ones((2, V))), m=3)
    a, b = torch.randn(5, 512, requires_grad=True), torch.randn(5, 512, requires_grad=True)
    tokens, values = torch.randint(0, V + 1, (5, 30)), torch.rand(5, 30)
    table = naive.encoder.table
    found = nt_xent(a, b), expression_loss(a, table, tokens, values)
    expected = naive._contrast(a, b), naive._predict(a, tokens, values)
    for loss, reference in zip(found, expected, strict=True):
        assert loss.item() == pytest.approx(reference.item(), rel=1e-6)
    for x, y in zip(
        torch.autograd.grad(sum(found), (a, b, table)), torch.autograd.grad(sum(expected), (a, b, table)), strict=True
    ):
        assert ((x - y).norm() / y.norm()).item() < 1e-5


def test_a_head_is_linear_elu_dropout_linear():
    head = Head(8, 3)
    assert [type(layer).__name__ for layer in head.layers] == ["Linear", "ELU", "Dropout", "Linear"]
    assert head.layers[2].p == 0.1
    assert head(torch.zeros(5, 8)).shape == (5, 3)
