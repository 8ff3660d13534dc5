"""CIForm: a Transformer on sub-vectors of a cell's expression vector."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.annotation.neural import device_of, probabilities, train, warm_up
from scbench.annotation.variable_genes import highly_variable
from scbench.contract import CellAnnotator, Prediction, check_values
from scbench.errors import UserError

if TYPE_CHECKING:
    from torch import nn

_FEED_FORWARD = 1024  # units
_DROPOUT = 0.1


class CIForm(CellAnnotator):
    """Highly variable genes, cut into sub-vectors that are the tokens of one Transformer layer.

    Each sub-vector of a cell is standardised and gets a sinusoidal code of its position. After one layer (post-norm,
    1,024 units in its feed-forward part, ReLU, dropout 0.1) the tokens are averaged, and two layers classify.

    Parameters
    ----------
    n_genes
        Highly variable genes; all genes where there are fewer.
    length
        Genes of a sub-vector, which is the width of the network.
    heads
        Attention heads; must divide `length`.
    epochs
        Passes over the training cells.
    batch_size
        Cells of a step.
    learning_rate
        Of Adam.
    weight_decay
        Of Adam.
    device
        ``"auto"`` takes a CUDA device where there is one.

    Attributes
    ----------
    genes_
        Columns of the genes that are used.

    Raises
    ------
    UserError
        If `heads` does not divide `length`, or `length` is odd.

    Notes
    -----
    Written from a description of the released code (commit fda67c7), which differs in these points:

    - The main script ends with a syntax error, and the number of its outputs is a list of names. Here there is one
      output per type, without theirs for "unassigned", which no training cell has.
    - It chooses the highly variable genes on training and test cells together. Here the training cells choose.
    - Its last sub-vector is the last `length` genes, so that genes in the middle occur twice; this is kept. With fewer
      genes than `length` its network cannot be built; here the one sub-vector is filled up with zeros (on held-out
      training cells no worse than a narrower network, which 20 epochs at this learning rate train less far).
    - It takes log1p of what it is given; in the authors' tutorials, as here, this is scaled to a total per cell before.
    - All its numbers have double precision; here they have single precision.

    Time O(epochs x cells x sub-vectors x `length`^2). Memory 100 MB for the weights with Adam's copies, and O(n_genes x
    `batch_size`) for a batch, the only part of the matrix that is made dense. One seed gives one result on one device.

    References
    ----------
    Xu J. et al. CIForm as a Transformer-based model for cell-type annotation of large-scale single-cell RNA-seq data.
    Briefings in Bioinformatics 24, bbad195 (2023).
    """

    def __init__(
        self,
        *,
        n_genes: int = 2000,
        length: int = 1024,
        heads: int = 64,
        epochs: int = 20,
        batch_size: int = 256,
        learning_rate: float = 1e-4,
        weight_decay: float = 1e-5,
        device: str = "auto",
    ) -> None:
        self.n_genes = n_genes
        self.length = length
        self.heads = heads
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.device = device

    def warm_up(self) -> None:
        """Import torch and scanpy."""
        import scanpy  # noqa: F401

        warm_up()

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "CIForm":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`."""
        check_values(X)
        import torch

        if self.length % self.heads or self.length % 2:
            raise UserError(
                f"CIForm: 'length' must be an even multiple of 'heads' ({self.heads}). Got {self.length} instead."
            )
        self.genes_ = highly_variable(X, self.n_genes)
        y, self.types_ = pd.factorize(labels)  # by first appearance: names must not matter
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.model_ = _network(self.length, self.heads, len(self.types_)).to(device_of(self.device))
            train(
                self.model_,
                self._rows(X),
                y,
                np.arange(len(y)),
                epochs=self.epochs,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                seed=seed,
            )
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values; the confidence is the probability of the type."""
        check_values(X)
        shares = probabilities(self.model_, self._rows(X), X.shape[0])
        return Prediction(self.types_[shares.argmax(axis=1)], shares.max(axis=1))

    def _rows(self, X: sp.csr_matrix):
        X = X[:, self.genes_]
        return lambda rows: sub_vectors(X[rows].toarray(), self.length)


def sub_vectors(values: np.ndarray, length: int) -> np.ndarray:
    """Cut rows into standardised sub-vectors.

    Parameters
    ----------
    values
        (cells, genes).
    length
        Genes of a sub-vector. The last one is made of the last genes, so it may overlap with the one before; where
        there are fewer genes, zeros follow the standardised values.

    Returns
    -------
    numpy.ndarray
        (cells, sub-vectors, length), each with mean 0 and standard deviation 1, or all 0 if it is constant.
    """
    genes = values.shape[1]
    width = min(length, genes)
    starts = [*range(0, genes - width, width), genes - width]
    cut = np.stack([values[:, start : start + width] for start in starts], axis=1)
    cut = cut - cut.mean(axis=2, keepdims=True)
    deviation = cut.std(axis=2, keepdims=True)
    cut = cut / np.where(deviation > 1e-6, deviation, 1)
    return np.pad(cut, ((0, 0), (0, 0), (0, length - width)))


def positions(tokens: int, width: int) -> np.ndarray:
    """Sinusoidal codes of positions, (tokens, width): sines in even columns, cosines in odd ones."""
    angles = np.arange(tokens)[:, None] * 10_000.0 ** (-np.arange(0, width, 2) / width)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(tokens, width)


def _network(length: int, heads: int, n_types: int) -> "nn.Module":
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dropout = nn.Dropout(_DROPOUT)
            self.encoder = nn.TransformerEncoderLayer(length, heads, _FEED_FORWARD, _DROPOUT, batch_first=True)
            self.classifier = nn.Sequential(nn.Linear(length, length), nn.ReLU(), nn.Linear(length, n_types))

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            places = torch.from_numpy(positions(tokens.shape[1], length)).to(tokens)
            return self.classifier(self.encoder(self.dropout(tokens + places)).mean(dim=1))

    return Network()
