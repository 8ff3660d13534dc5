"""scRobust: cell types from which genes of a cell are not zero, and by how much."""

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.annotation.scrobust.settings import settings
from scbench.contract import CellAnnotator, Prediction
from scbench.errors import UserError


class ScRobust(CellAnnotator):
    """Pre-train an encoder of cells without labels, then train a classifier with it.

    Stages: two random sets of the non-zero genes of a cell have to find each other among those of other cells, and one
    predicts the values of the other; a classifier on the embedding of the cell's rarest genes, and the encoder below
    it, learn the types.

    Parameters
    ----------
    variant
        ``"faithful"``: the released code. None: ours, which sees the values of genes and leaves padding out of
        attention; see `scbench.annotation.scrobust.settings`.
    pretrain
        Whether to train without labels first.
    frozen
        Whether the encoder stays as pre-training left it, and only the classifier learns.
    threads
        CPU threads.
    device
        ``"auto"`` takes a CUDA device where there is one.
    overrides
        Settings that differ from the variant's.

    Attributes
    ----------
    pretrained_
        `scbench.annotation.scrobust.pretrained.Pretrained`; None without pre-training. Its encoder is the one that
        fine-tuning changed, unless it was frozen.
    extras_
        Learning curves: ``history_epoch``, ``history_part``, ``history_loss`` and ``history_value`` of pre-training,
        ``finetune_epoch`` and so on of fine-tuning.

    Notes
    -----
    Where the cells to be predicted are given (`X_unlabelled`), pre-training and the order of the genes see them too, as
    in the paper (transductive); otherwise training cells alone (strict).

    Deviations of ``faithful``: one seed decides everything, where the authors' code has none; ties between epochs go to
    the earliest, and between genes to the first column; the encoder runs once in a step, and only what reaches the
    summary token is computed, which gives the same numbers (see `scbench.annotation.scrobust.encoder`); the part of the
    training cells that validates is stratified; pre-training has 100 epochs, not 1,000 to 5,000. The released defect of
    the values is kept: one layer sees which genes are not zero, and nothing else. Test cells never choose an epoch.

    Time O(epochs x cells x genes per view x width) with one layer. Memory: the embeddings of all genes, four times with
    Adam's (8 kB a gene at width 512), 8 bytes for each non-zero value, and one batch; the matrix is never made dense.

    References
    ----------
    Park S., Lee H. Robust self-supervised learning strategy to tackle the inherent sparsity in single-cell RNA-seq
    data. Briefings in Bioinformatics 25, bbae586 (2024).
    """

    def __init__(
        self,
        *,
        variant: str | None = None,
        pretrain: bool = True,
        frozen: bool = False,
        threads: int = 1,
        device: str = "auto",
        overrides: dict[str, Any] | None = None,
    ) -> None:
        self.variant = variant
        self.pretrain = pretrain
        self.frozen = frozen
        self.threads = threads
        self.device = device
        self.overrides = overrides

    def warm_up(self) -> None:
        """Import torch, which imports more of itself at the first step, and check the settings."""
        from scbench.annotation.scrobust.pretrain import new_encoder, pretrain

        settings(self.variant, self.overrides or {})
        small = settings(None, {"width": 8, "pretrain_epochs": 1})
        pretrain(new_encoder(8, small, seed=0, device="cpu"), sp.eye(8, format="csr"), small, seed=0)

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "ScRobust":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`.

        Raises
        ------
        UserError
            If a parameter or setting is not allowed, a value is not finite or negative, there is one type only, or
            fewer than four cells have a value.
        """
        from scbench.annotation.neural import device_of
        from scbench.annotation.scrobust.finetune import Classifier, finetune
        from scbench.annotation.scrobust.order import gene_order
        from scbench.annotation.scrobust.pretrain import new_encoder, pretrain
        from scbench.annotation.scrobust.state import COLUMNS
        from scbench.annotation.scrobust.training import cpu_threads

        choices = settings(self.variant, self.overrides or {})
        if self.frozen and not self.pretrain:
            raise UserError("scRobust's encoder cannot be frozen without pre-training: it would stay random.")
        y, self.types_ = pd.factorize(labels)  # by first appearance: names must not matter
        if len(self.types_) < 2:
            raise UserError(f"scRobust needs cells of at least two types. Got {list(self.types_)}.")
        X = sp.csr_matrix(X)
        seen = X if X_unlabelled is None else sp.vstack([X, X_unlabelled], format="csr")
        kept = {"seed": seed, "checkpoint": self.checkpoint}
        with cpu_threads(self.threads):
            encoder = new_encoder(X.shape[1], choices, seed=seed, device=device_of(self.device))
            curves = {"history": pretrain(encoder, seen, choices, **kept)} if self.pretrain else {}
            longest = max(int(np.diff(X.indptr).max()), 1)
            self.classifier_ = Classifier(
                encoder,
                len(self.types_),
                gene_order(seen, choices.selection, seed),
                choices.n_genes or longest,
                choices,
                seed=seed,
                frozen=self.frozen,
            )
            epochs = choices.finetune_epochs if self.pretrain else choices.scratch_epochs
            curves["finetune"] = finetune(self.classifier_, X, y, choices, epochs=epochs, **kept)
        self.extras_ = {
            f"{name}_{key}": table[key].to_numpy(dtype=kind)
            for name, table in curves.items()
            for key, kind in COLUMNS.items()
        }
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values; the confidence is the probability of the type."""
        from scbench.annotation.scrobust.training import cpu_threads

        with cpu_threads(self.threads):
            shares = self.classifier_.probabilities(X)
        return Prediction(self.types_[shares.argmax(axis=1)], shares.max(axis=1))
