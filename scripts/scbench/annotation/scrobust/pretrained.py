"""An encoder that was trained without labels, and what can be asked of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch

from scbench.annotation.neural import device_of
from scbench.annotation.scrobust.blocks import in_blocks
from scbench.annotation.scrobust.encoder import Encoder
from scbench.annotation.scrobust.order import gene_order
from scbench.annotation.scrobust.pretrain import new_encoder, pretrain
from scbench.annotation.scrobust.selection import Ranked
from scbench.annotation.scrobust.settings import Settings
from scbench.annotation.scrobust.settings import settings as settings_of
from scbench.annotation.scrobust.state import COLUMNS
from scbench.annotation.scrobust.training import cpu_threads
from scbench.atomic import atomic
from scbench.errors import UserError


class Pretrained:
    """Encoder of cells, pre-trained without labels.

    Parameters
    ----------
    encoder
        In evaluation mode, on its device.
    genes
        (genes,) names of its tokens.
    settings
        Of its pre-training.
    history
        Losses of its pre-training: columns ``epoch``, ``part`` (``train`` or ``validation``), ``loss`` (``contrastive``
        or ``expression``), ``value``.

    Notes
    -----
    Memory of all questions: a block of cells (`Encoder.at_once`), and the cells' non-zero values.

    References
    ----------
    Park S., Lee H. Robust self-supervised learning strategy to tackle the inherent sparsity in single-cell RNA-seq
    data. Briefings in Bioinformatics 25, bbae586 (2024).
    """

    def __init__(self, encoder: Encoder, genes: np.ndarray, settings: Settings, history: pd.DataFrame) -> None:
        self.encoder = encoder.eval()
        self.genes, self.settings, self.history = np.asarray(genes).astype(str), settings, history

    @classmethod
    def fit(
        cls,
        X: sp.csr_matrix,
        genes: np.ndarray,
        *,
        settings: Settings,
        seed: int,
        device: str = "auto",
        threads: int = 1,
        checkpoint: Path | None = None,
    ) -> "Pretrained":
        """Pre-train on cells.

        Parameters
        ----------
        X
            (cells, genes) log1p values.
        genes
            (genes,) names.
        device
            ``"auto"`` takes a CUDA device where there is one.
        threads
            CPU threads.
        checkpoint
            Folder that keeps the state of the training, which goes on from there if it was killed.

        Raises
        ------
        UserError
            If a value is not finite or negative, or fewer than four cells have one.
        """
        with cpu_threads(threads):
            encoder = new_encoder(X.shape[1], settings, seed=seed, device=device_of(device))
            history = pretrain(encoder, X, settings, seed=seed, checkpoint=checkpoint)
        return cls(encoder, genes, settings, history)

    def save(self, path: str | Path) -> None:
        """Write an npz file."""
        arrays = {f"encoder.{key}": value.cpu().numpy() for key, value in self.encoder.state_dict().items()}
        arrays |= {f"history.{key}": self.history[key].to_numpy(dtype=kind) for key, kind in COLUMNS.items()}
        with atomic(path) as part:
            np.savez(part, genes=self.genes, settings=json.dumps(asdict(self.settings)), **arrays)

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> "Pretrained":
        """Read what `save` wrote, to a device.

        Raises
        ------
        UserError
            If the file is not there or is something else.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            stored = settings_of(None, json.loads(str(arrays.pop("settings"))))
            genes, history = arrays.pop("genes"), {key: arrays.pop(f"history.{key}") for key in COLUMNS}
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{path} cannot be read as a pre-trained encoder: {error}") from error
        encoder = new_encoder(len(genes), stored, seed=0, device=device_of(device))
        encoder.load_state_dict({key.removeprefix("encoder."): torch.from_numpy(arrays[key]) for key in arrays})
        return cls(encoder, genes, stored, pd.DataFrame(history))

    def embed(
        self, X: sp.csr_matrix, *, n_genes: int = 400, selection: Literal["unique", "random", "hvg"] = "unique"
    ) -> np.ndarray:
        """Embed cells.

        Parameters
        ----------
        X
            (cells, genes) log1p values of the encoder's genes.
        n_genes, selection
            Genes of a cell that are read; the order of the genes is that in these cells. 400 is the authors' default.

        Returns
        -------
        numpy.ndarray
            (layers, cells, width) float32.
        """
        ranked, cells = self._input(X, selection)
        twice = self.settings.duplicate_summary
        return in_blocks(
            lambda block: self.encoder.by_layer(*ranked.first(block, n_genes, duplicate_summary=twice)),
            cells,
            self.encoder.at_once,
            dim=1,
        ).numpy()

    def attention(self, X: sp.csr_matrix, *, n_genes: int = 800) -> sp.csr_matrix:
        """Attention of the summary token to genes in the last layer, mean over heads.

        Returns
        -------
        csr_matrix
            (cells, genes). What the summary token gives to itself and to padding is left out, so that rows sum to less
            than 1.
        """
        ranked, cells = self._input(X, "unique")
        n_genes = min(n_genes, X.shape[1])
        twice = self.settings.duplicate_summary
        tokens = ranked.first(cells, n_genes, duplicate_summary=twice)[0].cpu().numpy()
        weights = in_blocks(
            lambda block: self.encoder.attention(*ranked.first(block, n_genes, duplicate_summary=twice)).mean(1),
            cells,
            self.encoder.at_once,
        ).numpy()[:, 1:]
        genes = tokens < X.shape[1]
        indptr = np.append(0, np.cumsum(genes.sum(axis=1)))
        return sp.csr_matrix((weights[genes], tokens[genes], indptr), shape=X.shape)

    def pathway(self, members: Sequence[int]) -> np.ndarray:
        """Embed a set of genes, all of which have the value 1: (width,) float32."""
        tokens = self._tokens(members)[None]
        with torch.no_grad():
            return self.encoder(tokens, torch.ones(tokens.shape, device=tokens.device))[0].cpu().numpy()

    def pathway_cells(self, X: sp.csr_matrix, members: Sequence[int]) -> np.ndarray:
        """Embed cells by the genes of a set alone: (cells, width) float32.

        A gene that is zero in a cell is a vector of zeros, as in the authors' code; it is left out where the settings
        leave out padding.
        """
        tokens, columns = self._tokens(members), sp.csr_matrix(X)[:, list(members)]
        device, padding = tokens.device, self.encoder.n_genes + 1

        def embedded(block: torch.Tensor) -> torch.Tensor:
            values = torch.from_numpy(columns[block.cpu().numpy()].toarray().astype(np.float32)).to(device)
            read = tokens.expand(len(block), -1)
            return self.encoder(read.masked_fill(values == 0, padding) if self.settings.mask_pads else read, values)

        return in_blocks(embedded, torch.arange(X.shape[0], device=device), self.encoder.at_once).numpy()

    def _tokens(self, members: Sequence[int]) -> torch.Tensor:
        return torch.as_tensor(np.asarray(members, dtype=np.int64), device=self.encoder.table.device)

    def _input(self, X: sp.csr_matrix, selection: str) -> tuple[Ranked, torch.Tensor]:
        if X.shape[1] != len(self.genes):
            raise UserError(f"The encoder knows {len(self.genes)} genes. Got cells with {X.shape[1]} instead.")
        device = self.encoder.table.device
        ranked = Ranked(X, gene_order(X, selection, seed=0), device)
        return ranked, torch.arange(X.shape[0], device=device)
