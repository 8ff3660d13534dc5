"""What all tests share."""

import os
from pathlib import Path

import pytest

# One thread for each of the processes that tests run in, one per core: with more, libraries wait for each other's.
for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


# One takes both cores, the other mostly waits for Slurm.
LONGEST = ("test_smoke.py", "test_slurm.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests: files that take minutes first, so that no worker is left with one at the end."""
    items.sort(key=lambda item: (item.path.name not in LONGEST, item.path.parent.name != "workflow"))


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
