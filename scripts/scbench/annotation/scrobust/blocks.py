"""Cells in blocks of one size, so that what a cell gets does not depend on how many others there are."""

from collections.abc import Callable

import torch
from torch import Tensor


@torch.no_grad()
def in_blocks(function: Callable[[Tensor], Tensor], cells: Tensor, size: int, *, dim: int = 0) -> Tensor:
    """Apply a function to blocks of cells and join what it gives, on the CPU.

    Parameters
    ----------
    function
        From (`size`,) numbers of cells to values of these cells. The last block is filled up with its last cell.
    cells
        (n,) numbers of the cells.
    size
        Cells of a block.
    dim
        Axis of the cells in the values.
    """
    blocks = []
    for block in cells.split(size):
        filled = torch.cat([block, block[-1:].expand(size - len(block))])
        blocks.append(function(filled).narrow(dim, 0, len(block)).cpu())
    return torch.cat(blocks, dim)
