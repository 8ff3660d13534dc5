"""Second training of scRobust: a classifier on the cell's embedding, and the encoder below it."""

from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor, nn

from scbench import seeds
from scbench.annotation.scrobust.blocks import in_blocks
from scbench.annotation.scrobust.checkpoints import fingerprint
from scbench.annotation.scrobust.corpus import Corpus
from scbench.annotation.scrobust.encoder import Encoder
from scbench.annotation.scrobust.pretrain import new_head
from scbench.annotation.scrobust.selection import Ranked
from scbench.annotation.scrobust.settings import Settings
from scbench.annotation.scrobust.training import Plan, Task, train
from scbench.markers.sampling import inner_split
from scbench.metrics.classification import confusion_matrix, macro_f1

_HELD_OUT = 0.1


class Classifier(nn.Module):
    """Logits of the types from the first non-zero genes of a cell.

    Parameters
    ----------
    encoder
        Pre-trained or not.
    n_types
        Number of types.
    order
        (genes,) the preferred ones first.
    n_genes
        Genes of a cell that are read.
    settings, seed
        Of the head.
    frozen
        Whether the encoder stays as it is.
    """

    def __init__(
        self,
        encoder: Encoder,
        n_types: int,
        order: np.ndarray,
        n_genes: int,
        settings: Settings,
        *,
        seed: int,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = new_head(n_types, settings, seed=seed, name="classifier", device=encoder.table.device)
        self.order, self.n_genes, self.frozen = order, n_genes, frozen
        self.duplicate_summary = settings.duplicate_summary

    def ranked(self, X: sp.csr_matrix) -> Ranked:
        """Order the genes of cells."""
        return Ranked(X, self.order, self.encoder.table.device)

    def embed(self, ranked: Ranked, cells: Tensor) -> Tensor:
        """Embed cells: (cells, width)."""
        return self.encoder(*ranked.first(cells, self.n_genes, duplicate_summary=self.duplicate_summary))

    def probabilities(self, X: sp.csr_matrix) -> np.ndarray:
        """Probabilities of the types, (cells, types) float64, in evaluation mode."""
        self.eval()
        ranked = self.ranked(X)
        cells = torch.arange(X.shape[0], device=self.encoder.table.device)
        logits = in_blocks(lambda block: self.head(self.embed(ranked, block)), cells, self.encoder.at_once)
        return logits.double().softmax(1).numpy()


def finetune(
    classifier: Classifier,
    X: sp.csr_matrix,
    y: np.ndarray,
    settings: Settings,
    *,
    epochs: int,
    seed: int,
    checkpoint: Path | None = None,
) -> pd.DataFrame:
    """Train a classifier in place.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    y
        (cells,) numbers of the types. A tenth of the cells, stratified, is held out to choose the epoch; cells of a
        type that has one stay. Where no type has two, the last epoch is kept.
    epochs
        Most epochs.
    checkpoint
        Folder that keeps the state.

    Returns
    -------
    pandas.DataFrame
        History (`scbench.annotation.scrobust.training.train`) with the loss ``cross_entropy``, and ``macro_f1`` of the
        held-out cells.
    """
    task = Finetuning(classifier, X, y, settings, seed=seed)
    plan = Plan(
        epochs=epochs,
        batch=settings.finetune_batch,
        lr=settings.finetune_lr,
        weight_decay=settings.weight_decay,
        decay=settings.decay,
        patience=settings.finetune_patience,
        precision=settings.precision,
        record=settings.record,
    )
    file, print_ = None, ""
    if checkpoint is not None:
        file = checkpoint / "finetuning.npz"
        weights = [value.cpu().numpy() for value in classifier.state_dict().values()]
        device = classifier.encoder.table.device.type
        print_ = fingerprint(vars(settings), epochs, seed, device, classifier.frozen, X, y, classifier.order, *weights)
    return train(task, plan, name="fine-tuning", seed=seeds.seed(seed, "dropout"), checkpoint=file, fingerprint=print_)


class Finetuning(Task):
    """Cross-entropy of the types.

    Parameters
    ----------
    classifier, X, y, settings, seed
        See `finetune`.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Methods, fine-tuning; ``train_DS`` of
    DMCB-GIST/scRobust, with the held-out cells stratified, as its text says, and no look at test cells.
    """

    def __init__(
        self, classifier: Classifier, X: sp.csr_matrix, y: np.ndarray, settings: Settings, *, seed: int
    ) -> None:
        device = classifier.encoder.table.device
        self.classifier, self.settings = classifier, settings
        self.y = torch.as_tensor(y, device=device)
        train, held_out = inner_split(y, _HELD_OUT, np.random.default_rng(seeds.seed(seed, "held out")))
        self.cells, self.held_out = (torch.from_numpy(part).to(device) for part in (train, held_out))
        counts = np.bincount(y[train])
        weights = np.divide(1.0, counts, out=np.zeros(len(counts)), where=counts > 0) ** settings.balance
        self.weights = torch.as_tensor(weights * len(train) / (weights @ counts), dtype=torch.float32, device=device)
        self.generator = torch.Generator(device).manual_seed(seeds.seed(seed, "order"))
        self.ranked = classifier.ranked(X)
        # Padding that is left out of attention can be left out of a batch.
        self.trims = settings.mask_pads and not settings.duplicate_summary
        self.corpus = Corpus(X, device) if settings.finetune_view else None
        self.module, self.embedded = classifier, None
        if classifier.frozen:
            classifier.eval()
            every = torch.arange(len(y), device=device)
            self.embedded = in_blocks(
                lambda block: classifier.embed(self.ranked, block), every, classifier.encoder.at_once
            ).to(device)
            self.module = classifier.head
        # How far a batch is trimmed depends on its cells.
        self.recordable = self.embedded is not None or self.corpus is not None or not self.trims

    def losses(self, cells: Tensor) -> dict[str, Tensor]:
        """``cross_entropy`` of a batch."""
        loss = F.cross_entropy(
            self.classifier.head(self._embedding(cells)),
            self.y[cells],
            self.weights,
            reduction="none",
            label_smoothing=self.settings.label_smoothing,
        )
        return {"cross_entropy": loss.mean()}

    def validate(self) -> dict[str, float]:
        """Cross-entropy, of the labels as they are, and macro F1 of the held-out cells."""
        if not len(self.held_out):
            return {}
        self.module.eval()
        logits = in_blocks(self._logits, self.held_out, self.classifier.encoder.at_once).double()
        truth, types = self.y[self.held_out].cpu(), np.arange(logits.shape[1])
        found = confusion_matrix(truth.numpy(), logits.argmax(1).numpy(), types)
        return {"cross_entropy": float(F.cross_entropy(logits, truth)), "macro_f1": macro_f1(found)}

    def score(self, epoch: int, measured: dict[str, float]) -> float:
        """As the settings say; where nothing is held out, the last epoch is the best."""
        if not measured or self.settings.choose == "last":
            return epoch
        return measured["macro_f1"] if self.settings.choose == "macro_f1" else -measured["cross_entropy"]

    def _logits(self, cells: Tensor) -> Tensor:
        if self.embedded is not None:
            return self.classifier.head(self.embedded[cells])
        return self.classifier.head(self.classifier.embed(self.ranked, cells))

    def _embedding(self, cells: Tensor) -> Tensor:
        """Embedding of a batch, in training."""
        if self.embedded is not None:
            return self.embedded[cells]
        if self.corpus is not None:
            return self.classifier.encoder(
                *self.corpus.views(cells, self.settings.finetune_view, self.generator, replacement=False)
            )
        n = self.classifier.n_genes
        if self.trims:
            n = min(n, max(int((self.ranked.indptr[cells + 1] - self.ranked.indptr[cells]).max()), 1))
        return self.classifier.encoder(*self.ranked.first(cells, n, duplicate_summary=self.settings.duplicate_summary))
