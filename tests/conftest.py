"""What all tests share."""

import os
from pathlib import Path

import pytest

# One thread for each of the processes that tests run in, one per core: with more, libraries wait for each other's.
for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data and reference outputs beside the project, which are not part of it."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with real data and reference outputs is not here")
    return SHARED
