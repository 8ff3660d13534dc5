"""scRobust's training on a real GPU: the numbers of a CPU, the same for a seed, recorded or not."""

import numpy as np
import pytest
import scipy.sparse as sp

from scbench.annotation.scrobust.pretrain import Pretraining, new_encoder, pretrain
from scbench.annotation.scrobust.settings import settings

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that CUDA can use")

X = sp.random(300, 500, 0.1, format="csr", random_state=0, dtype=np.float32)


def _trained(variant, **overrides):
    choices = settings(variant, {"width": 64, "pretrain_epochs": 5, "genes_per_view": 20, **overrides})
    encoder = new_encoder(X.shape[1], choices, seed=0, device="cuda")
    return pretrain(encoder, X, choices, seed=1), encoder.table.detach().cpu()


@pytest.mark.parametrize("variant", ["faithful", None])
@pytest.mark.parametrize("record", [False, True])
def test_a_seed_gives_one_result(variant, record):
    (first, table), (second, again) = (_trained(variant, record=record) for _ in range(2))
    assert first.equals(second)
    assert torch.equal(table, again)


@pytest.mark.parametrize("variant", ["faithful", None])
def test_recorded_steps_do_what_steps_one_by_one_do(variant):
    (history, table), (recorded, again) = (_trained(variant, record=record) for record in (False, True))
    np.testing.assert_allclose(recorded["value"], history["value"], rtol=1e-3)
    torch.testing.assert_close(again, table, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("overrides", [{"variant": "faithful"}, {}, {"values": "embedding"}, {"layers": 2}])
def test_losses_and_gradients_are_those_of_a_cpu(overrides):
    overrides = {"dropout": 0.0, "genes_per_view": 20, "width": 64, **overrides}
    choices = settings(overrides.pop("variant", None), overrides)
    found, views = {}, None
    for device in ("cpu", "cuda"):
        task = Pretraining(new_encoder(X.shape[1], choices, seed=0, device=device), X, choices, seed=0)
        if views is None:
            cells = torch.arange(64)
            views = [task.corpus.views(cells, 20, task.generator, replacement=choices.replacement) for _ in range(2)]
        given = iter([tuple(part.to(device) for part in view) for view in views])
        task.corpus.views = lambda *_, given=given, **__: next(given)
        losses = task.losses(torch.arange(64, device=device))
        sum(losses.values()).backward()
        gradient = torch.cat([p.grad.flatten().cpu() for p in task.module.parameters() if p.grad is not None])
        found[device] = ([float(loss.detach()) for loss in losses.values()], gradient)
    (losses, gradient), (expected, reference) = found["cuda"], found["cpu"]
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert (gradient - reference).norm() < 1e-4 * reference.norm()
