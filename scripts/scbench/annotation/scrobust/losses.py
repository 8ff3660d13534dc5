"""Heads and losses of scRobust's pre-training."""

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor, nn

from scbench.annotation.scrobust.gather import dot


class Head(nn.Module):
    """Two linear layers with an ELU and dropout between them; contrastive, expression and classifier heads are such.

    Parameters
    ----------
    width
        Of the cell embedding, and of the hidden layer.
    out
        Of the output.
    dropout
        Probability.
    """

    def __init__(self, width: int, out: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.ELU(), nn.Dropout(dropout), nn.Linear(width, out))

    def forward(self, x: Tensor) -> Tensor:
        """Map (cells, width) to (cells, out)."""
        return self.layers(x)


def nt_xent(a: Tensor, b: Tensor, temperature: float = 0.07) -> Tensor:
    """Contrastive loss of two views of each cell (NT-Xent).

    Each of the 2N views has to find the other view of its cell among the 2N - 1 others by cosine similarity; the loss
    is the mean cross-entropy, ln(2N - 1) at chance.

    Parameters
    ----------
    a, b
        (N, width) projected embeddings of the first and the second view; normalised here.
    temperature
        Divides the similarities.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), contrastive learning. Chen T. et al. A simple
    framework for contrastive learning of visual representations. ICML (2020).
    """
    views = F.normalize(torch.cat([a, b]), dim=1)
    similarity = views @ views.T / temperature
    similarity = similarity.masked_fill(torch.eye(len(views), dtype=torch.bool, device=views.device), -torch.inf)
    other = torch.arange(len(views), device=views.device).roll(len(a))
    return F.cross_entropy(similarity.float(), other)


def expression_loss(projected: Tensor, table: Tensor, tokens: Tensor, values: Tensor) -> Tensor:
    """Mean squared error of the values that are predicted for the genes of another view.

    The prediction is the dot product of the projected cell with the gene's row of the table, which is not normalised
    (the text says unit vectors, the authors' code does not make them so). The summary token is predicted too, as 1.

    Parameters
    ----------
    projected
        (cells, width) output of the expression head for the first view.
    table
        (genes + 2, width) embeddings of genes, summary token and padding.
    tokens, values
        (cells, m) the second view, without the summary token. Padding does not count.
    """
    summary = len(table) - 2
    tokens, values = F.pad(tokens, (1, 0), value=summary), F.pad(values, (1, 0), value=1.0)
    predicted = dot(projected[:, None], table, tokens)[:, 0]
    counts = tokens <= summary
    return ((predicted - values) ** 2 * counts).sum() / counts.sum()
