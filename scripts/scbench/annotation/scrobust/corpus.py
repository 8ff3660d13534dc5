"""The cells of scRobust as sparse rows on a device, and its random views of them."""

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from scbench.errors import UserError


class Corpus:
    """Non-zero genes of each cell and their values, which are never made dense.

    Gene tokens are the columns of ``X``, from 0 to V - 1; V is the summary token and V + 1 the padding.

    Parameters
    ----------
    X
        (cells, genes) log1p values, not negative. Stored zeros count as zero.
    device
        Device of torch.

    Raises
    ------
    UserError
        If a value is not finite or negative.

    Notes
    -----
    Memory 8 bytes per non-zero value on the device, and as much again while it is made.
    """

    def __init__(self, X: sp.csr_matrix, device: str | torch.device = "cpu") -> None:
        indptr, indices, values = compact(X)
        self.n_cells, self.n_genes = X.shape
        self.indptr = torch.from_numpy(indptr).to(device)
        self.indices = torch.from_numpy(indices).to(device)
        self.values = torch.from_numpy(values).to(device)
        self.most = int(np.diff(indptr).max(initial=0))  # non-zero genes in a cell

    def views(self, cells: Tensor, m: int, generator: torch.Generator, *, replacement: bool) -> tuple[Tensor, Tensor]:
        """Draw m non-zero genes of each cell at random.

        Parameters
        ----------
        cells
            (n,) row numbers, on the corpus's device.
        m
            Draws per cell.
        generator
            Source of randomness, on the same device.
        replacement
            With replacement, all draws are uniform over the non-zero genes and the summary token, which counts as one
            of them with value 1 (as in the authors' code, where it is one more column). Without it they are a random
            subset of the non-zero genes, all of them where there are fewer than m, and then padding.

        Returns
        -------
        tuple of Tensor
            (n, m) tokens (int64) and (n, m) values (float32). Padding has value 0.

        Notes
        -----
        Without replacement, time and memory are n times the largest number of non-zero genes in any cell.
        """
        start = self.indptr[cells, None]
        nonzero = self.indptr[cells + 1, None] - start
        device = self.indptr.device
        if replacement:
            u = torch.rand(len(cells), m, generator=generator, device=device)
            draw = torch.minimum((u * (nonzero + 1)).long(), nonzero)
            return self._take(start + draw, draw < nonzero, self.n_genes, 1.0)
        keys = torch.rand(len(cells), max(self.most, m), generator=generator, device=device)
        keys.masked_fill_(torch.arange(keys.shape[1], device=device) >= nonzero, -1.0)
        key, draw = keys.topk(m, sorted=False)
        return self._take(start + draw, key >= 0, self.n_genes + 1, 0.0)

    def _take(self, places: Tensor, real: Tensor, token: int, value: float) -> tuple[Tensor, Tensor]:
        """Tokens and values at some places, or the given ones where the place is not real."""
        return take(self.indices, self.values, places, real, token, value)


def compact(X: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row starts (int64), columns (int32) and values (float32) of the non-zero values, the last two one longer.

    The extra element gives a place to look at where there is nothing to look up.
    """
    X = sp.csr_matrix(X, copy=False)
    wrong = ~(X.data >= 0) | np.isinf(X.data)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        cell = int(np.searchsorted(X.indptr, place, side="right")) - 1
        raise UserError(
            f"values must be finite and not negative. Got {X.data[place]} for gene {X.indices[place]} of cell {cell} "
            "(counted from 0)"
        )
    if (X.data == 0).any():
        X = X.copy()
        X.eliminate_zeros()
    indices = np.append(X.indices.astype(np.int32, copy=False), np.int32(0))
    values = np.append(X.data.astype(np.float32, copy=False), np.float32(0))
    return X.indptr.astype(np.int64), indices, values


def take(
    indices: Tensor, values: Tensor, places: Tensor, real: Tensor, token: int, value: float
) -> tuple[Tensor, Tensor]:
    """Tokens and values at some places of a compact matrix; where they are not real, the given ones."""
    places = torch.where(real, places, len(indices) - 1)
    return torch.where(real, indices[places].long(), token), torch.where(real, values[places], value)
