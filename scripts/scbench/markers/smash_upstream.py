"""SMaSH: the authors' package, in its own environment."""

import io
import sys
import types
from contextlib import redirect_stdout
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.errors import UserError, did_you_mean
from scbench.markers._dense import within_limit
from scbench.markers.smash.filters import likely_species

MODELS = {"rf": "RandomForest", "brf": "BalancedRandomForest", "xgb": "XGBoost"}

_GROUP = "group"
_MATRICES = 20  # dense matrices at the peak: layers, copies kept as `raw`, and z-scores in double precision
_TENSORFLOW = (
    "tensorflow",
    "tensorflow.keras",
    "tensorflow.keras.utils",
    "tensorflow.python",
    "tensorflow.python.keras",
    "tensorflow.python.keras.callbacks",
    "tensorflow.python.keras.layers",
    "tensorflow.python.keras.layers.core",
    "tensorflow.python.keras.layers.normalization",
    "tensorflow.python.keras.models",
)


class SMaSHUpstream(MarkerSelector):
    """Rank genes with smashpy 0.1.2 itself; `scbench.markers.smash` does the same in other words, and faster.

    The modes of ensemble learning only: they need nothing of the TensorFlow 2.5 that the package imports, which no
    Python above 3.9 has. Its names stand for None here, so that a use of them would fail; the package's constructor,
    which only seeds random numbers and opens a session, is not called.

    Parameters
    ----------
    model
        ``"rf"`` random forest, ``"brf"`` balanced random forest, ``"xgb"`` XGBoost.
    species
        ``"human"`` or ``"mouse"``, whose general genes are left out; None to keep them; ``"auto"`` to tell by how the
        symbols are written.
    high_cells
        A gene goes if half of the classes express it in at least this share of their cells.
    pooled
        Genes per class that are pooled and ranked again (``sort_and_plot``); 0 not to, and then the importance ranks.
    n_genes
        Genes kept per class.
    dense_mb
        Most MB that dense matrices may take; a run that needs more is skipped.

    Notes
    -----
    The package gives no scores: `ranking_` has the rank with a minus. Its libraries are newer than in 2021, as far as
    they behave alike (scikit-learn 1.1, whose forests draw cells as then). Deterministic: the authors fix the
    seed. Nothing is plotted.

    Time: that of the classifier; XGBoost's ``dart`` takes a second a round and more on thousands of cells. Memory:
    about 20 dense float32 matrices of cells x genes.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022). Package smashpy 0.1.2, functions ``data_preparation``, ``remove_general_genes``,
    ``remove_features_pct``, ``remove_features_pct_2groups``, ``scale_filter_features``, ``ensemble_learning``,
    ``gini_importance`` and ``sort_and_plot``.
    """

    def __init__(
        self,
        *,
        model: str = "rf",
        species: str | None = "auto",
        high_cells: float = 0.9,
        pooled: int = 30,
        n_genes: int = 300,
        dense_mb: int = 6000,
    ) -> None:
        self.model = model
        self.species = species
        self.high_cells = high_cells
        self.pooled = pooled
        self.n_genes = n_genes
        self.dense_mb = dense_mb

    def warm_up(self) -> None:
        """Import the package."""
        _import()

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "SMaSHUpstream":
        """Rank genes from counts; see `scbench.contract.MarkerSelector`.

        Raises
        ------
        UserError
            If `model` is unknown.
        """
        if self.model not in MODELS:
            raise UserError(f"The 'model' parameter is unknown. Got {self.model!r}. {did_you_mean(self.model, MODELS)}")
        within_limit("smashpy", _MATRICES * 4.0 * X.shape[0] * X.shape[1], self.dense_mb, "Use fewer cells or genes.")
        codes, classes = pd.factorize(labels, sort=True)
        with redirect_stdout(io.StringIO()):
            found = self._run(X.toarray().astype(np.float32), codes, genes)
        tables = []
        for name, chosen in zip(classes, found, strict=True):
            ranks = np.arange(1, len(chosen) + 1)
            tables.append(pd.DataFrame({"class": name, "gene": chosen, "rank": ranks, "score": -ranks}))
        self.ranking_ = pd.concat(tables, ignore_index=True)
        return self

    def _run(self, counts: np.ndarray, codes: np.ndarray, genes: np.ndarray) -> list[list[str]]:
        """Genes of each class, which goes by its number, in the order of the package."""
        import anndata as ad

        package = _import()
        smash = _without_plots(package)
        names = [str(code) for code in range(codes.max() + 1)]
        cells = [f"cell{i}" for i in range(len(codes))]
        obs = pd.DataFrame({_GROUP: pd.Categorical.from_codes(codes, names)}, index=cells)
        adata = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=genes))
        smash.data_preparation(adata)
        species = likely_species(genes) if self.species == "auto" else self.species
        if species is not None:
            adata = smash.remove_general_genes(adata, species=species)
        adata = smash.remove_features_pct(adata, group_by=_GROUP, pct=0.3)
        adata = smash.remove_features_pct_2groups(adata, group_by=_GROUP, pct1=self.high_cells, pct2=0.5)
        adata = smash.scale_filter_features(adata, n_components=None, filter_expression=True)
        trained = smash.ensemble_learning(adata, group_by=_GROUP, classifier=MODELS[self.model], save=False)
        top = ("local", self.pooled or self.n_genes)
        chosen, found = smash.gini_importance(adata, trained, group_by=_GROUP, restrict_top=top)
        if self.pooled:
            with patch.object(package.sc.pl, "DotPlot"):
                _, found = smash.sort_and_plot(adata, chosen, group_by=_GROUP, top=self.n_genes)
        return [found[name] for name in names]


class _NoTensorFlow(types.ModuleType):
    """A module whose every name is None."""

    __path__ = ()

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _import() -> types.ModuleType:
    for name in _TENSORFLOW:
        sys.modules.setdefault(name, _NoTensorFlow(name))
    import matplotlib as mpl

    mpl.use("agg")
    import smashpy

    return smashpy


def _without_plots(package: types.ModuleType) -> Any:
    """Make the package's object, whose plot of a confusion matrix is left out."""
    smash = package.smashpy.__new__(package.smashpy)
    smash._smashpy__confusionM = lambda *args, **kwargs: None
    package.sc.settings.verbosity = 0
    return smash
