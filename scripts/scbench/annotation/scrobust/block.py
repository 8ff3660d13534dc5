"""A block of scRobust's Transformer (pre-norm), for all tokens or for the summary token alone."""

from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor, nn

from scbench.annotation.scrobust.dropout import dropout
from scbench.annotation.scrobust.products import linear

_EPS = 1e-6  # added to standard deviations by the authors' layer norm


class Norm(nn.Module):
    """Gain and bias of a layer norm, which act on the weights behind it instead of on every token.

    Parameters
    ----------
    width
        Of the last axis.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def folded(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and biases, for standardised tokens, of a linear map behind the norm."""
        return weight * self.weight, bias + weight @ self.bias


class Reading(Protocol):
    """Standardised tokens as attention reads them."""

    mask: Tensor | None  # (cells, tokens) which may be attended to; None: all

    def linear(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Tokens after a linear map: (cells, tokens, out)."""

    def query(self) -> Tensor:
        """First token of each cell, (cells, width), or (1, width) if they are all the same."""

    def logits(self, probe: Tensor) -> Tensor:
        """Products with (cells or 1, heads, width): (cells, heads, tokens)."""

    def mixed(self, share: Tensor, weight: Tensor) -> Tensor:
        """Sums of (heads, v, width) @ tokens, weighted by (cells, heads, tokens): (cells, heads, v)."""


class Block(nn.Module):
    """Attention and feed-forward net, each behind a layer norm and beside a residual path.

    Parameters
    ----------
    width, heads
        Of attention; the feed-forward net is four times as wide.
    dropout
        Probability: of attention, of what is added to the residual path, inside the feed-forward net, and of the
        result (as in BERT-pytorch, on which the authors built).
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm, self.norm_forward = Norm(width), Norm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, stream: Tensor, reading: Reading) -> Tensor:
        """Transform all tokens: (cells, tokens, width) from their residual path and what there is to read."""
        maps = (self.query, self.key, self.value)
        weight, bias = torch.cat([x.weight for x in maps]), torch.cat([x.bias for x in maps])
        parts = reading.linear(*self.norm.folded(weight, bias)).unflatten(-1, (3, self.heads, -1))
        mixed = self._attend(*parts.permute(2, 0, 3, 1, 4), reading.mask)
        return self._finish(stream, mixed.transpose(1, 2).flatten(2))

    def summary(self, stream: Tensor, reading: Reading) -> Tensor:
        """Transform the first token alone: (cells, width) from its residual path and what there is to read.

        The query meets the keys' weights before it meets tokens, and tokens are summed before they meet the values'
        weights: about 2 x heads x width multiplications per token.
        """
        share = self._drop(self.attention(reading))
        weight, bias = self.norm.folded(self.value.weight, self.value.bias)
        mixed = reading.mixed(share, self._by_head(weight)) + share.sum(-1, keepdim=True) * self._by_head(bias)
        return self._finish(stream, mixed.flatten(1))

    def attention(self, reading: Reading) -> Tensor:
        """Attention of the first token: (cells, heads, tokens)."""
        query = F.linear(reading.query(), *self.norm.folded(self.query.weight, self.query.bias))
        query = query.unflatten(-1, (self.heads, -1))
        # The biases of the keys and of the norm add the same to all logits of a query, and cancel.
        probe = torch.einsum("chk,hkd->chd", query, self._by_head(self.key.weight)) * self.norm.weight
        logits = reading.logits(probe * query.shape[-1] ** -0.5)
        if reading.mask is not None:
            logits = logits.masked_fill(~reading.mask[:, None], -torch.inf)
        return logits.float().softmax(-1)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """Attention of all to all, (cells, heads, tokens, width of a head) each."""
        mask = None if mask is None else mask[:, None, None]
        p = self.dropout if self.training else 0.0
        if p == 0 or query.device.type != "cpu":
            return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=p)
        # Torch does the same on CPU where there is dropout, with its own.
        logits = query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)
        logits = logits if mask is None else logits.masked_fill(~mask, -torch.inf)
        return self._drop(logits.softmax(-1)) @ value

    def _finish(self, stream: Tensor, mixed: Tensor) -> Tensor:
        stream = stream + self._drop(linear(mixed, self.out.weight, self.out.bias))
        hidden = linear(standardise(stream), *self.norm_forward.folded(self.up.weight, self.up.bias))
        hidden = self._drop(F.gelu(hidden, approximate="tanh"))
        return self._drop(stream + self._drop(linear(hidden, self.down.weight, self.down.bias)))

    def _drop(self, x: Tensor) -> Tensor:
        return dropout(x, self.dropout) if self.training else x

    def _by_head(self, x: Tensor) -> Tensor:
        return x.unflatten(0, (self.heads, -1))


def standardise(x: Tensor) -> Tensor:
    """Take off the mean over the last axis and divide by the unbiased standard deviation plus 1e-6.

    How that number bends the gradient is left out: a share of 1e-6 / standard deviation.
    """
    standard, _, inverse = torch.native_layer_norm(x, x.shape[-1:], None, None, 1e-12)
    return standard * shrinkage(unbiased(1 / inverse.detach(), x.shape[-1]), x.shape[-1])


def unbiased(std: Tensor, n: int) -> Tensor:
    """Unbiased standard deviation of n values from the biased one."""
    return std * (n / (n - 1)) ** 0.5


def shrinkage(std: Tensor, n: int) -> Tensor:
    """Ratio of what the authors' layer norm makes of n values to the same with the biased standard deviation.

    Parameters
    ----------
    std
        Unbiased standard deviation; at 0 the ratio is 0.
    """
    return ((n - 1) / n) ** 0.5 * std / (std + _EPS)
