"""SMaSH: marker genes from the importance that a classifier gives them."""

import importlib
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.errors import UserError
from scbench.markers._table import rank_per_class
from scbench.markers.sampling import inner_split, stratified
from scbench.markers.smash.boosting import LightGBM, XGBoost
from scbench.markers.smash.forests import Forest, class_weights
from scbench.markers.smash.network import Network
from scbench.markers.smash.ranking import in_most_samples, mean_times_importance, rank_again
from scbench.markers.smash.settings import Settings, settings
from scbench.markers.smash.training import Training, checked, training

_PACKAGES = {"dnn": "torch", "xgb": "xgboost", "rf": "sklearn.tree", "brf": "sklearn.tree", "lgbm": "lightgbm"}


class SMaSH(MarkerSelector):
    """Train a classifier on filtered genes and rank genes by what they contribute to each class.

    Stages: leave out general genes and those that too few or too many classes express; keep the genes with large
    loadings on the leading principal components; train a classifier on an inner 80:20 split of the training cells; take
    each gene's importance from it; rank genes for each class; check that markers are in most samples.

    Parameters
    ----------
    model
        ``"dnn"`` network, ``"xgb"`` XGBoost, ``"rf"`` random forest, ``"brf"`` balanced random forest, ``"lgbm"``
        LightGBM (not in the paper).
    faithful
        ``"released"``: what smashpy 0.1.2 does. ``"paper"``: what the text says. None: our variant.
    species
        ``"human"`` or ``"mouse"``, whose general genes are left out; None to keep them; ``"auto"`` to tell by how the
        symbols are written, and to keep all genes that have none.
    n_genes
        Genes kept per class.
    threads
        CPU threads.
    device
        ``"auto"`` takes a CUDA device where there is one (network, XGBoost).
    overrides
        Settings that differ from the variant's; see `scbench.markers.smash.settings.Settings`.

    Attributes
    ----------
    genes_
        Names of the genes that passed both filters.
    extras_
        Where Shapley values were computed, ``shapley_genes``, ``shapley_classes`` and ``shapley_mean_abs`` (genes,
        classes): their mean absolute value.

    Notes
    -----
    Deviations of ``released``: the inner split is stratified with a seed of its own; forests draw as scikit-learn 1.0
    did, but not the same numbers; splits are searched in 24 quantiles (forests) or 64 (XGBoost, whose booster is the
    equivalent ``gbtree``); Shapley values shift the exponents of a pair of cells by one maximum, from at most 512
    background and 1,024 explained cells; a class has at least one cell in every sample (upstream stops where 5 % cannot
    hold each). Of ``paper``: a class "expresses" a gene if any of its cells does; Harmony corrects the z-scores of the
    kept genes. Of all: a classifier is trained on at most 20,000 cells, a stratified sample of more.

    Time O(cells x kept genes^2) for the inverse PCA, and the classifier's. Memory: the kept genes of at most 20,000
    training cells as float32, and kept genes squared; the full matrix stays sparse.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022).
    """

    def __init__(
        self,
        *,
        model: str = "xgb",
        faithful: str | None = None,
        species: str | None = "auto",
        n_genes: int = 300,
        threads: int = 1,
        device: str = "auto",
        overrides: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.faithful = faithful
        self.species = species
        self.n_genes = n_genes
        self.threads = threads
        self.device = device
        self.overrides = overrides

    def warm_up(self) -> None:
        """Import the model's packages; PyTorch imports more of itself at the first step."""
        settings(self.faithful, self.model, self.overrides or {})
        importlib.import_module(_PACKAGES[self.model])
        if self.model == "dnn":
            toy = np.eye(4, dtype=np.float32), np.arange(4) % 2
            Network(epochs=1, device=self.device).fit(*toy, 2, weights=np.ones(2), seed=0, validation=toy)

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int, samples: np.ndarray | None = None
    ) -> "SMaSH":
        """Rank genes from log1p values; see `scbench.contract.MarkerSelector`.

        Parameters
        ----------
        samples
            (cells,) sample of each cell, if known.

        Raises
        ------
        UserError
            If a value is negative, there is one class only, or a parameter is not allowed.
        InvalidOutputError
            If no gene passes the filters.
        """
        choices = settings(self.faithful, self.model, self.overrides or {})
        X = checked(X, labels)
        data = training(X, labels, genes, self.species, choices, seed=seed, samples=samples)
        self.genes_ = data.genes
        scores = self._eliminate(data, choices) if choices.eliminate else self._score(data, choices)[0]
        table = rank_per_class(scores, data.genes, data.classes, self.n_genes)
        if choices.pooled:
            table = rank_again(table, X, labels, genes, top=choices.pooled)
        if choices.heterogeneity and samples is not None:
            table = in_most_samples(table, X, labels, genes, samples)
        self.ranking_ = table
        return self

    def learning_curves(
        self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int, folds: int
    ) -> pd.DataFrame:
        """Cross-validate the classifier inside the training cells; filters and scaling are those of all of them.

        Parameters
        ----------
        folds
            Number of stratified folds; each is held out once.

        Returns
        -------
        pandas.DataFrame
            Columns ``fold``, ``step`` (epoch or round, from 1), ``part`` (``train`` or ``validation``), ``loss``,
            ``accuracy``.

        Raises
        ------
        UserError
            If the model does not learn in steps, or a class has fewer cells than there are folds.

        References
        ----------
        Nelson et al. 2022, Methods, "Machine learning cross-validation", and Additional file 1, Fig. S1.
        """
        from sklearn.model_selection import StratifiedKFold

        if self.model in ("rf", "brf"):
            raise UserError(f"SMaSH has no learning curves for {self.model!r}: its trees do not build on each other.")
        choices = settings(self.faithful, self.model, self.overrides or {})
        data = training(checked(X, labels), labels, genes, self.species, choices, seed=seed)
        counts = np.bincount(data.y)
        if counts.min() < folds:
            small = data.classes[counts.argmin()]
            raise UserError(f"class {small!r} has {counts.min()} training cell(s), fewer than {folds} folds.")
        tables = []
        for fold, (train, validation) in enumerate(StratifiedKFold(folds).split(data.X, data.y)):
            history = self._train(data, train, validation, choices.balance, history=True).history_
            for part in ("train", "validation"):
                table = pd.DataFrame(history[part])
                tables.append(table.assign(fold=fold, part=part, step=np.arange(1, len(table) + 1)))
        return pd.concat(tables, ignore_index=True)[["fold", "step", "part", "loss", "accuracy"]]

    def _train(
        self, data: Training, train: np.ndarray, validation: np.ndarray, balance: bool, *, history: bool = False
    ) -> Forest | XGBoost | LightGBM | Network:
        """Train the classifier."""
        # Only our variant stops boosting early; the network always does.
        patience = 10 if self.faithful is None and not history else None
        boosting = {"patience": patience, "threads": self.threads}
        model = {
            "dnn": lambda: Network(device=self.device),
            "xgb": lambda: XGBoost(**boosting, device=self.device),
            "lgbm": lambda: LightGBM(**boosting),
            "rf": Forest,
            "brf": lambda: Forest(n_trees=200, max_depth=50, balanced=True),
        }[self.model]()
        n_classes = len(data.classes)
        return model.fit(
            data.X[train],
            data.y[train],
            n_classes,
            weights=class_weights(data.y, n_classes) if balance else np.ones(n_classes),
            seed=int(data.rng.integers(2**31)),
            validation=(data.X[validation], data.y[validation]),
            **({"history": True} if history else {}),
        )

    def _score(self, data: Training, choices: Settings) -> tuple[np.ndarray, np.ndarray]:
        """Score genes for each class (genes, classes), and over all classes (genes,)."""
        train, validation = inner_split(data.y, choices.held_out, data.rng)
        model = self._train(data, train, validation, choices.balance)
        if choices.score == "importance":
            scores = mean_times_importance(data.X[train], data.y[train], len(data.classes), model.importance_)
            return scores, model.importance_
        background = self._sample(data, train, choices.background, choices.most_background)
        explained = self._sample(data, validation, choices.explained, choices.most_explained)
        # A class with one cell has it in the training part, and is explained by that.
        lacking = np.setdiff1d(data.y[train], data.y[explained])
        explained = np.append(explained, [train[data.y[train] == k][0] for k in lacking]).astype(int)
        values = model.shapley(data.X[explained], data.X[background])
        absolute = np.abs(values).mean(axis=0)
        self.extras_ = {
            "shapley_genes": data.genes.astype(str),
            "shapley_classes": data.classes.astype(str),
            "shapley_mean_abs": absolute,
        }
        if choices.score == "shapley":
            return absolute, absolute.sum(axis=1)
        y = data.y[explained]
        signed = np.stack([values[y == k, :, k].mean(axis=0) for k in range(len(data.classes))], axis=1)
        return signed, absolute.sum(axis=1)

    def _eliminate(self, data: Training, choices: Settings) -> np.ndarray:
        """Score genes (genes, classes) by how long they last when the worse half is left out again and again.

        A gene that only repeats what others say is worth little beside them; it shows when few are left. A score is the
        number of rounds that the gene survived plus its share of the highest score in the last of them, but only for
        classes that it speaks for; for others it is the (negative) share alone.
        """
        scores = np.zeros((len(data.genes), len(data.classes)))
        alive, rounds = np.arange(len(data.genes)), 0
        while True:
            part = data._replace(X=data.X[:, alive], genes=data.genes[alive])
            own, overall = self._score(part, choices)
            share = own / max(np.abs(own).max(), np.finfo(float).tiny)
            scores[alive] = np.where(share > 0, rounds + share, share)
            if len(alive) <= choices.eliminate:
                return scores
            left = max(choices.eliminate, len(alive) // 2)
            alive = alive[np.sort(np.argsort(-overall, kind="stable")[:left])]
            rounds += 1

    @staticmethod
    def _sample(data: Training, cells: np.ndarray, share: float, most: int) -> np.ndarray:
        size = min(max(round(share * len(cells)), len(data.classes)), most)
        return cells[stratified(data.y[cells], size, data.rng)]
