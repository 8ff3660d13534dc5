"""Make one prepared dataset of one registry entry."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench import simulate
from scbench.data.checks import check
from scbench.data.combine import combine
from scbench.data.derive import TRANSFORMS
from scbench.data.files import COUNTS, Files
from scbench.data.gene_names import gene_names
from scbench.data.harmonise import harmonise
from scbench.data.labels import labels
from scbench.data.loaders import LOADERS
from scbench.data.local import staging
from scbench.data.names import cut
from scbench.data.normalise import log1p_normalised
from scbench.data.options import with_options
from scbench.data.parts import parts
from scbench.errors import UserError, did_you_mean
from scbench.provenance import ROOT

if TYPE_CHECKING:
    from anndata import AnnData


def prepare(name: str, entry: dict, out: Path, *, source: Path | Mapping[str, Path] | None, seed: int) -> None:
    """Load, simulate, derive or combine a dataset, check it, normalise it and write it as h5ad.

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
        The file to load, or the file of each role if the entry has several; for ``derive`` the parent's prepared file,
        for ``combine`` that of each parent; None for ``simulate``.
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
            if "harmonise" in entry:
                adata = harmonise(adata, ROOT / entry["harmonise"])
            adata = _without_labels(adata, entry["drop_labels"])
            _mark_controls(adata, entry.get("controls"))
        except UserError as error:
            raise UserError(f"{name}: {error}") from error
        adata = check(adata, name, entry["expected"], entry["tracks"])
        part = stage / out.name
        try:
            _write(_prepared(adata, name, entry), part)
        except OSError as error:
            raise UserError(f"{name}: cannot write {out}: {error.strerror or error}") from error
        part.replace(out)


def _obtain(entry: dict, source: Path | Mapping[str, Path] | None, stage: Path, seed: int) -> "AnnData":
    origin = entry["source"]
    match origin["type"]:
        case "simulate":
            return _seeded(_generator(origin["generator"]), seed)(**origin["params"])
        case "derive":
            import anndata

            return _seeded(TRANSFORMS[origin["transform"]], seed)(anndata.read_h5ad(source), **origin["params"])
        case "combine":
            return combine(source, column=origin["column"])
    files = Files(origin, source, stage)
    load = partial(LOADERS[entry["loader"]], **entry["options"])
    adata = parts(files.members, load, **entry["parts"]) if "parts" in entry else load(files.find(COUNTS))
    if "labels" in entry:
        options = dict(entry["labels"])
        path = files.find(options.pop("file", "labels"), options.pop("member", None))
        adata = labels(adata, path, **options)
    if "gene_names" in entry:
        options = dict(entry["gene_names"])
        adata = gene_names(adata, files.find(options.pop("file", "genes")), **options)
    return adata


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


def _without_labels(adata: "AnnData", labels: Sequence[str]) -> "AnnData":
    if not labels:
        return adata
    known = set(adata.obs["label"]) if "label" in adata.obs else set()
    for label in labels:
        if label not in known:
            raise UserError(f"drop_labels: unknown label {label!r}. {did_you_mean(label, known)}")
    return adata[~adata.obs["label"].isin(labels).to_numpy()].copy()


def _mark_controls(adata: "AnnData", regex: str | None) -> None:
    if regex is not None:
        adata.var["control"] = ~pd.isna(cut(adata.var_names, f"({regex})", "controls"))
        if not adata.var["control"].any():
            raise UserError(f"controls: no gene matches {regex!r}.")


def _prepared(adata: "AnnData", name: str, entry: dict) -> "AnnData":
    """Build the AnnData to write, in one canonical form whatever the source."""
    from anndata import AnnData

    target_sum, layers = entry["target_sum"], {}
    if "counts" in adata.layers:
        layers["counts"] = _canonical(adata.layers["counts"], np.int32)
        X = log1p_normalised(layers["counts"], target_sum)
    elif "linear" in adata.layers:
        X = log1p_normalised(_canonical(adata.layers["linear"], np.float32), target_sum)
    else:
        X, target_sum = _canonical(adata.X, np.float32), "as in the source"
    about = {"title": entry["label"], "reference": entry.get("reference", ""), "target_sum": target_sum}
    about |= {f"labels_{key}": number for key, number in adata.uns.get("labels", {}).items()}
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
