"""First training of scRobust, without labels: two views of a cell find each other, and one predicts the other."""

from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from scbench import seeds
from scbench.annotation.scrobust.checkpoints import fingerprint
from scbench.annotation.scrobust.corpus import Corpus
from scbench.annotation.scrobust.encoder import Encoder
from scbench.annotation.scrobust.losses import Head, expression_loss, nt_xent
from scbench.annotation.scrobust.settings import FEWEST, MOST, VIEW_SHARE, VIEWS, Settings
from scbench.annotation.scrobust.training import Plan, Task, train
from scbench.errors import UserError

_HELD_OUT = 0.1


def new_encoder(n_genes: int, settings: Settings, *, seed: int, device: str) -> Encoder:
    """Encoder with random parameters, the same on all devices."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.seed(seed, "encoder"))
        encoder = Encoder(
            n_genes,
            width=settings.width,
            layers=settings.layers,
            heads=settings.heads,
            dropout=settings.dropout,
            values=settings.values,
            mask_pads=settings.mask_pads,
        )
    return encoder.to(device)


def new_head(out: int, settings: Settings, *, seed: int, name: str, device: torch.device) -> Head:
    """Head with random parameters, the same on all devices."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.seed(seed, name))
        head = Head(settings.width, out, settings.dropout)
    return head.to(device)


def genes_per_view(X: sp.csr_matrix, settings: Settings) -> int:
    """Genes of a view: as set, or a tenth of the mean number of non-zero genes, at least 50 and at most 200.

    Examples
    --------
    >>> genes_per_view(sp.csr_matrix(np.ones((3, 1234))), Settings())
    123
    """
    return settings.genes_per_view or int(np.clip(round(VIEW_SHARE * X.nnz / X.shape[0]), FEWEST, MOST))


def pretrain(
    encoder: Encoder, X: sp.csr_matrix, settings: Settings, *, seed: int, checkpoint: Path | None = None
) -> pd.DataFrame:
    """Train an encoder in place.

    Parameters
    ----------
    encoder
        On its device.
    X
        (cells, genes) log1p values. Cells without any are left out; a random tenth of the others is held out, and the
        epoch with the lowest contrastive loss on it is kept.
    checkpoint
        Folder that keeps the state.

    Returns
    -------
    pandas.DataFrame
        History (`scbench.annotation.scrobust.training.train`) with the losses ``contrastive`` and ``expression``.

    Raises
    ------
    UserError
        If fewer than four cells have a value, or a value is not finite or negative.
    """
    task = Pretraining(encoder, X, settings, seed=seed)
    plan = Plan(
        epochs=settings.pretrain_epochs,
        batch=settings.pretrain_batch,
        lr=settings.pretrain_lr,
        weight_decay=settings.weight_decay,
        decay=settings.decay,
        patience=settings.pretrain_patience,
        precision=settings.precision,
        record=settings.record,
    )
    file = None if checkpoint is None else checkpoint / "pretraining.npz"
    print_ = "" if checkpoint is None else fingerprint(vars(settings), seed, str(task.cells.device.type), X)
    return train(task, plan, name="pre-training", seed=seeds.seed(seed, "dropout"), checkpoint=file, fingerprint=print_)


class Pretraining(Task):
    """Contrastive loss of two random views, and squared error of the values of one that the other predicts.

    Parameters
    ----------
    encoder, X, settings, seed
        See `pretrain`.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Methods, self-supervised learning; ``train_SSL`` of
    DMCB-GIST/scRobust.
    """

    def __init__(self, encoder: Encoder, X: sp.csr_matrix, settings: Settings, *, seed: int) -> None:
        device = encoder.table.device
        self.encoder, self.settings = encoder, settings
        self.corpus = Corpus(X, device)
        self.n_views = genes_per_view(X, settings)
        out = settings.width
        self.contrastive = new_head(out, settings, seed=seed, name="contrastive", device=device)
        self.expression = new_head(out, settings, seed=seed, name="expression", device=device)
        self.module = nn.ModuleList([encoder, self.contrastive, self.expression])
        filled = np.flatnonzero(np.diff(self.corpus.indptr.cpu().numpy()))
        if len(filled) < 4:
            raise UserError(f"scRobust's pre-training needs at least 4 cells with a value. Got {len(filled)}.")
        order = np.random.default_rng(seeds.seed(seed, "held out")).permutation(filled)
        n_held_out = max(round(_HELD_OUT * len(filled)), 2)
        self.cells, self.held_out = (
            torch.from_numpy(np.sort(part)).to(device) for part in (order[n_held_out:], order[:n_held_out])
        )
        self.generator = torch.Generator(device).manual_seed(seeds.seed(seed, "views"))
        self._fixed = seeds.seed(seed, "held-out views")

    def losses(self, cells: Tensor) -> dict[str, Tensor]:
        """``contrastive`` and ``expression`` of a batch."""
        return self._losses(cells, self.generator)

    def validate(self) -> dict[str, float]:
        """Mean losses over the held-out cells, in batches of the size of training: the first depends on it."""
        self.module.eval()
        generator = self.generator
        if self.settings.fixed_views:
            generator = torch.Generator(self.cells.device).manual_seed(self._fixed)
        total = {"contrastive": 0.0, "expression": 0.0}
        with torch.inference_mode():
            for cells in self.held_out.split(self.settings.pretrain_batch):
                for key, loss in self._losses(cells, generator).items():
                    total[key] += float(loss) * len(cells)
        return {key: value / len(self.held_out) for key, value in total.items()}

    def score(self, epoch: int, measured: dict[str, float]) -> float:
        """Lower contrastive losses are better."""
        return -measured["contrastive"]

    def _losses(self, cells: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        drawn = {"generator": generator, "replacement": self.settings.replacement}
        (tokens, values), second = (self.corpus.views(cells, self.n_views, **drawn) for _ in range(VIEWS))
        both = self.encoder(torch.cat([tokens, second[0]]), torch.cat([values, second[1]]))
        a, b = both.chunk(2)
        return {
            "contrastive": nt_xent(self.contrastive(a), self.contrastive(b), self.settings.temperature),
            "expression": expression_loss(self.expression(a), self.encoder.table, *second),
        }
