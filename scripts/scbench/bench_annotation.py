"""What `scbench.bench` measures of the annotation track: scRobust against the form of the authors' code.

Data are random, 20,000 genes, of which a cell expresses a tenth where nothing else is said. The originals are
`scbench.annotation.scrobust.naive` on the same cells, measured in the same process over one step or a few cells.
"""

from collections.abc import Callable
from typing import Any

from scbench.bench_case import Case

_GENES, _STEPS = 20_000, 10
_TYPES = 10
_LR = 5e-5


class _Training:
    """Steps of one of scRobust's trainings."""

    def __init__(self, task: Any, precision: str = "float32", record: bool = False) -> None:
        from scbench.annotation.scrobust.allocation import keep_freed_memory
        from scbench.annotation.scrobust.training import step_of

        keep_freed_memory()
        self.task = task
        self.take = step_of(task, _LR, 0.0, precision, record)

    def step(self, cells: Any) -> None:
        import torch

        self.take(torch.as_tensor(cells, device=self.task.cells.device), _LR)

    def epoch(self, batch: int) -> None:
        import torch

        for cells in self.task.cells[torch.randperm(len(self.task.cells))].split(batch):
            self.step(cells)


def _pretraining(
    X: Any, m: int, *, layers: int = 1, precision: str = "float32", device: str = "cpu", record: bool = False
) -> _Training:
    from scbench.annotation.scrobust.pretrain import Pretraining, new_encoder
    from scbench.annotation.scrobust.settings import settings

    choices = settings("faithful", {"genes_per_view": m, "layers": layers})
    encoder = new_encoder(X.shape[1], choices, seed=0, device=device)
    return _Training(Pretraining(encoder, X, choices, seed=0), precision, record)


def _finetuning(X: Any) -> _Training:
    from scbench.annotation.scrobust.finetune import Classifier, Finetuning
    from scbench.annotation.scrobust.order import gene_order
    from scbench.annotation.scrobust.pretrain import new_encoder
    from scbench.annotation.scrobust.settings import settings

    choices = settings("faithful", {})
    encoder = new_encoder(X.shape[1], choices, seed=0, device="cpu")
    classifier = Classifier(encoder, _TYPES, gene_order(X, "unique", 0), choices.n_genes, choices, seed=0)
    return _Training(Finetuning(classifier, X, _types(X), choices, seed=0))


def _encoder(X: Any) -> Any:
    """An encoder that has embedded, and cells to embed."""
    import numpy as np
    import pandas as pd

    from scbench.annotation.scrobust.allocation import keep_freed_memory
    from scbench.annotation.scrobust.pretrain import new_encoder
    from scbench.annotation.scrobust.pretrained import Pretrained
    from scbench.annotation.scrobust.settings import settings

    keep_freed_memory()
    choices = settings("faithful", {})
    encoder = new_encoder(X.shape[1], choices, seed=0, device="cpu")
    pretrained = Pretrained(encoder, np.arange(X.shape[1]).astype(str), choices, pd.DataFrame())
    pretrained.embed(X[:2], n_genes=choices.n_genes)
    return pretrained, X


def _embed(made: tuple) -> None:
    pretrained, X = made
    pretrained.embed(X, n_genes=pretrained.settings.n_genes)


def _values(cells: int, density: float = 0.1) -> Any:
    """Sparse log1p values; genes differ in how many cells express them."""
    import numpy as np
    import scipy.sparse as sp

    rng = np.random.default_rng(1)
    share = rng.lognormal(0, 1.2, _GENES).astype(np.float32)
    share = np.minimum(share * density / share.mean(), 0.95)
    blocks = []
    for start in range(0, cells, 1000):
        shape = (min(1000, cells - start), _GENES)
        row, column = np.nonzero(rng.random(shape, dtype=np.float32) < share)
        values = np.log1p(rng.geometric(0.6, len(row)).astype(np.float32))
        blocks.append(sp.csr_matrix((values, (row, column)), shape=shape))
    return sp.vstack(blocks, format="csr")


def _types(X: Any) -> Any:
    import numpy as np

    return np.arange(X.shape[0]) % _TYPES


def _naive_pretraining(X: Any, m: int, layers: int) -> Any:
    from scbench.annotation.scrobust.naive import NaivePretraining

    return NaivePretraining(X, m, layers=layers)


def _naive_finetuning(X: Any) -> Any:
    from scbench.annotation.scrobust.naive import NaiveFinetuning
    from scbench.annotation.scrobust.order import gene_order

    return NaiveFinetuning(X, _types(X), gene_order(X, "unique", 0))


def _warm(made: Any, cells: int) -> Any:
    """Take a step, which imports, allocates and makes the optimiser's state."""
    made.step(range(cells))
    return made


def _step(ours: Callable[[Any], Any], original: Callable[[Any], Any], batch: int, times: float) -> Case:
    """Seconds of a step with a batch of cells."""
    return Case(
        lambda: _warm(ours(_values(batch)), batch),
        lambda made: [made.step(range(batch)) for _ in range(_STEPS)],
        per=_STEPS,
        cells=batch,
        genes=_GENES,
        times=times,
        threads=2,
        original=Case(lambda: _warm(original(_values(batch)), 2), lambda made: made.step(range(batch))),
    )


def _pretraining_step(batch: int, m: int, layers: int, times: float, precision: str = "float32") -> Case:
    return _step(
        lambda X: _pretraining(X, m, layers=layers, precision=precision),
        lambda X: _naive_pretraining(X, m, layers),
        batch,
        times,
    )


def _embedding(cells: int, few: int, times: float) -> Case:
    """Seconds of a thousand cells; the original embeds a few."""
    return Case(
        lambda: _encoder(_values(cells)),
        _embed,
        per=cells / 1000,
        cells=cells,
        genes=_GENES,
        times=times,
        threads=2,
        original=Case(
            lambda: _warm(_naive_finetuning(_values(few)), 2), lambda made: made.embed(range(few)), per=few / 1000
        ),
    )


def _epoch(cells: int, density: float, batch: int, m: int) -> Case:
    """Memory of an epoch; the original's rows alone, dense, would take 8 bytes x cells x genes: 11 GB."""
    return Case(
        lambda: _values(cells, density),
        lambda X: _pretraining(X, m).epoch(batch),
        cells=cells,
        genes=_GENES,
        peak_rss_mb=3000,
        threads=2,
    )


def _on_gpu(batch: int, m: int, cells_per_s: float, *, record: bool) -> Case:
    """Seconds of a step."""
    steps = 100
    return Case(
        # The first few steps are taken one by one, and the next is recorded.
        lambda: _steps_on_gpu(_pretraining(_values(batch), m, device="cuda", record=record), batch, 5),
        lambda made: _steps_on_gpu(made, batch, steps),
        per=steps,
        cells=batch,
        genes=_GENES,
        wall_s=batch / cells_per_s,
        gpu=True,
    )


def _steps_on_gpu(made: _Training, batch: int, steps: int) -> _Training:
    import torch

    cells = torch.arange(batch, device="cuda")
    for _ in range(steps):
        made.step(cells)
    torch.cuda.synchronize()
    return made


ANNOTATION: dict[str, Case] = {
    "scRobust, pre-training, a step": _pretraining_step(128, 200, layers=1, times=60),
    "scRobust, pre-training of two layers, a step": _pretraining_step(64, 50, layers=2, times=3),
    # The original has float32 alone.
    "scRobust, pre-training of two layers in bfloat16, a step": _pretraining_step(
        64, 50, layers=2, times=3, precision="bfloat16"
    ),
    "scRobust, fine-tuning, a step": _step(_finetuning, _naive_finetuning, 32, times=60),
    "scRobust, embeddings of 1,000 cells": _embedding(4096, 16, times=200),
    "scRobust, pre-training at 3 % non-zero, an epoch": _epoch(68_579, 0.03, 256, 60),
    "scRobust, pre-training on a GPU, a step": _on_gpu(256, 200, cells_per_s=200_000, record=False),
    "scRobust, pre-training on a GPU, a recorded step": _on_gpu(256, 200, cells_per_s=200_000, record=True),
}
