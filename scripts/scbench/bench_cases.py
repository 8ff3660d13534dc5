"""What `scbench.bench` measures: cases with their targets, by track."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from scbench.bench_annotation import ANNOTATION
from scbench.bench_case import Case
from scbench.bench_data import DATA
from scbench.bench_environments import ENVIRONMENTS
from scbench.bench_svg import GROWTH as SVG_GROWTH
from scbench.bench_svg import SVG
from scbench.provenance import ROOT
from scbench.validate import read_yaml


def _citeseq(method: Any, scale: str = "log1p") -> tuple:
    """CITE-seq, 80 % of the cells, and a method whose packages are imported."""
    from scbench.io import read_prepared
    from scbench.splits import holdout

    run = {"datasets": ["citeseq_cbmc"], "methods": ["random_genes"], "replicates": 1}
    folder = _folder({"seed": 1, "tracks": {"markers": run}})
    _snakemake(folder, "data")
    data = read_prepared(folder / "resources/prepared/citeseq_cbmc.h5ad", scale)
    train = holdout(data.labels, base_seed=1, dataset="citeseq_cbmc", replicate=0, test_fraction=0.2).train
    return _warm(method), data.X[train], data.labels[train], data.genes


def _cells(method: Any, cells: int, genes: int, classes: int, density: float) -> tuple:
    """Sparse log1p values of which a share is not zero; each class has 30 genes that more of its cells express."""
    import numpy as np
    import scipy.sparse as sp

    rng = np.random.default_rng(1)
    labels = rng.choice(classes, cells, p=rng.dirichlet(np.full(classes, 2.0)))
    share = rng.lognormal(0, 1.2, genes)
    share = np.minimum(share * density / share.mean(), 0.95)
    marked = rng.permutation(genes)[: 30 * classes].reshape(classes, 30)
    blocks = []
    for start in range(0, cells, 1000):
        own = labels[start : start + 1000]
        chance = np.tile(share.astype(np.float32), (len(own), 1))
        np.put_along_axis(chance, marked[own], 0.5, axis=1)
        row, column = np.nonzero(rng.random(chance.shape, dtype=np.float32) < chance)
        depth = rng.lognormal(0, 0.3, len(own)).astype(np.float32)
        values = np.log1p(rng.geometric(0.6, len(row)).astype(np.float32) / depth[row])
        blocks.append(sp.csr_matrix((values, (row, column)), shape=chance.shape))
    names = np.array([f"gene{i}" for i in range(genes)], dtype=object)
    return (
        _warm(method),
        sp.vstack(blocks, format="csr"),
        np.array([f"type{k:02d}" for k in labels], dtype=object),
        names,
    )


def _warm(method: Any) -> Any:
    method.warm_up()
    return method


def _select(made: tuple) -> None:
    method, X, labels, genes = made
    method.fit(X, labels, genes, seed=1)


def _smash(model: str, threads: int = 1) -> Any:
    from scbench.markers.smash.method import SMaSH

    return SMaSH(model=model, faithful="released", threads=threads)


def _rankcorr() -> Any:
    from scbench.markers.rankcorr import RankCorr

    return RankCorr()


def _wilcoxon() -> Any:
    from scbench.markers.wilcoxon import Wilcoxon

    return Wilcoxon()


def _on_brain(method: Callable[[], Any]) -> Case:
    """The shape of the mouse brain with 31 sub-types; the original would need about 200 GB."""
    shape = {"cells": 40_532, "genes": 31_053}
    return Case(
        lambda: _cells(method(), **shape, classes=31, density=0.06),
        _select,
        **shape,
        wall_s=900,
        peak_rss_mb=4000,
        threads=2,
    )


def _on_organs(method: Callable[[], Any]) -> Case:
    """The shape of the foetal organs with 40 types; the original would need about 780 GB."""
    shape = {"cells": 211_754, "genes": 23_054}
    return Case(
        lambda: _cells(method(), **shape, classes=40, density=0.08),
        _select,
        **shape,
        wall_s=2700,
        peak_rss_mb=12_000,
        threads=2,
    )


def _on_citeseq(method: Callable[[], Any], *, cpu_s: float, original: float, scale: str = "log1p") -> Case:
    return Case(lambda: _citeseq(method(), scale), _select, cells=6893, genes=500, cpu_s=cpu_s, original=original)


def _much_to_do(jobs: int) -> Path:
    """A folder whose configuration has about so many jobs."""
    config = read_yaml(ROOT / "config" / "config.yaml")
    run = config["tracks"]["annotation"]
    # Per replicate and dataset one run of each method and one split.
    run["replicates"] = round(jobs / len(run["datasets"]) / (len(run["methods"]) + 1))
    config["tracks"] = {"annotation": run}
    return _folder(config)


def _jobs_to_run(jobs: int) -> Path:
    """A folder in which everything is done but so many runs of the lightest method of all, each on data of its own."""
    run = {"datasets": ["toy_spots"], "methods": ["random_pvalues"], "replicates": jobs}
    folder = _folder({"seed": 1, "tracks": {"svg": run}})
    _snakemake(folder, "data")
    return folder


def _folder(config: dict) -> Path:
    """A new working folder with a configuration."""
    folder = Path(tempfile.mkdtemp())
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def _snakemake(folder: Path, *targets: str) -> None:
    config = ["--configfile", str(folder / "config.yaml"), "--directory", str(folder)]
    options = ["--quiet", "all", "--cores", "1"]
    subprocess.run([sys.executable, "-m", "snakemake", *config, *options, *targets], check=True, cwd=ROOT)


def _judge(folder: Path) -> None:
    """Measure and judge all claims by the results below a folder."""
    from scbench.claims import judge

    judge.rows(confidence=0.95, seed=0, root=folder)


def _imports() -> None:
    """What these runs import, each in a process of its own."""
    code = "import scbench.child, scbench.io, scbench.contract, scbench.svg.controls"
    for _ in range(_JOBS):
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "scripts")


_JOBS = 20

CASES: dict[str, dict[str, Case]] = {
    "data": DATA,
    "workflow": {
        "dry run of 2,000 jobs": Case(lambda: _much_to_do(2000), lambda folder: _snakemake(folder, "-n"), cpu_s=6),
        "dry run of 10,000 jobs": Case(
            lambda: _much_to_do(10_000), lambda folder: _snakemake(folder, "-n"), cpu_s=30, peak_rss_mb=1000
        ),
        "every claim judged by the results here": Case(Path.cwd, _judge, cpu_s=20),
        "overhead of a job beyond its imports": Case(
            lambda: _jobs_to_run(_JOBS),
            lambda folder: _snakemake(folder, "--until", "run"),
            _imports,
            _JOBS,
            cpu_s=0.5,
        ),
    },
    "markers": {
        "CITE-seq, smash-rf": _on_citeseq(partial(_smash, "rf"), cpu_s=2.5, original=16.4),
        "CITE-seq, smash-brf": _on_citeseq(partial(_smash, "brf"), cpu_s=2, original=13.7),
        "CITE-seq, smash-dnn": _on_citeseq(partial(_smash, "dnn"), cpu_s=6, original=29.4),
        # The original was stopped, unfinished, at 512 CPU seconds.
        "CITE-seq, smash-xgb": _on_citeseq(partial(_smash, "xgb"), cpu_s=12, original=512),
        "CITE-seq, RankCorr": _on_citeseq(_rankcorr, cpu_s=0.2, original=2.4, scale="counts"),
        **{
            f"brain, smash-{model}": _on_brain(partial(_smash, model, 2))
            for model in ("dnn", "xgb", "rf", "brf", "lgbm")
        },
        **{f"organs, smash-{model}": _on_organs(partial(_smash, model, 2)) for model in ("xgb", "lgbm", "rf")},
        "organs, RankCorr": _on_organs(_rankcorr),
        "organs, Wilcoxon": _on_organs(_wilcoxon),
    },
    "svg": SVG,
    "annotation": ANNOTATION,
    "environments": ENVIRONMENTS,
}

GROWTH = {"svg": SVG_GROWTH}
