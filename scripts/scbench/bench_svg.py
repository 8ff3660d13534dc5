"""What `scbench.bench` measures of the spatial track.

CPU seconds of the originals are those of scGCO 1.1.2 and SPARK 1.1.1 (R) on breast cancer layer 2; of scGCO at 10,000
cells and more they are extrapolated from fewer genes.
"""

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

from scbench.bench_case import Case


def _noisy(cells: int, genes: int, scale: str) -> tuple:
    """Counts or log1p values of a simulated tissue, and coordinates."""
    from scbench.data.prepare import log1p_normalised
    from scbench.simulate.spatial import negative_binomial

    adata = negative_binomial(n_spots=cells, n_genes=genes, patterned=0.1, seed=1)
    counts = adata.layers["counts"]
    return (counts if scale == "counts" else log1p_normalised(counts, "median")), adata.obsm["spatial"]


def _like_layer_2(cells: int, genes: int, scale: str) -> tuple:
    """The shape, density and spread of totals of breast cancer layer 2, whose data are not part of the project."""
    import numpy as np
    import scipy.sparse as sp

    from scbench.data.prepare import log1p_normalised

    rng = np.random.default_rng(1)
    mean = rng.lognormal(-2.7, 1.5, genes) * rng.lognormal(0, 1, (cells, 1))
    counts = rng.poisson(mean)
    counts[rng.integers(0, cells, (3, genes)), np.arange(genes)] += 1  # every gene and spot is seen
    counts = sp.csr_matrix(counts.astype(np.int32))
    return (counts if scale == "counts" else log1p_normalised(counts, "median")), 30 * rng.random((cells, 2))


def _prepared(name: str, params: dict[str, Any], data: Callable[[str], tuple]) -> tuple:
    """A method of the registry, ready to run, and its input."""
    from scbench.registry import Registry

    entry = Registry.load().method(name)
    module, _, class_name = entry["entry"].partition(":")
    method = getattr(importlib.import_module(module), class_name)(**entry["params"] | params)
    method.warm_up()
    return method, *data(entry["input_scale"])


def _fit(made: tuple) -> None:
    method, values, coords = made
    method.fit(values, coords, seed=0)


def _case(name: str, data: Callable[[int, int, str], tuple], cells: int, genes: int, **targets: Any) -> Case:
    params = {"threads": targets["threads"]} if targets.get("threads", 1) > 1 else {}
    prepare = partial(_prepared, name, params, partial(data, cells, genes))
    return Case(prepare, _fit, cells=cells, genes=genes, **targets)


_LAYER_2 = partial(_case, data=_like_layer_2, cells=251)
_NOISY = partial(_case, data=_noisy, genes=100)

SVG: dict[str, Case] = {
    "layer 2, scgco": _LAYER_2("scgco", genes=12_709, cpu_s=20, original=352),
    "layer 2, scgco_released": _LAYER_2("scgco_released", genes=12_709, cpu_s=60, original=352),
    "layer 2, SPARK": _LAYER_2("spark", genes=14_789, cpu_s=10, original=1006),
    "layer 2, SPARK-X": _LAYER_2("sparkx", genes=14_789, original=12),
    "10,000, scgco": _NOISY("scgco", cells=10_000, cpu_s=8, original=200),
    "100,000, scgco": _NOISY("scgco", cells=100_000, cpu_s=60, peak_rss_mb=800, original=3000),
    "1,000,000, scgco": _NOISY(
        "scgco", cells=1_000_000, cpu_s=400, wall_s=240, peak_rss_mb=2000, threads=2, original=30_000
    ),
    "1,000,000, SPARK-X": _NOISY("sparkx", cells=1_000_000, cpu_s=60),
    "1,000,000, Moran's I": _NOISY("moran_i", cells=1_000_000, cpu_s=30, peak_rss_mb=2000),
    "1,000,000, Geary's C": _NOISY("geary_c", cells=1_000_000),
    "10,000 x 2,000, Moran's I": _case("moran_i", _noisy, 10_000, 2_000, cpu_s=5),
    "10,000, scgco_released": _NOISY("scgco_released", cells=10_000, original=200),
}

# Growth of CPU time with cells, as the slope of its logarithm over some cases, with the largest slope aimed at.
GROWTH = {"growth, scgco": (["10,000, scgco", "100,000, scgco", "1,000,000, scgco"], 1.1)}
