"""How attention reads standardised tokens: one by one, or, where they are a row of a table times a number, by row."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor

from scbench.annotation.scrobust.gather import pool
from scbench.annotation.scrobust.products import linear

_MANY = 16  # tokens per row, from which on it is faster to multiply all rows with the weights first


@dataclass(frozen=True)
class Tokens:
    """Tokens one by one.

    Attributes
    ----------
    standard
        (cells, tokens, width) standardised tokens, the summary token first.
    mask
        (cells, tokens) which of them may be attended to; None: all.
    """

    standard: Tensor
    mask: Tensor | None

    def linear(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Apply a linear map: (cells, tokens, out)."""
        return linear(self.standard, weight, bias)

    def query(self) -> Tensor:
        """First token of each cell, (cells, width)."""
        return self.standard[:, 0]

    def logits(self, probe: Tensor) -> Tensor:
        """Products with (cells, heads, width): (cells, heads, tokens)."""
        return probe @ self.standard.transpose(1, 2)

    def mixed(self, share: Tensor, weight: Tensor) -> Tensor:
        """Sums of (heads, v, width) @ tokens, weighted by (cells, heads, tokens): (cells, heads, v)."""
        return torch.einsum("chd,hvd->chv", share @ self.standard, weight)


@dataclass(frozen=True)
class Genes:
    """Tokens of the first block by gene: ``factor * rows[places] + features @ weights``.

    The first token is the same for all cells, so its products with the rows are a table of genes x heads.

    Attributes
    ----------
    rows
        (genes, width) standardised embeddings, of all genes or of those that there are.
    places
        (cells, tokens) row of each token, the summary token first.
    factor
        (cells, tokens) what the rows are multiplied with.
    features, weights
        (cells, tokens, k) features of the values and their (k, width) weights; None: there are none.
    mask
        (cells, tokens) which tokens may be attended to; None: all.
    """

    rows: Tensor
    places: Tensor
    factor: Tensor
    features: Tensor | None
    weights: Tensor | None
    mask: Tensor | None

    def linear(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Apply a linear map: (cells, tokens, out)."""
        found = torch.addcmul(bias, F.embedding(self.places, linear(self.rows, weight)), self.factor[..., None])
        return found if self.features is None else found + self.features @ (self.weights @ weight.T)

    def query(self) -> Tensor:
        """Summary token, (1, width)."""
        first = F.embedding(self.places[0, :1], self.rows) * self.factor[0, 0]
        return first if self.features is None else first + self.features[0, :1] @ self.weights

    def logits(self, probe: Tensor) -> Tensor:
        """Products with (1, heads, width): (cells, heads, tokens)."""
        logits = F.embedding(self.places, self.rows @ probe[0].T) * self.factor[..., None]
        if self.features is not None:
            logits = logits + self.features @ (self.weights @ probe[0].T)
        return logits.transpose(1, 2)

    def mixed(self, share: Tensor, weight: Tensor) -> Tensor:
        """Sums of (heads, v, width) @ tokens, weighted by (cells, heads, tokens): (cells, heads, v).

        Rows are summed before they meet the weights, or, where there are many tokens per row, the other way round:
        then a token costs heads x v multiplications instead of heads x width.
        """
        heads, v, _ = weight.shape
        scaled = share * self.factor[:, None]
        if self.places.numel() > _MANY * len(self.rows):
            head = torch.arange(heads, device=weight.device)[:, None]
            found = pool(
                scaled.flatten(0, 1)[:, None],
                (self.rows @ weight.flatten(0, 1).T).view(-1, v),
                (self.places[:, None] * heads + head).flatten(0, 1),
            ).view(-1, heads, v)
        else:
            found = torch.einsum("chd,hvd->chv", pool(scaled, self.rows, self.places), weight)
        if self.features is None:
            return found
        return found + torch.einsum("chk,kd,hvd->chv", share @ self.features, self.weights, weight)
