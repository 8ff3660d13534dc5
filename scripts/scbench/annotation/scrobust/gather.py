"""Sums and dot products of rows of a table, picked by tokens, whose picked rows are not all stored.

With T a table of (rows, width), t the (n, m) tokens of n cells, w (n, heads, m) weights and g (n, heads, width):

- `pool`: sum over j of w[i, h, j] T[t[i, j]], (n, heads, width)
- `dot`: g[i, h] . T[t[i, j]], (n, heads, m)

Each is the other's derivative by its first argument; their derivative by the table is the same sum, over all cells and
heads, of w[i, h, j] g[i, h] into row t[i, j]. That sum too is taken row by row, in the order of the cells, so that the
same input gives the same result on one device.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor
from torch.autograd.function import FunctionCtx

# Numbers of picked rows that are in memory at one time: what stays in a core's cache, or 1 GB of a GPU's memory.
_CACHE, _MEMORY = 2**19, 2**28
_RUN = 32  # values that a thread of a GPU sums


def pool(weights: Tensor, table: Tensor, tokens: Tensor) -> Tensor:
    """Sum the rows of each cell's tokens with weights: (n, heads, width) from (n, heads, m), (rows, width), (n, m)."""
    with torch.autocast(table.device.type, enabled=False):
        return _Pool.apply(*_of_one_type(weights, table), tokens)


def dot(vectors: Tensor, table: Tensor, tokens: Tensor) -> Tensor:
    """Multiply vectors with the rows of each cell's tokens: (n, heads, m) from (n, heads, width)."""
    with torch.autocast(table.device.type, enabled=False):
        return _Dot.apply(*_of_one_type(vectors, table), tokens)


def _of_one_type(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Give both the wider of their two types, since mixed precision has products of matrices in a narrow one."""
    dtype = torch.promote_types(a.dtype, b.dtype)
    return a.to(dtype), b.to(dtype)


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, weights: Tensor, table: Tensor, tokens: Tensor) -> Tensor:
        ctx.save_for_backward(weights, table, tokens)
        return _pooled(weights, table, tokens)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        weights, table, tokens = ctx.saved_tensors
        by_weights = _dots(grad, table, tokens) if ctx.needs_input_grad[0] else None
        by_table = _spread(weights, grad, len(table), tokens) if ctx.needs_input_grad[1] else None
        return by_weights, by_table, None


class _Dot(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, vectors: Tensor, table: Tensor, tokens: Tensor) -> Tensor:
        ctx.save_for_backward(vectors, table, tokens)
        return _dots(vectors, table, tokens)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        vectors, table, tokens = ctx.saved_tensors
        by_vectors = _pooled(grad, table, tokens) if ctx.needs_input_grad[0] else None
        by_table = _spread(grad, vectors, len(table), tokens) if ctx.needs_input_grad[1] else None
        return by_vectors, by_table, None


def _pooled(weights: Tensor, table: Tensor, tokens: Tensor) -> Tensor:
    if table.device.type != "cpu":
        return _by_cell(torch.bmm, weights, table, tokens)
    n, heads, m = weights.shape
    bags = tokens[:, None].expand(n, heads, m).reshape(-1, m)
    sums = F.embedding_bag(bags, table, mode="sum", per_sample_weights=weights.reshape(-1, m))
    return sums.view(n, heads, -1)


def _dots(vectors: Tensor, table: Tensor, tokens: Tensor) -> Tensor:
    return _by_cell(lambda x, picked: torch.bmm(x, picked.transpose(1, 2)), vectors, table, tokens)


def _by_cell(product: Callable[[Tensor, Tensor], Tensor], x: Tensor, table: Tensor, tokens: Tensor) -> Tensor:
    """Products with the picked rows of a few cells at a time, (cells, m, width)."""
    m, width = tokens.shape[1], table.shape[1]
    step = max((_CACHE if table.device.type == "cpu" else _MEMORY) // (m * width), 1)
    parts = zip(x.split(step), tokens.split(step), strict=True)
    return torch.cat([product(some, F.embedding(which, table)) for some, which in parts])


def _spread(weights: Tensor, vectors: Tensor, rows: int, tokens: Tensor) -> Tensor:
    """Sum of weights[i, h, j] vectors[i, h] into row tokens[i, j]: each row is a bag of vectors."""
    n, heads, m = weights.shape
    token, place = tokens.reshape(-1).sort(stable=True)
    if token.device.type != "cpu":
        whole = torch.bmm(weights.transpose(1, 2), vectors).flatten(0, 1)
        return _sums_of_runs(whole, place, torch.searchsorted(token, torch.arange(rows, device=token.device)))
    starts = torch.searchsorted(token, torch.arange(rows, device=token.device)) * heads
    which = (place // m * heads)[:, None] + torch.arange(heads, device=token.device)
    share = weights.transpose(1, 2).reshape(-1, heads)[place]
    return F.embedding_bag(
        which.view(-1), vectors.reshape(n * heads, -1), starts, mode="sum", per_sample_weights=share.view(-1)
    )


def _sums_of_runs(values: Tensor, order: Tensor, starts: Tensor) -> Tensor:
    """Sum values[order] over runs that begin at `starts`, in two steps.

    A thread of a GPU sums a run one value after the other, and the longest run is as long as there are cells; so runs
    are first cut at every `_RUN`-th place. Cuts that fall on a start make empty runs, whose sum is zero.
    """
    cuts = torch.cat([starts, torch.arange(0, len(order), _RUN, device=starts.device)]).sort().values
    sums = F.embedding_bag(order, values, cuts, mode="sum")
    pieces = torch.arange(len(cuts), device=starts.device)
    return F.embedding_bag(pieces, sums, torch.searchsorted(cuts, starts), mode="sum")
