"""What the variants of scRobust do in each stage."""

from dataclasses import dataclass, fields, replace
from typing import Any

from scbench.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Settings:
    """Choices of one variant.

    The defaults are those of our variant. Some were chosen on training cells alone
    (`scbench.annotation.scrobust.compare`: a quarter of those of the first fold held out, one seed, short trainings).
    Macro F1 on Zeisel (10 epochs of either training) and on the 700 cells of PBMC 68k (30), where a linear SVM has .946
    and .690:

    - ``values``: ``after_norm`` .822 and .610, ``embedding`` .576 and .298 (all genes in fine-tuning).
    - ``finetune_view``: 200 genes .792 and .570, 800 .862 and .610, all .822 and .610; all cost twice as much as 800.
    - ``finetune_lr``: 1e-3 .862, 3e-3 .677 on Zeisel; 1e-3 .610, 3e-4 .608 on PBMC.
    - On PBMC, ``dropout`` .3 instead of .1 .618, ``balance`` 1 instead of .5 .611, no pre-training .558, 100 epochs of
      it .568, ``label_smoothing`` .1 .483, the epoch of the lowest ``loss`` .550. With 141 held-out cells small
      differences mean nothing; where there was no large one, the first choice stayed.

    Attributes
    ----------
    layers, heads, width, dropout
        Of the encoder.
    values, mask_pads
        How values reach attention, and whether padding is left out of it; see
        `scbench.annotation.scrobust.encoder.Encoder`.
    replacement
        Whether the genes of a view are drawn with replacement, the summary token among them.
    genes_per_view
        None: `VIEW_SHARE` of the mean number of non-zero genes, at least `FEWEST` and at most `MOST`.
    temperature
        Of the contrastive loss.
    fixed_views
        Whether the held-out cells of pre-training show the same views in each epoch, not new ones.
    pretrain_epochs, pretrain_batch, pretrain_lr, pretrain_patience
        Of pre-training. After `pretrain_patience` epochs without a lower contrastive loss it ends; None: never.
    selection, n_genes
        Input of fine-tuning and prediction: the first `n_genes` non-zero genes of a cell in an order of all genes
        (`scbench.annotation.scrobust.order.gene_order`); None: as many as the training cell with the most has.
    duplicate_summary
        Whether a cell with fewer genes has the summary token a second time.
    finetune_view
        Genes of a cell, drawn at random from its input, in a step of fine-tuning; None: all of them.
    finetune_epochs, scratch_epochs, finetune_batch, finetune_lr, finetune_patience
        Of fine-tuning, and its epochs without pre-training before it.
    balance
        Cells count in the loss of fine-tuning as (cells of their type) ** -`balance`: 0 equally, 1 types equally.
    label_smoothing
        Share of a label that is spread over all types.
    choose
        Which epoch of fine-tuning is kept: that with the highest ``macro_f1`` or the lowest ``loss`` on the held-out
        training cells, or the ``last``.
    weight_decay
        Of AdamW, in both trainings; with 0 it is Adam.
    decay
        Whether the learning rate rises in the first twentieth of the steps and falls by a cosine to zero after.
    precision
        ``bfloat16``: products of matrices in that type, where the device is able to; weights stay float32.
    record
        Whether steps on a GPU are recorded once and replayed (`scbench.annotation.scrobust.steps.RecordedStep`). A GPU
        otherwise waits for Python most of the time.
    """

    layers: int = 1
    heads: int = 8
    width: int = 512
    dropout: float = 0.1
    values: str = "after_norm"
    mask_pads: bool = True
    replacement: bool = False
    genes_per_view: int | None = None
    temperature: float = 0.07
    fixed_views: bool = True
    pretrain_epochs: int = 100
    pretrain_batch: int = 128
    pretrain_lr: float = 1e-3
    pretrain_patience: int | None = None
    selection: str = "unique"
    n_genes: int | None = None
    duplicate_summary: bool = False
    finetune_view: int | None = 800
    finetune_epochs: int = 30
    scratch_epochs: int = 30
    finetune_batch: int = 64
    finetune_lr: float = 1e-3
    finetune_patience: int | None = None
    balance: float = 0.5
    label_smoothing: float = 0.0
    choose: str = "macro_f1"
    weight_decay: float = 0.01
    decay: bool = True
    precision: str = "float32"
    record: bool = False


# Random views of a cell in a step of pre-training, and how many genes they have if that is not set.
VIEWS = 2
VIEW_SHARE, FEWEST, MOST = 0.1, 50, 200

_CHOICES = {
    "values": ("faithful", "after_norm", "embedding"),
    "selection": ("unique", "random", "hvg"),
    "choose": ("macro_f1", "loss", "last"),
    "precision": ("float32", "bfloat16"),
}
# Whole numbers are at least 1 unless they are here; so are the greatest and least values of the others.
_RANGES = {
    "dropout": (0, 0.99),
    "temperature": (1e-4, 100),
    "pretrain_lr": (1e-8, 1),
    "finetune_lr": (1e-8, 1),
    "balance": (0, 1),
    "label_smoothing": (0, 0.99),
    "weight_decay": (0, 10),
}

# The released code and its scripts. Published encoders were trained for 1,000 to 5,000 epochs in batches of 64 to 256;
# a hundred is what a benchmark on CPU can wait for.
_FAITHFUL = Settings(
    values="faithful",
    mask_pads=False,
    replacement=True,
    fixed_views=False,
    pretrain_lr=5e-5,
    n_genes=800,
    duplicate_summary=True,
    finetune_view=None,
    finetune_epochs=10,
    finetune_batch=32,
    finetune_lr=5e-5,
    balance=0.0,
    weight_decay=0.0,
    decay=False,
)


def settings(variant: str | None, overrides: dict[str, Any]) -> Settings:
    """Settings of a variant.

    Parameters
    ----------
    variant
        ``"faithful"``: the released code. None: our variant.
    overrides
        Settings that differ from the variant's.

    Raises
    ------
    UserError
        If there is no such variant, or an override names no setting or a value that is not allowed.
    """
    variants = {"faithful": _FAITHFUL, None: Settings()}
    if variant not in variants:
        raise UserError(f"scRobust's parameter 'variant' must be 'faithful' or None. Got {variant!r} instead.")
    known = {field.name: field.type for field in fields(Settings)}
    for name, value in overrides.items():
        if name not in known:
            raise UserError(f"scRobust has no setting {name!r}. {did_you_mean(name, known)}")
        _check(name, known[name], value)
    found = replace(variants[variant], **overrides)
    if found.width % found.heads:
        raise UserError(f"scRobust's setting 'width' must be a multiple of 'heads' ({found.heads}). Got {found.width}.")
    return found


def _check(name: str, kind: Any, value: Any) -> None:
    """Stop if a setting must not have a value."""
    allowed = _allowed(name, kind)
    if name in _CHOICES:
        right = value in _CHOICES[name]
    elif kind is bool:
        right = isinstance(value, bool)
    elif value is None:
        right = kind == int | None
    else:
        whole = kind is not float
        right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        low, high = _RANGES.get(name, (1, float("inf")))
        right = right and low <= value <= high
    if not right:
        raise UserError(f"scRobust's setting {name!r} must be {allowed}. Got {value!r} instead.")


def _allowed(name: str, kind: Any) -> str:
    if name in _CHOICES:
        return f"one of {', '.join(_CHOICES[name])}"
    if kind is bool:
        return "true or false"
    if kind is float:
        return "a number from {} to {}".format(*_RANGES[name])
    return "a whole number from 1" + (" or null" if kind == int | None else "")
