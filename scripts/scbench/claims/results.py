"""What claims are measured from: the results that exist, whichever configuration made them, each read once."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scbench.atomic import read_json
from scbench.io import Prepared, read_prepared, read_table


class Results:
    """Results below a working folder.

    Parameters
    ----------
    root
        The folder that holds ``results`` and ``resources``.

    Attributes
    ----------
    used
        Paths, relative to `root`, of the files that were read since `fresh` was called.
    """

    def __init__(self, root: Path = Path()) -> None:
        self.root = root
        self.used: dict[str, None] = {}
        self._read: dict[str, Any] = {}

    def fresh(self) -> None:
        """Forget which files were used."""
        self.used = {}

    def table(self, path: str) -> pd.DataFrame | None:
        """Read a table; None where it does not exist."""
        return self._get(path, read_table)

    def json(self, path: str) -> dict[str, Any] | None:
        """Read a JSON file; None where it does not exist."""
        return self._get(path, read_json)

    def arrays(self, path: str) -> dict[str, np.ndarray] | None:
        """Read an archive of arrays; None where it does not exist."""
        return self._get(path, _arrays)

    def scores(self, track: str, dataset: str) -> pd.DataFrame | None:
        """Scores of all methods that ran on a dataset."""
        return self.table(f"results/{track}/{dataset}/scores.tsv")

    def replicates(self, track: str, dataset: str, method: str) -> list[int]:
        """Replicates of a method that have run."""
        return self._runs.get((track, dataset, method), [])

    def status(self, track: str, dataset: str, method: str, replicate: int = 0) -> dict[str, Any] | None:
        """Status row of a run."""
        return self.json(f"results/{track}/{dataset}/{method}/r{replicate}/status.json")

    def output(self, track: str, dataset: str, method: str, replicate: int = 0) -> pd.DataFrame | None:
        """Output of a run that ended ``ok``."""
        status = self.status(track, dataset, method, replicate)
        if status is None or status["status"] != "ok":
            return None
        return self.table(f"results/{track}/{dataset}/{method}/r{replicate}/output.tsv")

    def facts(self, dataset: str) -> dict[str, Any] | None:
        """Sizes of a prepared dataset, of its first replicate where each has its own."""
        own = f"resources/prepared/{dataset}.json"
        return self.json(own) or self.json(f"resources/prepared/{dataset}/r0.json")

    def prepared(self, dataset: str) -> Prepared | None:
        """Cells of a prepared dataset; None where it is not prepared."""
        return self._get(f"resources/prepared/{dataset}.h5ad", read_prepared)

    @cached_property
    def _runs(self) -> dict[tuple[str, str, str], list[int]]:
        found: dict[tuple[str, str, str], list[int]] = {}
        for path in self.root.glob("results/*/*/*/r*/status.json"):
            track, dataset, method, replicate = path.relative_to(self.root / "results").parts[:4]
            found.setdefault((track, dataset, method), []).append(int(replicate[1:]))
        return {key: sorted(replicates) for key, replicates in found.items()}

    def _get(self, path: str, read: Any) -> Any:
        if path not in self._read:
            self._read[path] = read(self.root / path) if (self.root / path).is_file() else None
        if self._read[path] is not None:
            self.used[path] = None
        return self._read[path]


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)
