"""What a method is: one base class per track, and the checks on what it returns.

Manners are scikit-learn's: ``__init__`` only stores its parameters, ``fit`` learns and returns the method itself,
learned attributes end in ``_``. Packages that not every method needs are imported inside the method. Every random
choice comes from the ``seed`` that ``fit`` is given. Positive controls, and only they, are also given the ``truth``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.errors import InvalidOutputError, UserError
from scbench.layout import OUTPUT_COLUMNS

UNASSIGNED = "unassigned"


class Method(ABC):  # noqa: B024 (its children have the abstract methods)
    """What all methods share.

    Attributes
    ----------
    extras_
        Further arrays of numbers or text, by name, that are kept beside the method's output: for figures, say.
    checkpoint
        Folder in which a method whose registry entry says ``checkpoints`` keeps the state of its training, to go on
        from there when it was killed; None where it must not.
    """

    extras_: Mapping[str, np.ndarray] = MappingProxyType({})
    checkpoint: Path | None = None

    def warm_up(self) -> None:  # noqa: B027 (most methods have nothing to warm up)
        """Import packages and compile code, before the clock starts."""


class MarkerSelector(Method):
    """Ranks genes for each class of cells.

    A method whose registry entry says ``uses_samples`` is also given ``samples``: the sample of each cell, or None
    where the dataset has no column ``sample``.

    Attributes
    ----------
    ranking_
        Table with columns ``class``, ``gene``, ``rank`` (1 is best) and ``score`` (higher is better). A class may
        have fewer genes than there are; what is missing counts against the method. A method that makes one list for
        all classes together gives "" as the class of every row.
    """

    ranking_: pd.DataFrame

    @abstractmethod
    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "MarkerSelector":
        """Rank genes from (cells, genes) values of the training cells and their labels."""


class SpatialTest(Method):
    """Tests each gene for a spatial pattern.

    A method whose registry entry says ``uses_samples`` is also given ``samples``: the sample of each spot, or None
    where the dataset has no column ``sample``. Spots of different samples are no neighbours, wherever they lie. One
    that says ``uses_labels`` is given ``labels``: the annotated domain of each spot.

    Attributes
    ----------
    table_
        One row per gene, in the order of the columns of X: ``statistic``, ``pvalue`` (NaN where the method gives
        none) and ``score`` (higher means more spatial; the ranking). Optionally ``qvalue``: the p-values adjusted as
        the authors' software does it; where it is absent, by Benjamini and Hochberg. Optionally ``called``: whether
        the authors would call the gene, where they go by something else than adjusted p-values at the level of the
        track.
    """

    table_: pd.DataFrame

    @abstractmethod
    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "SpatialTest":
        """Test the genes of a (spots, genes) matrix measured at (spots, 2 or 3) coordinates."""


class Prediction(NamedTuple):
    """Labels of cells (``"unassigned"`` is allowed) and the confidence in them (NaN where there is none)."""

    labels: np.ndarray
    confidence: np.ndarray


class CellAnnotator(Method):
    """Learns cell types from labelled cells and gives them to others."""

    @abstractmethod
    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "CellAnnotator":
        """Learn from (cells, genes) values; transductive methods are also given the cells to predict."""

    @abstractmethod
    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict the labels of other cells with the same genes."""


def check_ranking(
    table: object, genes: np.ndarray, classes: np.ndarray, *, strict: bool = True, within: str = ""
) -> pd.DataFrame:
    """Check a `MarkerSelector`'s ranking and sort it by class and rank.

    Parameters
    ----------
    strict
        Whether ranks must be 1, 2, 3, ... within a class. Only the all-genes reference may rank its genes equal:
        otherwise a method could escape the limit of k genes per class.
    within
        Broad type whose sub-types the ranking is about (see `scbench.markers.nested`), put in front as a column.

    Raises
    ------
    InvalidOutputError
        Naming the first fault.
    """
    columns = OUTPUT_COLUMNS["markers"]
    table = _table(table, columns[1:])
    _known("gene", table["gene"], genes)
    one_list = len(table) > 0 and (table["class"] == "").all()
    _known("class", table["class"], [""] if one_list else classes)
    _finite(table, "rank", "score")
    table = table.sort_values(["class", "rank"], kind="stable", ignore_index=True)
    twice = table.duplicated(["class", "gene"])
    if twice.any():
        row = table[twice].iloc[0]
        raise InvalidOutputError(f"gene {row['gene']!r} is ranked twice for class {row['class']!r}")
    counted = table.groupby("class", observed=True).cumcount() + 1
    if strict and not np.array_equal(counted, table["rank"]):
        row = table[counted != table["rank"]].iloc[0]
        raise InvalidOutputError(f"ranks of class {row['class']!r} must be 1, 2, 3, ... Got {row['rank']} out of turn")
    return table.astype({"rank": int}).assign(within=within)[columns]


def check_tests(table: object, genes: np.ndarray, *, pvalues: bool = True) -> pd.DataFrame:
    """Check a `SpatialTest`'s table and put the gene names in front.

    Raises
    ------
    InvalidOutputError
        If rows are missing, a score is not finite, a p-value or an adjusted one is outside [0, 1], calls are no
        booleans, or there is no p-value at all although the registry says that the method gives some (or the other way
        round).
    """
    table = _table(table, ["statistic", "pvalue", "score"])
    for name in {"qvalue", "called"} - set(table):
        table[name] = np.nan
    if len(table) != len(genes):
        raise InvalidOutputError(f"there must be one row per gene ({len(genes)}). Got {len(table)}")
    if "gene" in table and not np.array_equal(table["gene"], genes):
        raise InvalidOutputError("the genes are not those of the data, in their order")
    _finite(table, "score")
    for name, what in (("pvalue", "p-values"), ("qvalue", "adjusted p-values")):
        p = table[name].to_numpy(float)
        if ((p < 0) | (p > 1)).any():
            raise InvalidOutputError(f"{what} must be in [0, 1]. Got {p[(p < 0) | (p > 1)][0]}")
    if table["called"].notna().any() and table["called"].dtype != bool:
        raise InvalidOutputError(f"'called' must be true or false for every gene. Got {table['called'].dtype} values")
    p = table["pvalue"].to_numpy(float)
    if pvalues and np.isnan(p).all():
        raise InvalidOutputError("all p-values are NaN")
    if not pvalues and not np.isnan(p).all():
        raise InvalidOutputError("the registry says that the method gives no p-values (pvalues: false), but it did")
    return table.assign(gene=genes)[OUTPUT_COLUMNS["svg"]]


def check_values(X: sp.spmatrix) -> None:
    """Check that the values given to a method are numbers, for methods whose library does not.

    Raises
    ------
    UserError
        Naming the first that is not.
    """
    wrong = ~np.isfinite(X.data)
    if wrong.any():
        raise UserError(f"values must be finite. Got {X.data[wrong][0]} ({wrong.sum()} in all)")


def check_prediction(prediction: object, n_cells: int, classes: np.ndarray) -> Prediction:
    """Check a `CellAnnotator`'s prediction.

    Raises
    ------
    InvalidOutputError
        If a cell has no label, a label was not in the training data, or a confidence is outside [0, 1] or is missing
        (NaN) in some cells and not in others: whoever leaves out the hard ones would be scored on the rest.
    """
    if not (isinstance(prediction, tuple) and len(prediction) == 2):
        raise InvalidOutputError(f"predict must return Prediction(labels, confidence). Got {type(prediction).__name__}")
    labels = np.asarray(prediction[0], dtype=object)
    confidence = np.asarray(prediction[1], dtype=float)
    for name, values in (("labels", labels), ("confidence", confidence)):
        if values.shape != (n_cells,):
            raise InvalidOutputError(f"{name} must have one value per cell ({n_cells},). Got {values.shape}")
    _known("label", pd.Series(labels), np.append(classes, UNASSIGNED))
    if ((confidence < 0) | (confidence > 1)).any():
        raise InvalidOutputError(
            f"confidences must be in [0, 1]. Got {confidence[(confidence < 0) | (confidence > 1)][0]}"
        )
    missing = int(np.isnan(confidence).sum())
    if 0 < missing < n_cells:
        raise InvalidOutputError(f"all cells or none must have a confidence. Got {missing} of {n_cells} without one")
    return Prediction(labels, confidence)


def check_extras(extras: object) -> Mapping[str, np.ndarray]:
    """Check the further arrays of a method: named, and of numbers or text, which can be stored without pickle.

    Raises
    ------
    InvalidOutputError
        Naming the first that is not.
    """
    if not isinstance(extras, Mapping):
        raise InvalidOutputError(f"extras_ must map names to arrays. Got {type(extras).__name__}")
    for name, values in extras.items():
        kind = getattr(getattr(values, "dtype", None), "kind", "")
        if kind not in tuple("biufU"):
            raise InvalidOutputError(
                f"extras_[{name!r}] must be an array of numbers or text. Got {kind or type(values)}"
            )
    return extras


def prediction_table(scenarios: np.ndarray, cells: np.ndarray, prediction: Prediction) -> pd.DataFrame:
    """Join a prediction to the names of its cells and the scenario that each was asked about in."""
    values = (scenarios, cells, prediction.labels, prediction.confidence)
    return pd.DataFrame(dict(zip(OUTPUT_COLUMNS["annotation"], values, strict=True)))


def _table(table: object, columns: list[str]) -> pd.DataFrame:
    if not isinstance(table, pd.DataFrame):
        raise InvalidOutputError(f"the result must be a DataFrame. Got {type(table).__name__}")
    missing = [name for name in columns if name not in table]
    if missing:
        raise InvalidOutputError(f"the result lacks the column {missing[0]!r}")
    return table.reset_index(drop=True)


def _known(what: str, values: pd.Series, known: Sequence[str] | np.ndarray) -> None:
    wrong = values[~values.isin(known)]
    if len(wrong):
        raise InvalidOutputError(f"unknown {what} {wrong.iloc[0]!r} ({len(wrong)} row(s))")


def _finite(table: pd.DataFrame, *columns: str) -> None:
    for name in columns:
        bad = ~np.isfinite(pd.to_numeric(table[name], errors="coerce").to_numpy(float))
        if bad.any():
            raise InvalidOutputError(f"{name!r} must be finite. Got {table[name][bad].iloc[0]} in {bad.sum()} row(s)")
