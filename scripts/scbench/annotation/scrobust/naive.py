"""scRobust in the form of the authors' code: all tokens attend to all, in every layer.

What `encoder`, `corpus` and `losses` compute faster is written here as the authors wrote it, to be compared with:
attention over all pairs of tokens, though one token is read; a copy of the whole table in each step; the encoder run
twice in fine-tuning; dense rows of float64, sampled cell by cell in Python. Nothing else uses this module.
"""

import math
import random
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor, nn

from scbench.annotation.scrobust.losses import Head


class NaiveNorm(nn.Module):
    """Layer norm by the unbiased standard deviation plus 1e-6."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise over the last axis."""
        mean, std = x.mean(-1, keepdim=True), x.std(-1, keepdim=True)
        return self.weight * (x - mean) / (std + 1e-6) + self.bias


class NaiveBlock(nn.Module):
    """Block of all tokens; its parameters have the names of those of `scbench.annotation.scrobust.block.Block`."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, nn.Dropout(dropout)
        self.norm, self.norm_forward = NaiveNorm(width), NaiveNorm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (cells, tokens, width)."""
        x = x + self.dropout(self._attend(self.norm(x)))
        return self.dropout(x + self.dropout(self._feed_forward(self.norm_forward(x))))

    def attention(self, x: Tensor) -> Tensor:
        """(cells, heads, tokens, tokens) attention, from normalised tokens."""
        query, key = self._by_head(self.query(x)), self._by_head(self.key(x))
        return F.softmax(query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]), dim=-1)

    def _attend(self, x: Tensor) -> Tensor:
        mixed = self.dropout(self.attention(x)) @ self._by_head(self.value(x))
        return self.out(mixed.transpose(1, 2).contiguous().view(x.shape))

    def _feed_forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        gelu = 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        return self.down(self.dropout(gelu))

    def _by_head(self, x: Tensor) -> Tensor:
        return x.view(len(x), -1, self.heads, x.shape[-1] // self.heads).transpose(1, 2)


class NaiveEncoder(nn.Module):
    """Encoder of all tokens, with the parameters of a faithful `Encoder` (`load_state_dict` takes them)."""

    def __init__(
        self, n_genes: int, *, width: int = 512, layers: int = 1, heads: int = 8, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.summary = n_genes
        self.table = nn.Parameter(torch.randn(n_genes + 2, width))
        self.blocks = nn.ModuleList(NaiveBlock(width, heads, dropout) for _ in range(layers))

    def forward(self, tokens: Tensor, values: Tensor) -> Tensor:
        """Transform (cells, n) tokens and values to (cells, 1 + n, width), the summary token first."""
        tokens, values = F.pad(tokens, (1, 0), value=self.summary), F.pad(values, (1, 0), value=1.0)
        rows = F.embedding(tokens, self.table)
        x = values[..., None] * (rows + 1e-12) / (rows.norm(dim=-1, keepdim=True) + 1e-12)
        for block in self.blocks:
            x = block(x)
        return x


class NaivePretraining:
    """Pre-training as coded.

    Parameters
    ----------
    X
        (cells, genes) log1p values, which are made dense, in float64.
    m
        Genes per view.
    layers, lr
        Of the encoder; of Adam.
    """

    def __init__(self, X: sp.csr_matrix, m: int, *, layers: int = 1, lr: float = 5e-5) -> None:
        self.rows = _with_summary(X)
        self.m = m
        self.encoder = NaiveEncoder(X.shape[1], layers=layers)
        self.contrastive, self.expression = Head(512, 512), Head(512, 512)
        modules = nn.ModuleList([self.encoder, self.contrastive, self.expression])
        self.optimiser = torch.optim.Adam(modules.parameters(), lr=lr)

    def step(self, cells: Sequence[int]) -> float:
        """Take one step with a batch of cells; its loss."""
        (tokens, values), (tokens_2, values_2) = self._view(cells), self._view(cells)
        summary, summary_2 = self.encoder(tokens, values)[:, 0], self.encoder(tokens_2, values_2)[:, 0]
        loss = self._contrast(self.contrastive(summary), self.contrastive(summary_2))
        loss = loss + self._predict(self.expression(summary), tokens_2, values_2)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def _view(self, cells: Sequence[int]) -> tuple[Tensor, Tensor]:
        tokens, values = [], []
        for cell in cells:
            drawn = random.choices(np.nonzero(self.rows[cell])[0].tolist(), k=self.m)  # noqa: S311 (not for secrets)
            tokens.append(drawn)
            values.append([self.rows[cell, gene] for gene in drawn])
        return torch.tensor(tokens), torch.tensor(values, dtype=torch.float32)

    def _contrast(self, a: Tensor, b: Tensor) -> Tensor:
        views = F.normalize(torch.cat([a, b]), dim=1)
        similarity = views @ views.T / 0.07
        n = len(views)
        others = similarity[~torch.eye(n, dtype=torch.bool)].view(n, n - 1)
        partner = torch.cat([torch.arange(n // 2) + n // 2 - 1, torch.arange(n // 2)])
        return F.cross_entropy(others, partner)

    def _predict(self, projected: Tensor, tokens: Tensor, values: Tensor) -> Tensor:
        tokens, values = F.pad(tokens, (1, 0), value=self.encoder.summary), F.pad(values, (1, 0), value=1.0)
        rows = self.encoder.table.clone()[tokens]
        return F.mse_loss((rows @ projected[:, :, None]).squeeze(-1), values)


class NaiveFinetuning:
    """Fine-tuning as coded.

    Parameters
    ----------
    X
        (cells, genes) log1p values, which are made dense, in float64.
    labels
        (cells,) numbers of the types.
    order
        (genes,) columns, the preferred ones first.
    n
        Genes per cell.
    """

    def __init__(self, X: sp.csr_matrix, labels: np.ndarray, order: np.ndarray, n: int = 800) -> None:
        self.rows, self.labels = _with_summary(X), torch.as_tensor(labels)
        self.order, self.n = np.append(order, X.shape[1]), n
        self.encoder = NaiveEncoder(X.shape[1])
        self.classifier = Head(512, int(self.labels.max()) + 1)
        modules = nn.ModuleList([self.encoder, self.classifier])
        self.optimiser = torch.optim.Adam(modules.parameters(), lr=5e-5)

    def step(self, cells: Sequence[int]) -> float:
        """Take one step with a batch of cells; its loss."""
        tokens, values = self.first(cells)
        self.encoder(tokens, values)  # the authors run the encoder twice and use the second result
        logits = self.classifier(self.encoder(tokens, values)[:, 0])
        loss = F.cross_entropy(logits, self.labels[torch.as_tensor(cells)])
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.item()

    @torch.no_grad()
    def embed(self, cells: Sequence[int]) -> Tensor:
        """Embed cells, (cells, width)."""
        self.encoder.eval()
        return self.encoder(*self.first(cells))[:, 0]

    def first(self, cells: Sequence[int]) -> tuple[Tensor, Tensor]:
        """First non-zero genes of each cell, with padding behind: (cells, n) tokens and values."""
        tokens = np.full((len(cells), self.n), len(self.order))
        values = np.zeros((len(cells), self.n), dtype=np.float32)
        for i, cell in enumerate(cells):
            row = self.rows[cell, self.order]
            kept = np.nonzero(row)[0][: self.n]
            tokens[i, : len(kept)], values[i, : len(kept)] = self.order[kept], row[kept]
        return torch.from_numpy(tokens), torch.from_numpy(values)


def _with_summary(X: sp.csr_matrix) -> np.ndarray:
    """Dense rows with the summary token as one more column, of ones."""
    return np.column_stack([X.toarray().astype(np.float64), np.ones(X.shape[0])])
