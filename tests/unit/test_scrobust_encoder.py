"""The encoder against the authors' form, and what it does and does not see."""

import pytest

torch = pytest.importorskip("torch")

from scbench.annotation.scrobust.block import standardise  # noqa: E402 (torch first)
from scbench.annotation.scrobust.dropout import dropout  # noqa: E402
from scbench.annotation.scrobust.encoder import Encoder  # noqa: E402
from scbench.annotation.scrobust.gather import dot, pool  # noqa: E402
from scbench.annotation.scrobust.naive import NaiveEncoder, NaiveNorm  # noqa: E402

V, WIDTH = 60, 64
SUMMARY, PAD = V, V + 1
# Cells whose 30 tokens are fewer than there are genes (read token by token), more (by gene), and many more.
FEW, MANY, MOST = 3, 12, 40
VARIANTS = ["faithful", "after_norm", "embedding"]


def cells(n, seed=0, padded=True):
    """Tokens and values of n cells; some are zero, some are padding, one is the summary token once more."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.rand(n, V, generator=generator).argsort(1)[:, :29]
    values = torch.rand(n, 29, generator=generator) * 4 + 0.05
    if padded:
        tokens[::2, -5:], values[::2, -5:] = PAD, 0.0
        tokens[0, -6], values[0, -6] = SUMMARY, 1.0
    return tokens, values


def encoder(layers=1, values="faithful", *, dropout=0.0, seed=0, **options):
    """An encoder of which no gain is 1 and no bias is 0."""
    torch.manual_seed(seed)
    model = Encoder(V, width=WIDTH, layers=layers, values=values, dropout=dropout, **options)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, 1.0 if "norm" in name and "weight" in name else 0.0, 0.2)
    return model


def naive(model, layers, *, dropout=0.0):
    reference = NaiveEncoder(V, width=WIDTH, layers=layers, dropout=dropout)
    reference.load_state_dict(model.state_dict())
    return reference


def relative(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


@pytest.mark.parametrize("n", [FEW, MANY, MOST])
@pytest.mark.parametrize("layers", [1, 2])
def test_embeddings_and_gradients_are_those_of_the_authors_form(layers, n):
    model = encoder(layers)
    reference = naive(model, layers)
    found, expected = model(*cells(n)), reference(*cells(n))[:, 0]
    assert (found - expected).abs().max() < 1e-5
    weights = torch.randn_like(expected)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    parameters = dict(reference.named_parameters())
    for name, parameter in model.named_parameters():
        if name.endswith("key.bias"):
            gradient = 0 if parameter.grad is None else parameter.grad.abs().max()
            assert max(gradient, parameters[name].grad.abs().max()) < 1e-5
        else:
            assert relative(parameter.grad, parameters[name].grad) < 1e-4, name


def test_the_authors_width_and_heads():
    torch.manual_seed(0)
    model = Encoder(V, dropout=0.0)
    reference = NaiveEncoder(V, dropout=0.0)
    reference.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert (model(*cells(MANY)) - reference(*cells(MANY))[:, 0]).abs().max() < 1e-5


@pytest.mark.parametrize("layers", [1, 2])
def test_layers_and_attention_are_those_of_the_authors_form(layers):
    model = encoder(layers)
    reference = naive(model, layers)
    with torch.no_grad():
        by_layer, attention = model.by_layer(*cells(MANY)), model.attention(*cells(MANY))
        assert by_layer.shape == (layers, MANY, WIDTH)
        assert torch.equal(by_layer[-1], model(*cells(MANY)))
        outputs = []
        reference.blocks[0].register_forward_hook(lambda *_: outputs.append(_[2][:, 0]))
        reference.blocks[-1].norm.register_forward_hook(lambda *_: outputs.append(_[2]))
        reference(*cells(MANY))
        if layers == 2:
            assert (by_layer[0] - outputs[0]).abs().max() < 1e-5
        normed = next(output for output in outputs if output.ndim == 3)
        assert (attention - reference.blocks[-1].attention(normed)[:, :, 0]).abs().max() < 1e-6
    assert attention.shape == (MANY, 8, 30)
    torch.testing.assert_close(attention.sum(-1), torch.ones(MANY, 8))


@pytest.mark.parametrize("n", [MANY, MOST])
@pytest.mark.parametrize("mask_pads", [True, False])
@pytest.mark.parametrize("values", VARIANTS)
def test_by_gene_and_token_by_token_are_the_same(values, mask_pads, n):
    model = encoder(values=values, mask_pads=mask_pads)
    tokens, x = cells(n)
    one_by_one = torch.cat([model(tokens[i : i + 1], x[i : i + 1]) for i in range(n)])
    together = model(tokens, x)
    assert (together - one_by_one).abs().max() < 1e-5
    weights = torch.randn_like(together)
    parameters = {name: p for name, p in model.named_parameters() if not name.endswith("key.bias")}
    found, expected = (
        torch.autograd.grad((z * weights).sum(), list(parameters.values())) for z in (together, one_by_one)
    )
    for name, x, y in zip(parameters, found, expected, strict=True):
        assert relative(x, y) < 1e-4, name


@pytest.mark.parametrize("n", [MANY, FEW])
def test_one_faithful_block_does_not_see_how_large_values_are(n):
    model = encoder()
    tokens, x = cells(n)
    scale = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) * 5 + 0.2
    assert relative(model(tokens, x * scale), model(tokens, x)) < 1e-4


@pytest.mark.parametrize("n", [MANY, FEW])
@pytest.mark.parametrize(("values", "layers"), [("after_norm", 1), ("embedding", 1), ("faithful", 2)])
def test_the_others_do(values, layers, n):
    model = encoder(layers, values)
    tokens, x = cells(n)
    assert relative(model(tokens, 2 * x), model(tokens, x)) > 1e-2


@pytest.mark.parametrize("values", VARIANTS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_order_of_the_genes_does_not_matter(layers, values):
    model = encoder(layers, values)
    tokens, x = cells(MANY)
    order = torch.randperm(29, generator=torch.Generator().manual_seed(1))
    assert (model(tokens[:, order], x[:, order]) - model(tokens, x)).abs().max() < 1e-5


@pytest.mark.parametrize("values", VARIANTS)
@pytest.mark.parametrize("layers", [1, 2])
def test_padding_matters_unless_it_is_masked(layers, values):
    tokens, x = cells(MANY, padded=False)
    pads = torch.full((MANY, 20), PAD), torch.zeros(MANY, 20)
    padded = torch.cat([tokens, pads[0]], 1), torch.cat([x, pads[1]], 1)
    masked, open_ = (encoder(layers, values, mask_pads=mask) for mask in (True, False))
    assert (masked(*padded) - masked(tokens, x)).abs().max() < 1e-5
    assert (open_(*padded) - open_(tokens, x)).abs().max() > 1e-3
    assert masked.attention(*padded)[..., -20:].abs().max() == 0


@pytest.mark.parametrize("layers", [1, 2])
def test_a_cell_of_padding_alone_has_an_embedding(layers):
    model = encoder(layers, mask_pads=True)
    nothing = model(torch.full((MANY, 29), PAD), torch.zeros(MANY, 29))
    assert nothing.isfinite().all()
    torch.testing.assert_close(nothing, nothing[:1].expand_as(nothing))


@pytest.mark.parametrize("n", [MANY, FEW])
def test_faithful_padding_is_a_zero_vector_whatever_its_row(n):
    model = encoder()
    before = model(*cells(n))
    with torch.no_grad():
        model.table[PAD] = torch.randn(WIDTH)
    assert torch.equal(model(*cells(n)), before)


def test_dropout_is_off_in_evaluation_and_on_in_training():
    model = encoder(dropout=0.5)
    assert not torch.equal(model(*cells(MANY)), model(*cells(MANY)))
    model.eval()
    assert torch.equal(model(*cells(MANY)), model(*cells(MANY)))


@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_has_the_distribution_of_the_authors_form(layers):
    model = encoder(layers, dropout=0.3)
    reference = naive(model, layers, dropout=0.3)
    tokens, x = (part[:1, -8:].expand(2000, -1) for part in cells(FEW))
    with torch.no_grad():
        found, expected = model(tokens, x), reference(tokens, x)[:, 0]
    # Of 64 means, none should be further off than five of their standard errors.
    error = expected.std(0) * (2 / 2000) ** 0.5
    assert ((found.mean(0) - expected.mean(0)).abs() / error).max() < 5
    assert (found.std(0) / expected.std(0) - 1).abs().max() < 0.1
    assert (found[:, 0] == 0).float().mean().item() == pytest.approx(0.3, abs=0.04)


def test_dropout_zeroes_a_share_and_keeps_the_sum_in_expectation():
    x = torch.ones(401, 1001, requires_grad=True)
    torch.manual_seed(0)
    y = dropout(x, 0.1)
    assert (y == 0).float().mean().item() == pytest.approx(0.1, abs=0.003)
    assert y.unique()[1].item() == pytest.approx(1 / 0.9, rel=1e-4)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    zero = (y == 0).float() - 0.1
    for neighbours in (zero[:, 1:] * zero[:, :-1], zero[1:] * zero[:-1]):
        assert neighbours.mean().abs() < 5 * 0.09 / neighbours.numel() ** 0.5


def test_the_same_seed_gives_the_same_training():
    def gradients():
        model = encoder(dropout=0.1)
        torch.manual_seed(1)
        model(*cells(MANY)).square().sum().backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    assert all(torch.equal(a, b) for a, b in zip(gradients(), gradients(), strict=True))


@pytest.mark.parametrize("values", VARIANTS)
@pytest.mark.parametrize(("layers", "n"), [(1, FEW), (1, MANY), (1, MOST), (2, FEW)])
def test_mixed_precision_is_close(layers, n, values):
    model = encoder(layers, values)
    exact = model(*cells(n))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model(*cells(n))
    assert relative(mixed.float(), exact) < 0.03
    mixed.float().square().sum().backward()
    assert model.table.grad.isfinite().all()


def test_the_norm_is_the_authors():
    torch.manual_seed(0)
    # The scales reach down to where the 1e-6 counts; a row of zeros stays one.
    x = torch.randn(40, WIDTH) * torch.logspace(-3, 1, 40)[:, None]
    x[0] = 0
    torch.testing.assert_close(standardise(x), NaiveNorm(WIDTH)(x), rtol=1e-4, atol=1e-5)


def test_sums_and_products_of_picked_rows_have_the_right_derivatives():
    torch.manual_seed(0)
    tokens = torch.tensor([[0, 4, 4], [2, 0, 1]])
    table = torch.randn(6, 5, dtype=torch.double, requires_grad=True)
    weights = torch.randn(2, 2, 3, dtype=torch.double, requires_grad=True)
    vectors = torch.randn(2, 2, 5, dtype=torch.double, requires_grad=True)
    torch.testing.assert_close(pool(weights, table, tokens), torch.einsum("chm,cmd->chd", weights, table[tokens]))
    torch.testing.assert_close(dot(vectors, table, tokens), torch.einsum("chd,cmd->chm", vectors, table[tokens]))
    assert torch.autograd.gradcheck(lambda w, t: pool(w, t, tokens), (weights, table))
    assert torch.autograd.gradcheck(lambda v, t: dot(v, t, tokens), (vectors, table))
