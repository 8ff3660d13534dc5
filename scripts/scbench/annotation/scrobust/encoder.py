"""scRobust's encoder, exact, at the cost of what reaches the summary token."""

from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor, nn

from scbench.annotation.scrobust.block import Block

Values = Literal["faithful", "after_norm", "embedding"]


class Encoder(nn.Module):
    """Embedding of a cell: the summary token of a Transformer over its genes.

    A token is the unit vector of its gene times the gene's value; there are no positions. Blocks are pre-norm. Only the
    summary token of the last block is used, so that block has one query per cell; with a single block the query is the
    same for all cells, and the attention logits are a table of genes x heads.

    Parameters
    ----------
    n_genes
        Number V of genes. Token V is the summary token and V + 1 the padding.
    width, layers, heads
        Of the Transformer.
    dropout
        Probability, everywhere in the blocks.
    values
        How a value reaches attention in the first block. ``faithful``: as coded by the authors, where the layer norm
        in front of it removes the scale of a token, so that one block does not see values at all, only which genes
        are not zero. ``after_norm``: the value multiplies the normalised embedding. ``embedding``: an embedding of the
        value, learned, is added to the normalised one.
    mask_pads
        Whether padding is left out of attention. In the authors' code it is not, and takes part with a zero vector.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), with its code, DMCB-GIST/scRobust.
    """

    def __init__(
        self,
        n_genes: int,
        *,
        width: int = 512,
        layers: int = 1,
        heads: int = 8,
        dropout: float = 0.1,
        values: Values = "faithful",
        mask_pads: bool = False,
    ) -> None:
        super().__init__()
        self.n_genes, self.values, self.mask_pads = n_genes, values, mask_pads
        self.table = nn.Parameter(torch.randn(n_genes + 2, width))
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.value = nn.Sequential(nn.Linear(1, 16), nn.GELU()) if values == "embedding" else None
        self.value_out = nn.Linear(16, width) if values == "embedding" else None

    def forward(self, tokens: Tensor, values: Tensor) -> Tensor:
        """Embed cells: (cells, width) from (cells, n) tokens and values, without the summary token."""
        return self.by_layer(tokens, values)[-1]

    def by_layer(self, tokens: Tensor, values: Tensor) -> Tensor:
        """Embed cells by each layer: (layers, cells, width)."""
        stream, normed, mask = self._before_last(tokens, values)
        *_, found = stream
        last = self.blocks[-1].summary(found[:, 0], normed, mask)
        return torch.stack([*(x[:, 0] for x in stream[1:]), last])

    def attention(self, tokens: Tensor, values: Tensor) -> Tensor:
        """Attention of the summary token in the last layer: (cells, heads, 1 + n), of itself first."""
        _, normed, mask = self._before_last(tokens, values)
        return self.blocks[-1].attention(normed, mask)[0]

    def _before_last(self, tokens: Tensor, values: Tensor) -> tuple[list[Tensor], Tensor, Tensor | None]:
        tokens, values = F.pad(tokens, (1, 0), value=self.n_genes), F.pad(values, (1, 0), value=1.0)
        mask = tokens <= self.n_genes if self.mask_pads else None
        stream, normed = self._embed(tokens, values)
        streams = [stream]
        for block, after in zip(self.blocks[:-1], self.blocks[1:], strict=True):
            streams.append(block(streams[-1], normed, mask))
            normed = after.norm(streams[-1])
        return streams, normed, mask

    def _embed(self, tokens: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens of the first block, and their normalised form, which attention reads."""
        norm = self.blocks[0].norm
        unit, x = F.normalize(F.embedding(tokens, self.table), dim=-1), values[..., None]
        stream = x * unit
        if self.values == "faithful":
            return stream, norm(stream)
        if self.values == "after_norm":
            return stream, norm.affine(x * norm.standardise(unit))
        return stream, norm(unit) + self.value_out(self.value(x))
