"""What the variants of SMaSH do at each stage."""

from dataclasses import dataclass, fields, replace
from typing import Any

from scbench.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Settings:
    """Choices of one variant.

    Attributes
    ----------
    general
        How general genes are found: ``"prefixes"`` (released) or ``"symbols"`` (families by whole symbols).
    low_cells, low_classes
        A gene stays if more than `low_classes` of the classes express it in at least `low_cells` of their cells.
    high_cells, high_classes
        A gene goes if at least `high_classes` of the classes express it in at least `high_cells` of their cells; with
        `high_cells` None no gene does.
    variance, top_loadings
        Of the inverse PCA.
    scale
        Whether the classifier sees z-scores cut off at 10, not log1p values.
    balance
        Whether classes count the same in training.
    held_out
        Share of the training cells that the classifier does not see, for early stopping and to be explained.
    score
        What a gene is worth to a class: ``"importance"`` (mean in the class x importance), ``"shapley"`` (mean absolute
        Shapley value over all explained cells) or ``"signed"`` (mean Shapley value over the explained cells of the
        class).
    background, explained
        Shares of the inner training and validation cells that Shapley values compare with and explain.
    most_background, most_explained
        Greatest numbers of those cells, so that the cost does not grow with the square of the cells.
    most_cells
        Greatest number of cells that a classifier is trained on; a stratified sample of more.
    eliminate
        Number of genes at which recursive elimination ends: after each training the worse half of the genes is left
        out. 0 not to eliminate.
    pooled
        Genes per class that are pooled and ranked again by a rank-sum test; 0 not to.
    harmony, heterogeneity
        Whether samples, where they are known, are corrected for by Harmony, and markers must be in most of them.
    """

    general: str = "symbols"
    low_cells: float = 0.0
    low_classes: float = 0.3
    high_cells: float | None = 0.75
    high_classes: float = 0.5
    variance: float = 0.8
    top_loadings: int = 20
    scale: bool = True
    balance: bool = True
    held_out: float = 0.2
    score: str = "importance"
    background: float = 0.05
    explained: float = 0.05
    most_background: int = 512
    most_explained: int = 1024
    most_cells: int = 20_000
    eliminate: int = 0
    pooled: int = 0
    harmony: bool = False
    heterogeneity: bool = False


MODELS = ("dnn", "xgb", "rf", "brf", "lgbm")
_CHOICES = {
    "general": ("prefixes", "symbols"),
    "score": ("importance", "shapley", "signed"),
}

# The released code hands its classifiers log1p values where it means z-scores: a filter that assigns to a view of the
# AnnData writes through to the layer that holds them.
_RELEASED = Settings(general="prefixes", low_cells=0.3, low_classes=0.0, high_cells=0.9, scale=False, pooled=30)
_PAPER = Settings(harmony=True, heterogeneity=True)
# Ours, chosen by cross-validation inside training cells: a gene that most cells express to different degrees is kept,
# and genes that repeat others are left out round by round.
_OWN = Settings(low_cells=0.1, low_classes=0.0, high_cells=None)


def settings(faithful: str | None, model: str, overrides: dict[str, Any]) -> Settings:
    """Settings of a variant for a model.

    Raises
    ------
    UserError
        If there is no such model or variant, or an override names no setting or a value that is not allowed.
    """
    if model not in MODELS:
        raise UserError(f"SMaSH's parameter 'model' must be one of {MODELS}. Got {model!r} instead.")
    variants = {"released": _RELEASED, "paper": _PAPER, None: _OWN}
    if faithful not in variants:
        raise UserError(
            f"The 'faithful' parameter of SMaSH must be 'released', 'paper' or None. Got {faithful!r} instead."
        )
    known = [field.name for field in fields(Settings)]
    for name, value in overrides.items():
        if name not in known:
            raise UserError(f"SMaSH has no setting {name!r}. {did_you_mean(name, known)}")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise UserError(f"The setting {name!r} of SMaSH must be one of {_CHOICES[name]}. Got {value!r} instead.")
    found = variants[faithful]
    if model == "dnn":
        # Training again and again would cost the network too much; signed values want a marker to be there.
        own = {"score": "signed", "background": 0.2, "explained": 1.0}
        found = replace(found, **({"score": "shapley"} if faithful else own))
    elif faithful is None:
        found = replace(found, eliminate=8, held_out=0.0 if model in ("rf", "brf") else 0.2)
    elif model == "xgb":
        found = replace(found, balance=False)  # neither the code nor the paper weights the classes here
    return replace(found, **overrides)
