"""What annotators are scored on: labels, confidences, rare types, and cells of types that they never saw."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from scbench.contract import UNASSIGNED
from scbench.layout import CALIBRATION, test_dropout
from scbench.metrics.annotation import Confidences, Novelty, Rare, rejected
from scbench.metrics.classification import confusion_matrix
from scbench.runs import Result, Run


def results(run: Run, runs: list[Run], config: dict[str, Any]) -> Iterator[Result]:
    """What the metrics are computed from, by scenario.

    Parameters
    ----------
    config
        Configuration of the track or sub-track.
    """
    if "reject" in config:
        yield from _novel_results(run, config)
        return
    truth = run.data.labels[run.test]
    for scenario in ("", *map(test_dropout, config["test_dropout"])):
        predicted, confidence = _predictions(run, scenario, run.test)
        yield _result(run.scenario or scenario, run, truth, predicted, confidence, config)


def confidences(runs: Sequence[Run]) -> Confidences | None:
    """Test cells of all replicates that ended ``ok``; None if the method gives no confidences."""
    found = [(*_predictions(run, "", run.test), run.data.labels[run.test]) for run in _ok(runs)]
    if not found:
        return None
    predicted, confidence, truth = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return None if np.isnan(confidence).any() else Confidences(predicted == truth, confidence)


def novelties(runs: Sequence[Run], reject: float) -> list[Novelty]:
    """Test cells of each replicate that ended ``ok`` with one type left out; none if there are no confidences."""
    found = [_novelty(run, reject)[0] for run in _ok(runs)]
    return [one for one in found if not np.isnan(one.confidence).any()]


def _ok(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.status["status"] == "ok"]


def _novelty(run: Run, reject: float) -> tuple[Novelty, np.ndarray]:
    """Who is novel and who is called so, and the labels.

    The threshold is a quantile of the confidence in cells that were held back: the same rule for every method. Without
    confidences nothing is rejected.
    """
    truth = run.data.labels[run.test]
    predicted, confidence = _predictions(run, "", run.test)
    held_back = _predictions(run, CALIBRATION, run.calibration)[1]
    threshold = -np.inf if np.isnan(held_back).any() else float(np.quantile(held_back, reject))
    novel = ~np.isin(truth, run.data.labels[run.train])
    return Novelty(novel, predicted == truth, confidence, threshold), predicted


def _novel_results(run: Run, config: dict[str, Any]) -> Iterator[Result]:
    """Cells of known types, where those below the threshold are unassigned, and how novel ones are told from them."""
    truth = run.data.labels[run.test]
    novelty, predicted = _novelty(run, config["reject"])
    novel, kept = novelty.novel, np.where(rejected(novelty), UNASSIGNED, predicted)
    no_confidence = np.full((~novel).sum(), np.nan)  # they are judged with those of the novel cells
    yield _result("known", run, truth[~novel], kept[~novel], no_confidence, config)
    yield Result("novel", {"novelty": novelty}, None, len(run.test), len(run.test))


def _predictions(run: Run, scenario: str, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels and confidences of cells; a cell that a method left out is unassigned."""
    output = run.output[run.output["scenario"] == scenario].set_index("cell").reindex(run.data.cells[cells])
    confidence = output["confidence"].to_numpy(float)
    # A run that failed has rows in all metrics, whose values are left out later.
    confidence = confidence if run.status["status"] == "ok" else np.zeros(len(cells))
    return output["label"].fillna(UNASSIGNED).to_numpy(), confidence


def _result(
    scenario: str, run: Run, truth: np.ndarray, predicted: np.ndarray, confidence: np.ndarray, config: dict[str, Any]
) -> Result:
    classes, counts = np.unique(run.data.labels, return_counts=True)
    confusion = confusion_matrix(truth, predicted, classes)
    subjects: dict[str, Any] = {
        "confusion": confusion,
        "rare": Rare(confusion, counts <= config["rare"] * counts.sum()),
    }
    if not np.isnan(confidence).any():
        subjects["confidences"] = Confidences(predicted == truth, confidence)
    return Result(scenario, subjects, classes, len(truth), int(confusion[:, :-1].sum()))
