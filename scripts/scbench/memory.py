"""Memory of a process and of everything that it starts."""

import threading
import time
from contextlib import suppress

import psutil

_INTERVAL_S = (0.2, 1.0)  # the longer one on a busy machine: finding descendants looks at all its processes
_SHARE = 0.02  # of the time that sampling may take, up to the longest interval


class TreeMemory:
    """Highest memory of a process and its descendants together, sampled from a thread.

    The process counts with its resident memory, a descendant with what it shares with nobody: forked processes and
    common libraries would count several times otherwise. A peak between two samples is missed, and so is a process
    whose parents have ended.

    Parameters
    ----------
    pid
        Root of the tree.

    Attributes
    ----------
    peak_mb
        So far; 0 if the process ended before it could be looked at.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak_mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "TreeMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        shortest, longest = _INTERVAL_S
        spent = 0.0
        while not self._over.wait(min(max(shortest, spent / _SHARE), longest)):
            start = time.perf_counter()
            self.peak_mb = max(self.peak_mb, _tree_mb(self.pid))
            spent = time.perf_counter() - start


def _tree_mb(pid: int) -> float:
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        total = root.memory_info().rss
        for process in root.children(recursive=True):
            with suppress(psutil.Error):  # it has just ended
                total += process.memory_full_info().uss
    return total / 2**20
