"""scRobust's encoder, exact, at the cost of what reaches the summary token."""

from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor, nn

from scbench.annotation.scrobust.block import Block, Reading, shrinkage, standardise, unbiased
from scbench.annotation.scrobust.reading import Genes, Tokens

_FEATURES = 16


class Encoder(nn.Module):
    """Embedding of a cell: the summary token of a Transformer over its genes.

    A token is the unit vector of its gene times the gene's value; there are no positions. Blocks are pre-norm. Only the
    summary token of the last block is used, so that block has one query per cell; with a single block that query is the
    same for all cells, and its attention logits are a table of genes x heads. What the first block makes of a token
    before attention is made once per gene.

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
        are not zero. ``after_norm``: the value multiplies the standardised embedding. ``embedding``: an embedding of
        the value, learned, is added to the standardised one. Gain and bias of the layer norm come after either.
    mask_pads
        Whether padding is left out of attention. In the authors' code it is not, and takes part as a zero vector.

    Notes
    -----
    Multiplications per token: about 2 x heads x width for the last block, 12 width² for each one before it. Memory of
    training with one block: a few copies of the table, and heads numbers per token.

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
        values: Literal["faithful", "after_norm", "embedding"] = "faithful",
        mask_pads: bool = False,
    ) -> None:
        super().__init__()
        self.n_genes, self.values, self.mask_pads = n_genes, values, mask_pads
        self.table = nn.Parameter(torch.randn(n_genes + 2, width))
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        if values == "embedding":
            self.features = nn.Sequential(nn.Linear(1, _FEATURES), nn.GELU())
            self.weights = nn.Parameter(torch.randn(_FEATURES, width) / _FEATURES**0.5)

    @property
    def at_once(self) -> int:
        """Cells to embed at a time without gradients; beyond one block, all their tokens are in memory, 28 kB each."""
        return 256 if len(self.blocks) == 1 else 32

    def forward(self, tokens: Tensor, values: Tensor) -> Tensor:
        """Embed cells: (cells, width) from (cells, n) tokens and values, without the summary token."""
        return self.by_layer(tokens, values)[-1]

    def by_layer(self, tokens: Tensor, values: Tensor) -> Tensor:
        """Embed cells by the summary token after each layer: (layers, cells, width)."""
        summaries, reading = self._before_last(tokens, values)
        last = self.blocks[-1].summary(summaries[-1], reading)
        return torch.stack([*summaries[1:], last])

    def attention(self, tokens: Tensor, values: Tensor) -> Tensor:
        """Attention of the summary token in the last layer: (cells, heads, 1 + n), first of all to itself."""
        return self.blocks[-1].attention(self._before_last(tokens, values)[1])

    def _before_last(self, tokens: Tensor, values: Tensor) -> tuple[list[Tensor], Reading]:
        """Summary tokens in front of each block, (cells, width), and what the last one reads."""
        tokens, values = F.pad(tokens, (1, 0), value=self.n_genes), F.pad(values, (1, 0), value=1.0)
        mask = tokens <= self.n_genes if self.mask_pads else None
        rows, places = self._rows(tokens)
        reading: Reading = self._reading(rows, places, values, mask)
        needed = slice(1) if len(self.blocks) == 1 else slice(None)  # the last block has no use for the other tokens
        stream = values[:, needed, None] * F.normalize(F.embedding(places[:, needed], rows), dim=-1)
        summaries = [stream[:, 0]]
        for block in self.blocks[:-1]:
            stream = block(stream, reading)
            reading = Tokens(standardise(stream), mask)
            summaries.append(stream[:, 0])
        return summaries, reading

    def _rows(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of the table that tokens need, and the place of each token's among them.

        They are all rows where there are more tokens than rows. Else those of each token, once for all tokens of a gene
        on CPU; on a GPU, finding them would make it wait.
        """
        if tokens.numel() > len(self.table):
            return self.table, tokens
        if tokens.device.type == "cpu":
            used, places = tokens.unique(return_inverse=True)
        else:
            used, places = tokens.flatten(), torch.arange(tokens.numel(), device=tokens.device).view_as(tokens)
        return F.embedding(used, self.table), places

    def _reading(self, rows: Tensor, places: Tensor, values: Tensor, mask: Tensor | None) -> Genes:
        """Read the tokens in front of the first block."""
        standard, spread = standardised(rows)
        features = self.features(values[..., None]) if self.values == "embedding" else None
        weights = None if features is None else self.weights
        return Genes(standard, places, self._factor(values, spread[places]), features, weights, mask)

    def _factor(self, values: Tensor, spread: Tensor) -> Tensor:
        """What a standardised row is multiplied with, from values and the spread of their genes."""
        width = self.table.shape[1]
        if self.values == "faithful":
            return shrinkage(values * spread, width)
        return values if self.values == "after_norm" else torch.ones_like(values)


def standardised(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows without their mean, over their biased standard deviation, and their spread.

    The spread is the unbiased standard deviation of the unit vector; it only weighs the 1e-6 that the authors' layer
    norm adds to it, and has no gradient.
    """
    width = rows.shape[-1]
    standard, mean, inverse = torch.native_layer_norm(rows, [width], None, None, 1e-12)
    std = 1 / inverse.detach()
    spread = unbiased(std, width) / (width * (std**2 + mean.detach() ** 2)).sqrt()
    return standard, spread.squeeze(-1)
