"""State of a training in one npz file, which a later attempt goes on from if it is about the same training."""

import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from scbench.atomic import atomic


def fingerprint(*parts: Any) -> str:
    """Digest of what a training depends on.

    Parameters
    ----------
    *parts
        CSR matrices, arrays, or what JSON can hold.

    Examples
    --------
    >>> fingerprint({"lr": 0.1}, np.arange(3)) == fingerprint({"lr": 0.1}, np.arange(3))
    True
    >>> fingerprint({"lr": 0.1}, np.arange(3)) == fingerprint({"lr": 0.2}, np.arange(3))
    False
    """
    digest = sha256()
    for part in parts:
        arrays = (part.data, part.indices, part.indptr) if sp.issparse(part) else (part,)
        for array in arrays:
            digest.update(np.ascontiguousarray(array) if _plain(array) else json.dumps(_listed(array)).encode())
        digest.update(b"\x1f")
    return digest.hexdigest()


def save(path: Path, print_: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the state of a training and its fingerprint; what was there before stays until it is written."""
    with atomic(path) as part:
        np.savez(part, fingerprint=print_, **arrays)


def load(path: Path, print_: str) -> dict[str, np.ndarray] | None:
    """Read the state of a training; None if there is none, or, saying so, if it is broken or another training's."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        print(f"the checkpoint {path} cannot be read and is left out: {error}", flush=True)
        return None
    if arrays.pop("fingerprint", None) != print_:
        print(f"the checkpoint {path} is that of another training and is left out", flush=True)
        return None
    return arrays


def _plain(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind in "biuf"


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
