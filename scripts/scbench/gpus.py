"""GPUs of this machine: which may be used, by one run at a time, and how busy they are."""

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import ModuleType

_POLL_S = 1.0


def visible() -> list[str]:
    """GPUs that CUDA would see, as ``CUDA_VISIBLE_DEVICES`` names them; all by UUID where it is not set."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in map(str.strip, named.split(",")) if name]
    with _nvml() as nvml:
        return [nvml.nvmlDeviceGetUUID(_handle(nvml, str(i))) for i in range(nvml.nvmlDeviceGetCount())] if nvml else []


@contextmanager
def reserved(n: int) -> Iterator[list[str]]:
    """Keep n GPUs from other runs of this user, waiting until so many are free.

    Parameters
    ----------
    n
        Number of GPUs.

    Yields
    ------
    list of str
        Their names; none where there are fewer than n in all.
    """
    names = visible() if n else []
    if not 0 < n <= len(names):
        yield []
        return
    while True:
        with ExitStack() as locks:
            held = list(islice((name for name in names if _locked(name, locks)), n))
            if len(held) == n:
                yield held
                return
        time.sleep(_POLL_S)


def environment(held: Sequence[str]) -> dict[str, str]:
    """Environment variables with which CUDA sees these GPUs alone.

    Numbers are in the order of NVIDIA's tools, not of speed, so that they mean the same here and there.
    """
    return {"CUDA_VISIBLE_DEVICES": ",".join(held), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def _locked(name: str, locks: ExitStack) -> bool:
    """Try to lock a GPU until the end of a block."""
    folder = Path(tempfile.gettempdir()) / f"scbench-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = locks.enter_context((folder / f"{name.replace('/', '_')}.lock").open("w"))
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


class Utilisation:
    """Share of the time in which GPUs work, sampled from a thread.

    Parameters
    ----------
    names
        GPUs, as from `visible`.

    Attributes
    ----------
    mean
        In percent, over the samples and the GPUs; None without any. What other programs do on them counts too.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._found: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    @property
    def mean(self) -> float | None:
        """Mean so far."""
        return sum(self._found) / len(self._found) if self._found else None

    def __enter__(self) -> "Utilisation":
        if self.names:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self.names:
            self._thread.join()

    def _sample(self) -> None:
        with _nvml() as nvml:
            handles = [_handle(nvml, name) for name in self.names] if nvml else []
            while handles and not self._over.wait(_POLL_S):
                with suppress(nvml.NVMLError):  # some parts of a GPU (MIG) do not tell
                    self._found += [nvml.nvmlDeviceGetUtilizationRates(handle).gpu for handle in handles]


@contextmanager
def _nvml() -> Iterator[ModuleType | None]:
    """Open NVIDIA's management library; None where there is none, as on a machine without a GPU."""
    import pynvml  # only in the environments of methods that use a GPU

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def _handle(nvml: ModuleType, name: str) -> object:
    return nvml.nvmlDeviceGetHandleByIndex(int(name)) if name.isdecimal() else nvml.nvmlDeviceGetHandleByUUID(name)
