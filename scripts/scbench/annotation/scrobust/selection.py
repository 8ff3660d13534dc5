"""Which genes of a cell scRobust reads: the first non-zero ones in an order of all genes."""

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from scbench.annotation.scrobust.corpus import compact, take


class Ranked:
    """Non-zero genes of each cell, re-ordered once, so that the first n of them are a slice.

    Parameters
    ----------
    X
        (cells, genes) log1p values, not negative.
    order
        (genes,) all columns, the preferred ones first.
    device
        Device of torch.

    Raises
    ------
    UserError
        If a value is not finite or negative.

    Notes
    -----
    Memory 8 bytes per non-zero value on the device, and about 24 while it is made. Time a sort of each row.
    """

    def __init__(self, X: sp.csr_matrix, order: np.ndarray, device: str | torch.device = "cpu") -> None:
        self.n_cells, self.n_genes = X.shape
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        indptr, indices, values = compact(X)
        ranked = sp.csr_matrix((values[:-1], rank[indices[:-1]], indptr), shape=X.shape)
        ranked.sort_indices()
        indices[:-1] = np.asarray(order)[ranked.indices]
        values[:-1] = ranked.data
        self.indptr = torch.from_numpy(indptr).to(device)
        self.indices = torch.from_numpy(indices).to(device)
        self.values = torch.from_numpy(values).to(device)

    def first(self, cells: Tensor, n: int, *, duplicate_summary: bool) -> tuple[Tensor, Tensor]:
        """Take the first n non-zero genes of each cell.

        Parameters
        ----------
        cells
            (k,) row numbers, on the same device.
        n
            Genes per cell.
        duplicate_summary
            Whether a cell with fewer than n has the summary token (value 1) behind its last gene. In the authors' code
            it does, because the summary token is a column that is never zero and the last in the order. The encoder
            puts it first once more.

        Returns
        -------
        tuple of Tensor
            (k, n) tokens (int64) and (k, n) values (float32); behind the last gene padding of value 0.
        """
        start = self.indptr[cells, None]
        nonzero = self.indptr[cells + 1, None] - start
        place = torch.arange(n, device=start.device)
        tokens, values = take(self.indices, self.values, start + place, place < nonzero, self.n_genes + 1, 0.0)
        if duplicate_summary:
            behind = place == nonzero
            tokens, values = tokens.masked_fill(behind, self.n_genes), values.masked_fill(behind, 1.0)
        return tokens, values
