"""How attention reads standardised tokens: one by one, or, where they are a row of a table times a number, by row."""

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor

from scbench.annotation.scrobust.gather import pool


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

    def query(self) -> Tensor:
        """First token of each cell, (cells, width)."""
        return self.standard[:, 0]

    def logits(self, probe: Tensor) -> Tensor:
        """Products with (cells, heads, width): (cells, heads, tokens)."""
        return probe @ self.standard.transpose(1, 2)

    def pooled(self, share: Tensor) -> Tensor:
        """Sums weighted by (cells, heads, tokens): (cells, heads, width)."""
        return share @ self.standard


@dataclass(frozen=True)
class Genes:
    """Tokens of the first block by gene: ``factor * rows[tokens] + features @ weights``.

    The query is the same for all cells, so its products with the rows are a table of genes x heads.

    Attributes
    ----------
    rows
        (genes + 2, width) standardised embeddings.
    tokens, factor
        (cells, tokens), the summary token first, and what its row is multiplied with.
    first
        (1, width) the summary token as the formula has it.
    features, weights
        (cells, tokens, k) features of the values and their (k, width) weights; None: there are none.
    mask
        (cells, tokens) which tokens may be attended to; None: all.
    """

    rows: Tensor
    tokens: Tensor
    factor: Tensor
    first: Tensor
    features: Tensor | None
    weights: Tensor | None
    mask: Tensor | None

    def query(self) -> Tensor:
        """Summary token, (1, width)."""
        return self.first

    def logits(self, probe: Tensor) -> Tensor:
        """Products with (1, heads, width): (cells, heads, tokens)."""
        logits = F.embedding(self.tokens, self.rows @ probe[0].T) * self.factor[..., None]
        if self.features is not None:
            logits = logits + self.features @ (self.weights @ probe[0].T)
        return logits.transpose(1, 2)

    def pooled(self, share: Tensor) -> Tensor:
        """Sums weighted by (cells, heads, tokens): (cells, heads, width)."""
        found = pool(share * self.factor[:, None], self.rows, self.tokens)
        return found if self.features is None else found + share @ self.features @ self.weights
