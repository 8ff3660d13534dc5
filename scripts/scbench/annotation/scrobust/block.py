"""A block of scRobust's Transformer (pre-norm), for all tokens or for the summary token alone."""

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor, nn

EPS = 1e-6


class Norm(nn.Module):
    """Layer norm with the unbiased standard deviation, to which 1e-6 is added (in `nn.LayerNorm`: to the variance).

    Parameters
    ----------
    width
        Of the last axis.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise over the last axis."""
        return self.affine(self.standardise(x))

    def standardise(self, x: Tensor) -> Tensor:
        """Take off the mean and divide by the standard deviation, plus 1e-6.

        How that small number bends the gradient is left out, less than 1e-6 / standard deviation of it.
        """
        std = x.detach().std(-1, keepdim=True)
        width = x.shape[-1]
        return F.layer_norm(x, (width,), eps=1e-12) * (((width - 1) / width) ** 0.5 * std / (std + EPS))

    def affine(self, x: Tensor) -> Tensor:
        """Apply the learned gain and bias."""
        return x * self.weight + self.bias


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
        self.norm = Norm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.norm_forward = Norm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, stream: Tensor, normed: Tensor, mask: Tensor | None) -> Tensor:
        """Transform all tokens.

        Parameters
        ----------
        stream
            (cells, tokens, width) residual path.
        normed
            (cells, tokens, width) what attention reads: its normalised form.
        mask
            (cells, tokens) which tokens may be attended to; None: all.
        """
        weight = torch.cat([self.query.weight, self.key.weight, self.value.weight])
        bias = torch.cat([self.query.bias, self.key.bias, self.value.bias])
        parts = F.linear(normed, weight, bias).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mask = None if mask is None else mask[:, None, None]
        p = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=p)
        return self._finish(stream, mixed.transpose(1, 2).flatten(2))

    def summary(self, stream: Tensor, normed: Tensor, mask: Tensor | None) -> Tensor:
        """Transform the first token only: (cells, width) from its residual path and (cells, tokens, width)."""
        share = self._drop(self.attention(normed, mask)[0])
        return self.finish_summary(stream, share @ normed, share.sum(-1))

    def attention(self, normed: Tensor, mask: Tensor | None) -> tuple[Tensor]:
        """Attention of the first token: (cells, heads, tokens)."""
        logits = self.probe(normed[:, 0]) @ normed.transpose(1, 2)
        if mask is not None:
            logits = logits.masked_fill(~mask[:, None], -torch.inf)
        return (logits.softmax(-1),)

    def probe(self, query: Tensor) -> Tensor:
        """What the normalised tokens are multiplied with to give attention logits: (..., heads, width).

        The bias of the keys adds the same to all logits of a query, so it is left out.
        """
        query = self.query(query).unflatten(-1, (self.heads, 1, -1))
        key = self.key.weight.unflatten(0, (self.heads, -1))
        return (query @ key).squeeze(-2) * (len(self.key.weight) / self.heads) ** -0.5

    def finish_summary(self, stream: Tensor, pooled: Tensor, total: Tensor) -> Tensor:
        """Go on from (cells, heads, width) tokens summed by attention and (cells, heads) sums of attention."""
        weight = self.value.weight.unflatten(0, (self.heads, -1))
        mixed = torch.einsum("chd,hvd->chv", pooled, weight) + total[..., None] * self.value.bias.unflatten(
            0, (self.heads, -1)
        )
        return self._finish(stream, mixed.flatten(-2))

    def _finish(self, stream: Tensor, mixed: Tensor) -> Tensor:
        stream = stream + self._drop(self.out(mixed))
        hidden = self._drop(F.gelu(self.up(self.norm_forward(stream)), approximate="tanh"))
        return self._drop(stream + self._drop(self.down(hidden)))

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)
