"""A block of scRobust's Transformer (pre-norm), for all tokens or for the summary token alone."""

from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor, nn

from scbench.annotation.scrobust.dropout import dropout

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

    def linear(self, standard: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Apply gain and bias, and then a linear map, to standardised tokens."""
        return linear(standard, weight * self.weight, bias + weight @ self.bias)


class Reading(Protocol):
    """Standardised tokens as attention reads them."""

    mask: Tensor | None  # (cells, tokens) which may be attended to; None: all

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

    def forward(self, stream: Tensor, standard: Tensor, mask: Tensor | None) -> Tensor:
        """Transform all tokens.

        Parameters
        ----------
        stream
            (cells, tokens, width) residual path.
        standard
            (cells, tokens, width) its standardised form, which attention reads.
        mask
            (cells, tokens) which tokens may be attended to; None: all.
        """
        maps = (self.query, self.key, self.value)
        weight, bias = torch.cat([x.weight for x in maps]), torch.cat([x.bias for x in maps])
        parts = self.norm.linear(standard, weight, bias).unflatten(-1, (3, self.heads, -1))
        mixed = F.scaled_dot_product_attention(
            *parts.permute(2, 0, 3, 1, 4),
            attn_mask=None if mask is None else mask[:, None, None],
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self._finish(stream, mixed.transpose(1, 2).flatten(2))

    def summary(self, stream: Tensor, reading: Reading) -> Tensor:
        """Transform the first token alone: (cells, width) from its residual path and what there is to read.

        The query meets the keys' weights before it meets tokens, and tokens are summed before they meet the values'
        weights: about 2 x heads x width multiplications per token.
        """
        share = self._drop(self.attention(reading))
        weight, bias = self.value.weight * self.norm.weight, self.value.bias + self.value.weight @ self.norm.bias
        mixed = reading.mixed(share, self._by_head(weight)) + share.sum(-1, keepdim=True) * self._by_head(bias)
        return self._finish(stream, mixed.flatten(1))

    def attention(self, reading: Reading) -> Tensor:
        """Attention of the first token: (cells, heads, tokens)."""
        query = self.norm.linear(reading.query(), self.query.weight, self.query.bias).unflatten(-1, (self.heads, -1))
        # The biases of the keys and of the norm add the same to all logits of a query, and cancel.
        probe = torch.einsum("chk,hkd->chd", query, self._by_head(self.key.weight)) * self.norm.weight
        logits = reading.logits(probe * query.shape[-1] ** -0.5)
        if reading.mask is not None:
            logits = logits.masked_fill(~reading.mask[:, None], -torch.inf)
        return logits.float().softmax(-1)

    def _finish(self, stream: Tensor, mixed: Tensor) -> Tensor:
        stream = stream + self._drop(linear(mixed, self.out.weight, self.out.bias))
        hidden = self.norm_forward.linear(standardise(stream), self.up.weight, self.up.bias)
        hidden = self._drop(F.gelu(hidden, approximate="tanh"))
        return self._drop(stream + self._drop(linear(hidden, self.down.weight, self.down.bias)))

    def _drop(self, x: Tensor) -> Tensor:
        return dropout(x, self.dropout) if self.training else x

    def _by_head(self, x: Tensor) -> Tensor:
        return x.unflatten(0, (self.heads, -1))


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Apply a linear map; to all tokens on CPU, in float32, by oneDNN, a sixth faster than torch's default on AMD."""
    by_onednn = x.ndim == 3 and x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32
    if by_onednn and torch.backends.mkldnn.is_available() and not torch.is_autocast_enabled("cpu"):
        return F.linear(x.to_mkldnn(), weight, bias).to_dense()
    return F.linear(x, weight, bias)


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
