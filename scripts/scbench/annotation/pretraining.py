"""Pre-training of an experiment's encoder, which a later attempt goes on with if one is killed."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.annotation.scrobust.settings import settings


@contextmanager
def pretrained(
    X: sp.csr_matrix, genes: np.ndarray, entry: Mapping[str, Any], *, seed: int, threads: int, output: str
) -> Iterator[Pretrained]:
    """Yield an encoder that was pre-trained on cells.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    genes
        (genes,) names.
    entry
        The registry's parameters of a variant of scRobust.
    threads
        CPU threads.
    output
        A file that the block writes. The state of the training is kept in a folder beside it until the block ends well.
    """
    folder = Path(output).with_name(f".{Path(output).name}.checkpoint")
    chosen = settings(entry.get("variant"), entry.get("overrides", {}))
    yield Pretrained.fit(X, genes, settings=chosen, seed=seed, threads=threads, checkpoint=folder)
    shutil.rmtree(folder, ignore_errors=True)
