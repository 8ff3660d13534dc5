"""Multilayer perceptron."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.annotation.neural import device_of, probabilities, train, warm_up
from scbench.contract import CellAnnotator, Prediction, check_values
from scbench.markers.sampling import inner_split


class MLP(CellAnnotator):
    """A plain network on the values of all genes, trained by Adam and stopped early.

    It stands for the "DNNs" of the scRobust paper, whose architecture its text does not give.

    Parameters
    ----------
    hidden
        Units of the one hidden layer (ReLU).
    epochs
        Most epochs.
    batch_size
        Cells of a step.
    learning_rate
        Of Adam.
    validation
        Share of the training cells, stratified, that decides when to stop.
    patience
        Epochs without a lower validation loss after which training ends; the weights of the best epoch are kept.
    device
        ``"auto"`` takes a CUDA device where there is one.

    Notes
    -----
    Layout and step are those of scikit-learn's ``MLPClassifier(hidden, early_stopping=True)``, which cannot hold out a
    part where a type has one cell; its L2 penalty (1e-4 over the cells of a batch) is left out as too small to matter,
    and the loss, not the accuracy, is watched. Where every type has one cell there is nothing to validate on, and all
    epochs are trained.

    Time O(epochs x cells x genes x `hidden`). Memory O(genes x `hidden`) for the weights, of which Adam keeps two
    copies, and O(genes x `batch_size`) for a batch, the only part of the matrix that is made dense.

    References
    ----------
    Park S., Lee H. Robust self-supervised learning strategy to tackle the inherent sparsity in single-cell RNA-seq
    data. Briefings in Bioinformatics 25, bbae586 (2024): its rival "DNNs".
    """

    def __init__(
        self,
        *,
        hidden: int = 128,
        epochs: int = 100,
        batch_size: int = 200,
        learning_rate: float = 1e-3,
        validation: float = 0.1,
        patience: int = 10,
        device: str = "auto",
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation = validation
        self.patience = patience
        self.device = device

    def warm_up(self) -> None:
        """Import torch."""
        warm_up()

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "MLP":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`."""
        check_values(X)
        import torch
        from torch import nn

        y, self.types_ = pd.factorize(labels)  # by first appearance: names must not matter
        cells, held_out = inner_split(y, self.validation, np.random.default_rng(seed))
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = [nn.Linear(X.shape[1], self.hidden), nn.ReLU(), nn.Linear(self.hidden, len(self.types_))]
            for layer in (layers[0], layers[2]):
                nn.init.xavier_uniform_(layer.weight)
            self.model_ = nn.Sequential(*layers).to(device_of(self.device))
            train(
                self.model_,
                lambda rows: X[rows].toarray(),
                y,
                cells,
                epochs=self.epochs,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                seed=seed,
                held_out=held_out,
                patience=self.patience,
            )
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values; the confidence is the probability of the type."""
        check_values(X)
        shares = probabilities(self.model_, lambda rows: X[rows].toarray(), X.shape[0])
        return Prediction(self.types_[shares.argmax(axis=1)], shares.max(axis=1))
