"""What `scbench.bench` measures of the annotation track: scRobust against the form of the authors' code.

Data are random, 20,000 genes, of which a cell expresses a tenth where nothing else is said. The originals are
`scbench.annotation.scrobust.naive` on the same cells, measured in the same process over one step or a few cells.
"""

from collections.abc import Callable
from typing import Any

from scbench.bench_case import Case

_GENES, _STEPS = 20_000, 10
_READ, _TYPES = 800, 10  # genes per cell in fine-tuning, cell types


class _Pretraining:
    """Pre-training from the parts of `scbench.annotation.scrobust`."""

    def __init__(self, X: Any, m: int, *, layers: int = 1, precision: str = "float32", device: str = "cpu") -> None:
        import torch

        from scbench.annotation.scrobust.corpus import Corpus
        from scbench.annotation.scrobust.encoder import Encoder
        from scbench.annotation.scrobust.losses import Head

        self.corpus, self.m, self.precision, self.device = Corpus(X, device), m, precision, device
        self.encoder = Encoder(X.shape[1], layers=layers).to(device)
        self.contrastive, self.expression = Head(512, 512).to(device), Head(512, 512).to(device)
        self.optimiser = _adam(self.encoder, self.contrastive, self.expression)
        self.generator = torch.Generator(device).manual_seed(1)

    def step(self, cells: Any) -> None:
        import torch

        from scbench.annotation.scrobust.losses import expression_loss, nt_xent

        cells = torch.as_tensor(cells, device=self.device)
        first, second = (self.corpus.views(cells, self.m, self.generator, replacement=True) for _ in range(2))
        with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bfloat16"):
            embedded = self.encoder(*(torch.cat(part) for part in zip(first, second, strict=True)))
            loss = nt_xent(*self.contrastive(embedded).chunk(2))
            loss = loss + expression_loss(self.expression(embedded[: len(cells)]), self.encoder.table, *second)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    def epoch(self, batch: int) -> None:
        import torch

        for cells in torch.randperm(self.corpus.n_cells).split(batch):
            self.step(cells)


class _Finetuning:
    """Fine-tuning, and embeddings, from the parts of `scbench.annotation.scrobust`."""

    def __init__(self, X: Any) -> None:
        from scbench.annotation.scrobust.encoder import Encoder
        from scbench.annotation.scrobust.losses import Head

        self.X, self.ranked = X, _ranked(X)
        self.encoder, self.classifier = Encoder(X.shape[1]), Head(512, _TYPES)
        self.optimiser = _adam(self.encoder, self.classifier)

    def step(self, cells: Any) -> None:
        import torch

        cells = torch.as_tensor(cells)
        logits = self.classifier(self.encoder(*self.ranked.first(cells, _READ, duplicate_summary=True)))
        loss = torch.nn.functional.cross_entropy(logits, cells % _TYPES)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    def embed(self) -> None:
        import torch

        self.encoder.eval()
        ranked = _ranked(self.X)
        with torch.inference_mode():
            for cells in torch.arange(self.X.shape[0]).split(2048):
                self.encoder(*ranked.first(cells, _READ, duplicate_summary=True))


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


def _ranked(X: Any) -> Any:
    from scbench.annotation.scrobust.selection import Ranked, gene_order

    return Ranked(X, gene_order(X, "unique", 0))


def _adam(*modules: Any) -> Any:
    import torch

    from scbench.annotation.scrobust.allocation import keep_freed_memory

    keep_freed_memory()
    return torch.optim.Adam(torch.nn.ModuleList(modules).parameters(), lr=5e-5, fused=True)


def _naive_pretraining(X: Any, m: int, layers: int) -> Any:
    from scbench.annotation.scrobust.naive import NaivePretraining

    return NaivePretraining(X, m, layers=layers)


def _naive_finetuning(X: Any) -> Any:
    import numpy as np

    from scbench.annotation.scrobust.naive import NaiveFinetuning
    from scbench.annotation.scrobust.selection import gene_order

    return NaiveFinetuning(X, np.arange(X.shape[0]) % _TYPES, gene_order(X, "unique", 0), _READ)


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


def _pretraining(batch: int, m: int, layers: int, times: float, precision: str = "float32") -> Case:
    return _step(
        lambda X: _Pretraining(X, m, layers=layers, precision=precision),
        lambda X: _naive_pretraining(X, m, layers),
        batch,
        times,
    )


def _embedding(cells: int, few: int, times: float) -> Case:
    """Seconds of a thousand cells; the original embeds a few."""
    return Case(
        lambda: _warm(_Finetuning(_values(cells)), 32),
        lambda made: made.embed(),
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
        lambda X: _warm(_Pretraining(X, m), batch).epoch(batch),
        cells=cells,
        genes=_GENES,
        peak_rss_mb=3000,
        threads=2,
    )


def _on_gpu(batch: int, m: int, cells_per_s: float) -> Case:
    """Seconds of a step."""
    return Case(
        lambda: _warm(_Pretraining(_values(batch), m, device="cuda"), batch),
        _steps_on_gpu,
        per=100,
        cells=batch,
        genes=_GENES,
        wall_s=batch / cells_per_s,
        gpu=True,
    )


def _steps_on_gpu(made: _Pretraining) -> None:
    import torch

    cells = torch.arange(made.corpus.n_cells, device="cuda")
    for _ in range(100):
        made.step(cells)
    torch.cuda.synchronize()


ANNOTATION: dict[str, Case] = {
    "scRobust, pre-training, a step": _pretraining(128, 200, layers=1, times=60),
    "scRobust, pre-training of two layers, a step": _pretraining(64, 50, layers=2, times=3),
    # The original has float32 alone.
    "scRobust, pre-training of two layers in bfloat16, a step": _pretraining(
        64, 50, layers=2, times=3, precision="bfloat16"
    ),
    "scRobust, fine-tuning, a step": _step(_Finetuning, _naive_finetuning, 32, times=60),
    "scRobust, embeddings of 1,000 cells": _embedding(4096, 16, times=200),
    "scRobust, pre-training at 3 % non-zero, an epoch": _epoch(68_579, 0.03, 256, 60),
    "scRobust, pre-training on a GPU, a step": _on_gpu(256, 200, cells_per_s=200_000),
}
