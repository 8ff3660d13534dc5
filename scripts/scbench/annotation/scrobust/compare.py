"""Compare settings of scRobust on training cells: ``python -m scbench.annotation.scrobust.compare DATASET JSON``.

The JSON maps a name to settings that differ from our variant's, and `DATASET` is the path of a prepared dataset. Test
cells of its first fold, on which results are reported, are not looked at.
"""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench import splits
from scbench.annotation.scrobust.method import ScRobust
from scbench.io import read_prepared
from scbench.markers.sampling import inner_split
from scbench.metrics.classification import confusion_matrix, macro_f1

_BASE_SEED, _HELD_OUT, _HELD_OUT_SEED = 20221121, 0.25, 7


def compare(
    X: sp.csr_matrix, labels: np.ndarray, candidates: Mapping[str, Mapping[str, Any]], *, seed: int
) -> pd.DataFrame:
    """Train on three quarters of some cells and predict the others, with each candidate.

    Parameters
    ----------
    X, labels
        (cells, genes) log1p values and (cells,) types of training cells.
    candidates
        Overrides of our variant's settings by name.
    seed
        Of the trainings. Which cells are held out, stratified, is the same in all comparisons.

    Returns
    -------
    pandas.DataFrame
        Columns ``candidate, macro_f1, cpu_s``, in the order given.
    """
    types, y = np.unique(labels, return_inverse=True)
    train, held_out = inner_split(y, _HELD_OUT, np.random.default_rng(_HELD_OUT_SEED))
    rows = []
    for name, overrides in candidates.items():
        start = time.process_time()
        method = ScRobust(overrides=dict(overrides)).fit(X[train], labels[train], seed=seed)
        found = np.searchsorted(types, method.predict(X[held_out]).labels)
        score = macro_f1(confusion_matrix(y[held_out], found, np.arange(len(types))))
        rows.append((name, score, time.process_time() - start))
    return pd.DataFrame(rows, columns=["candidate", "macro_f1", "cpu_s"])


if __name__ == "__main__":
    path, candidates = Path(sys.argv[1]), json.loads(sys.argv[2])
    data = read_prepared(path)
    scheme = {"base_seed": _BASE_SEED, "dataset": path.stem, "replicate": 0}
    cells = splits.fold(data.labels, folds=5, **scheme).train
    print(compare(data.X[cells], data.labels[cells], candidates, seed=1).to_string(index=False))
