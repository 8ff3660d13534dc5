"""Downloads from a server on this machine, small known matrices, and Python in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from loopback import Server, loopback

from scbench.data import hosts
from scbench.data.fetch import fetch
from scbench.data.prepare import prepare
from scbench.io import Prepared, read_prepared

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[Server]:
    with loopback() as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a download goes."""
    return tmp_path / "raw" / "file.h5ad"


@pytest.fixture
def get(tmp_path: Path, target: Path) -> Callable[..., None]:
    """Download from mirrors to `target`."""

    def get(*urls: str, **keys) -> None:
        fetch({"urls": list(urls)} | keys, target, lock=tmp_path / "data.lock", name="set")

    return get


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no pause before a repeat be long."""
    monkeypatch.setattr(hosts, "BACK_OFF", 0.001)


@pytest.fixture
def python() -> Callable[..., subprocess.Popen]:
    """Start Python code that can import scbench in a process of its own."""

    def start(code: str, *arguments: object) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def counts() -> np.ndarray:
    """Dense 30 cells x 8 genes; every cell and gene has counts, none the same total."""
    counts = np.random.default_rng(5).poisson(1.2, (30, 8))
    counts[np.arange(30), np.arange(30) % 8] += np.arange(1, 31)
    return counts


@pytest.fixture
def obs() -> pd.DataFrame:
    labels = np.array(["B", "NK", "T"])[np.arange(30) % 3]
    return pd.DataFrame(
        {"cell_type": labels, "batch": np.arange(30) // 10, "donor": ["x", "y"] * 15},
        index=[f"c{i}" for i in range(30)],
    )


@pytest.fixture
def write_h5ad(tmp_path: Path, obs: pd.DataFrame) -> Callable[..., Path]:
    """Write an h5ad file around a matrix."""

    def write(X: np.ndarray | None, name: str = "d.h5ad", genes: list[str] | None = None, **parts) -> Path:
        import anndata

        width = X.shape[1] if X is not None else 8
        var = pd.DataFrame(index=genes or [f"g{i}" for i in range(width)])
        adata = anndata.AnnData(None if X is None else sp.csr_matrix(X), obs=parts.pop("obs", obs), var=var, **parts)
        adata.write_h5ad(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def entry() -> Callable[..., dict]:
    """Make a registry entry with the defaults of the schema."""

    def make(**keys) -> dict:
        defaults = {
            "label": "A dataset",
            "tracks": ["markers"],
            "source": {"type": "local", "path": "d.h5ad"},
            "loader": "h5ad",
            "options": {},
            "drop_labels": [],
            "target_sum": 10000,
            "expected": {},
        }
        return defaults | keys

    return make


@pytest.fixture
def through(tmp_path: Path, entry: Callable[..., dict]) -> Callable[..., Prepared]:
    """Prepare a source with a loader and read what came of it."""

    def prepare_and_read(path: Path | dict[str, Path], loader: str, scale: str = "counts", **keys) -> Prepared:
        out = tmp_path / "prepared" / "set.h5ad"
        keys = {"tracks": [], "source": {"type": "https"}, "loader": loader} | keys
        prepare("set", entry(**keys), out, source=path, seed=0)
        assert list(out.parent.iterdir()) == [out]
        return read_prepared(out, scale)

    return prepare_and_read


@pytest.fixture
def genes() -> list[str]:
    """Names of the genes of `counts`."""
    return ["Actb", "NA", "1-Mar", "Sox2", "HLA-A", "true", "nan", "7"]
