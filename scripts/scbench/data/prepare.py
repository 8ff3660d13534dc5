"""Make one prepared dataset of one registry entry."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import scipy.sparse as sp

from scbench import simulate
from scbench.data.archives import is_archive, unpack
from scbench.data.checks import check
from scbench.data.derive import TRANSFORMS
from scbench.data.loaders import LOADERS
from scbench.data.local import staging, verify
from scbench.data.normalise import log1p_normalised
from scbench.data.options import with_options
from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from anndata import AnnData


def prepare(name: str, entry: dict, out: Path, *, source: Path | None, seed: int) -> None:
    """Load, simulate or derive a dataset, check it, normalise it and write it as h5ad.

    Parameters
    ----------
    name
        The dataset's id.
    entry
        Its registry entry, with the defaults of the schema filled in.
    out
        File to write, readable by `scbench.io.read_prepared`: log1p values in ``X`` and, where known, counts in
        ``layers["counts"]``, both CSR. The same inputs give the same bytes.
    source
        The file to load; for ``derive`` the parent's prepared file; None for ``simulate``.
    seed
        Seed of simulators and random transforms.

    Raises
    ------
    UserError
        If anything is wrong with entry, file or values. Nothing is left at `out` then, nor after a kill.

    Notes
    -----
    Memory: about 40 bytes for each non-zero value, beyond what the loader states; the file is built in memory.
    """
    with staging(out) as stage:
        try:
            adata = _obtain(entry, source, stage, seed)
            adata = _without_labels(adata, entry["drop_labels"])
        except UserError as error:
            raise UserError(f"{name}: {error}") from error
        adata = check(adata, name, entry["expected"], entry["tracks"])
        part = stage / out.name
        try:
            _write(_prepared(adata, name, entry), part)
        except OSError as error:
            raise UserError(f"{name}: cannot write {out}: {error.strerror or error}") from error
        part.replace(out)


def _obtain(entry: dict, source: Path | None, stage: Path, seed: int) -> "AnnData":
    origin = entry["source"]
    if origin["type"] == "simulate":
        return _seeded(_generator(origin["generator"]), seed)(**origin["params"])
    if origin["type"] == "derive":
        import anndata

        return _seeded(TRANSFORMS[origin["transform"]], seed)(anndata.read_h5ad(source), **origin["params"])
    if "sha256" in origin:
        verify(source, origin["sha256"])
    return LOADERS[entry["loader"]](_unpacked(source, stage, origin.get("member")), **entry["options"])


def _seeded(function: Callable, seed: int) -> Callable:
    """Give a seed to a function that takes one, unless the registry sets it."""

    def call(*args: object, **params: object) -> "AnnData":
        takes_seed = "seed" in inspect.signature(function).parameters
        return function(*args, **({"seed": seed} if takes_seed else {}) | params)

    return call


def _generator(address: str) -> Callable:
    """Find ``module:function`` below `scbench.simulate`."""
    module_name, _, function_name = address.partition(":")
    modules = [module.name for module in pkgutil.iter_modules(simulate.__path__) if not module.name.startswith("_")]
    if module_name not in modules:
        raise UserError(
            f"unknown generator {address!r}: no module {module_name!r}. {did_you_mean(module_name, modules)}"
        )
    module = importlib.import_module(f"{simulate.__name__}.{module_name}")
    functions = {
        key: value
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not key.startswith("_")
    }
    if function_name not in functions:
        raise UserError(f"unknown generator {address!r}. {did_you_mean(function_name, functions)}")
    return with_options(functions[function_name])


def _unpacked(source: Path, stage: Path, member: str | None) -> Path:
    """Give the file to load: the source itself, or the member, the only file or the folder of an archive."""
    if not is_archive(source):
        if member is not None:
            raise UserError(f"{source} is not a zip, tar or gzip archive, so it has no member {member!r}.")
        return source
    folder = stage / "unpacked"
    unpack(source, folder)
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    if member is not None:
        if member not in files:
            raise UserError(f"{source} has no member {member!r}. {did_you_mean(member, files)}")
        return files[member]
    return next(iter(files.values())) if len(files) == 1 else folder


def _without_labels(adata: "AnnData", labels: Sequence[str]) -> "AnnData":
    if not labels:
        return adata
    known = set(adata.obs["label"]) if "label" in adata.obs else set()
    for label in labels:
        if label not in known:
            raise UserError(f"drop_labels: unknown label {label!r}. {did_you_mean(label, known)}")
    return adata[~adata.obs["label"].isin(labels).to_numpy()].copy()


def _prepared(adata: "AnnData", name: str, entry: dict) -> "AnnData":
    """Build the AnnData to write, in one canonical form whatever the source."""
    from anndata import AnnData

    if "counts" in adata.layers:
        counts = _canonical(adata.layers["counts"], np.int32)
        X, layers, target_sum = log1p_normalised(counts, entry["target_sum"]), {"counts": counts}, entry["target_sum"]
    else:
        X, layers, target_sum = _canonical(adata.X, np.float32), {}, "as in the source"
    about = {"title": entry["label"], "reference": entry.get("reference", ""), "target_sum": target_sum}
    obsm = {"spatial": adata.obsm["spatial"]} if "spatial" in adata.obsm else {}
    return AnnData(X, obs=adata.obs, var=adata.var, obsm=obsm, layers=layers, uns={"name": name, "scbench": about})


def _write(adata: "AnnData", path: Path) -> None:
    from anndata.io import write_elem

    # In memory first: HDF5 ends the process with a segmentation fault when a disk fills under it.
    image = BytesIO()
    with h5py.File(image, "w") as file:
        write_elem(file, "/", adata, dataset_kwargs={"compression": "lzf"})
    path.write_bytes(image.getbuffer())


def _canonical(matrix: sp.csr_matrix, dtype: type) -> sp.csr_matrix:
    """Give the type asked for, sorted indices, and int32 indices where they fit."""
    matrix = sp.csr_matrix(matrix, dtype=dtype)
    matrix.sort_indices()
    index = sp.get_index_dtype(maxval=max(matrix.nnz, *matrix.shape))
    matrix.indices, matrix.indptr = matrix.indices.astype(index), matrix.indptr.astype(index)
    return matrix
