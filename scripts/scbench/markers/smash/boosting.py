"""Third stage, ensembles by boosting: XGBoost and LightGBM."""

import numpy as np


class XGBoost:
    """Gradient boosting with the settings of the released code.

    Its booster is ``dart`` without drop rates, which grows the same trees as ``gbtree`` in quadratic time; so this is
    ``gbtree``. Its version searched splits exactly, here they are searched in `max_bin` quantiles.

    Parameters
    ----------
    rounds, max_depth, learning_rate
        As in the released code.
    max_bin
        Quantiles of a gene's values that splits are searched in.
    patience
        Rounds without a lower validation loss after which boosting ends; None for all rounds.
    threads
        CPU threads.
    device
        ``"auto"`` takes a CUDA device where there is one and the build can use it.

    Attributes
    ----------
    importance_
        (genes,) mean gain of the splits of a gene, sum 1.
    history_
        Loss and accuracy of each round on the validation part and, where asked for, on the training part.

    References
    ----------
    Chen T., Guestrin C. XGBoost: a scalable tree boosting system. KDD 2016. smashpy 0.1.2, ``ensemble_learning``.
    """

    def __init__(
        self,
        *,
        rounds: int = 200,
        max_depth: int = 9,
        learning_rate: float = 0.25,
        max_bin: int = 64,
        patience: int | None = None,
        threads: int = 1,
        device: str = "auto",
    ) -> None:
        self.rounds = rounds
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.max_bin = max_bin
        self.patience = patience
        self.threads = threads
        self.device = device

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        n_classes: int,
        *,
        weights: np.ndarray,
        seed: int,
        validation: tuple[np.ndarray, np.ndarray] | None = None,
        history: bool = False,
    ) -> "XGBoost":
        """Boost trees on (cells, genes) float32 values and class numbers."""
        import xgboost as xgb

        bins = {"max_bin": self.max_bin, "nthread": self.threads}
        train = xgb.QuantileDMatrix(X, y, weight=weights[y], **bins)
        held_out = [(xgb.QuantileDMatrix(*validation, ref=train, **bins), "validation")] if validation else []
        recorded: dict = {}
        self.booster_ = xgb.train(
            {
                "objective": "multi:softprob",
                "num_class": n_classes,
                "tree_method": "hist",
                "max_depth": self.max_depth,
                "learning_rate": self.learning_rate,
                "max_bin": self.max_bin,
                "nthread": self.threads,
                "seed": seed % 2**31,
                "eval_metric": ["merror", "mlogloss"],
                "device": _device(self.device),
            },
            train,
            self.rounds,
            evals=[*([(train, "train")] if history else []), *held_out],
            evals_result=recorded,
            early_stopping_rounds=self.patience if held_out else None,
            verbose_eval=False,
        )
        self.history_ = _history(recorded, "mlogloss", "merror")
        gain = self.booster_.get_score(importance_type="gain")
        importance = np.zeros(X.shape[1])
        importance[[int(name[1:]) for name in gain]] = list(gain.values())
        self.importance_ = importance / max(importance.sum(), np.finfo(float).tiny)
        return self

    def shapley(self, X: np.ndarray, background: np.ndarray) -> np.ndarray:
        """TreeSHAP values of the log odds, (cells, genes, classes); the trees themselves hold the background."""
        import xgboost as xgb

        values = self.booster_.predict(xgb.DMatrix(X, nthread=self.threads), pred_contribs=True, strict_shape=True)
        return np.moveaxis(values[:, :, :-1], 1, 2)


class LightGBM:
    """Gradient boosting grown leaf by leaf; no mode of the paper.

    Parameters
    ----------
    rounds, num_leaves, learning_rate, max_bin
        Size and number of the trees.
    patience
        Rounds without a lower validation loss after which boosting ends; None for all rounds.
    threads
        CPU threads.

    Attributes
    ----------
    importance_
        (genes,) total gain of the splits of a gene, sum 1.
    history_
        As of `XGBoost`.

    References
    ----------
    Ke G. et al. LightGBM: a highly efficient gradient boosting decision tree. NeurIPS 2017.
    """

    def __init__(
        self,
        *,
        rounds: int = 200,
        num_leaves: int = 31,
        learning_rate: float = 0.05,
        max_bin: int = 63,
        patience: int | None = None,
        threads: int = 1,
    ) -> None:
        self.rounds = rounds
        self.num_leaves = num_leaves
        self.learning_rate = learning_rate
        self.max_bin = max_bin
        self.patience = patience
        self.threads = threads

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        n_classes: int,
        *,
        weights: np.ndarray,
        seed: int,
        validation: tuple[np.ndarray, np.ndarray] | None = None,
        history: bool = False,
    ) -> "LightGBM":
        """Boost trees on (cells, genes) float32 values and class numbers."""
        import lightgbm as lgb

        train = lgb.Dataset(X, y, weight=weights[y], params={"max_bin": self.max_bin, "verbose": -1})
        held_out = lgb.Dataset(*validation, reference=train) if validation else None
        recorded: dict = {}
        callbacks = [lgb.record_evaluation(recorded)]
        if held_out is not None and self.patience is not None:
            callbacks.append(lgb.early_stopping(self.patience, first_metric_only=True, verbose=False))
        sets = [*([(train, "train")] if history else []), *([(held_out, "validation")] if held_out else [])]
        self.booster_ = lgb.train(
            {
                "objective": "multiclass",
                "num_class": n_classes,
                "metric": ["multi_logloss", "multi_error"],
                "num_leaves": self.num_leaves,
                "learning_rate": self.learning_rate,
                "max_bin": self.max_bin,
                "num_threads": self.threads,
                "seed": seed % 2**31,
                "deterministic": True,
                "force_col_wise": True,
                "verbose": -1,
            },
            train,
            self.rounds,
            valid_sets=[part for part, _ in sets],
            valid_names=[name for _, name in sets],
            callbacks=callbacks,
        )
        self.history_ = _history(recorded, "multi_logloss", "multi_error")
        gain = self.booster_.feature_importance("gain")
        self.importance_ = gain / max(gain.sum(), np.finfo(float).tiny)
        return self

    def shapley(self, X: np.ndarray, background: np.ndarray) -> np.ndarray:
        """TreeSHAP values of the log odds, (cells, genes, classes); the trees themselves hold the background."""
        values = self.booster_.predict(X, pred_contrib=True)
        return np.moveaxis(values.reshape(len(X), -1, X.shape[1] + 1)[:, :, :-1], 1, 2)


def _history(recorded: dict, loss: str, error: str) -> dict[str, dict[str, list[float]]]:
    return {
        part: {"loss": list(values[loss]), "accuracy": [1 - rate for rate in values[error]]}
        for part, values in recorded.items()
    }


def _device(wanted: str) -> str:
    import xgboost as xgb

    if wanted != "auto":
        return wanted
    if not xgb.build_info()["USE_CUDA"]:
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
