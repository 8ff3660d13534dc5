"""Score the runs of one method on one dataset.

What a method left out counts against it: a gene without a p-value is not called, a class without markers brings none
to the panel, an unassigned cell is a wrong one. A run that did not end ``ok`` keeps its rows, without values.
"""

import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from scbench.io import Prepared, read_json, read_prepared, read_table
from scbench.layout import SCHEMA_VERSION, SCORE_COLUMNS
from scbench.markers.judge import Judge
from scbench.markers.lists import first_genes
from scbench.markers.panels import first, membership
from scbench.markers.profiles import class_means
from scbench.metrics.calls import Calls
from scbench.metrics.classification import confusion_matrix
from scbench.metrics.panels import Panel


@dataclass(frozen=True)
class Run:
    """One replicate: its status row, its output and what it is scored against."""

    status: dict[str, Any]
    output: pd.DataFrame
    data: Prepared
    data_sha: str
    train: np.ndarray | None = None
    test: np.ndarray | None = None


@dataclass(frozen=True)
class Result:
    """What the metrics are computed from, in one scenario.

    Attributes
    ----------
    subjects
        By kind (``of`` in the metric registry): the ``confusion`` matrix, the `Calls` of genes, the `Panel` of markers.
    classes
        Names of the rows of a confusion matrix, else None.
    n_expected, n_covered
        What the method should have answered for, and what it did answer for.
    """

    scenario: str
    subjects: dict[str, Any]
    classes: np.ndarray | None
    n_expected: int
    n_covered: int


def read_runs(
    statuses: Sequence[str], outputs: Sequence[str], data: Sequence[str], facts: Sequence[str], splits: Sequence[str]
) -> list[Run]:
    """Read the replicates of one method on one dataset from their files.

    Parameters
    ----------
    statuses, outputs, data, facts
        One path per replicate; the same path stands for the same dataset, which is read once.
    splits
        One path per replicate, or none.
    """
    read = cache(read_prepared)
    runs = []
    for i, status in enumerate(statuses):
        split = dict(np.load(splits[i])) if splits else {}
        sha = read_json(facts[i])["sha256"]
        runs.append(Run(read_json(status), read_table(outputs[i]), read(data[i]), sha, **split))
    return runs


def score(
    runs: list[Run], metrics: dict[str, dict], config: dict[str, Any], method: dict[str, Any], git: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score all replicates of one method on one dataset.

    Parameters
    ----------
    metrics
        Registry entries of the track's metrics.
    config
        The track's part of the configuration.
    method
        The method's registry entry.

    Returns
    -------
    scores
        One value per row (`scbench.layout.SCORE_COLUMNS`; ``scaled`` is filled in when the controls are known).
    confusion
        ``method, scenario, replicate, true, predicted, n``; empty for svg.
    """
    rows: list[dict] = []
    confusions: list[pd.DataFrame] = []
    for run in runs:
        shared = _shared(run, config, git)
        for result in _results(run, runs, config):
            context = shared | {
                "scenario": result.scenario,
                "n_expected": result.n_expected,
                "n_covered": result.n_covered,
            }
            rows += [context | row for row in _values(result, run, metrics, method)]
            if result.classes is not None and run.status["status"] == "ok":
                confusions.append(_long(result, run.status))
    columns = ["method", "scenario", "replicate", "true", "predicted", "n"]
    confusion = pd.concat(confusions, ignore_index=True) if confusions else pd.DataFrame(columns=columns)
    return pd.DataFrame(rows, columns=SCORE_COLUMNS), confusion[columns]


def _shared(run: Run, config: dict, git: str) -> dict[str, Any]:
    status = run.status
    replicate = status["replicate"]
    versions = json.dumps(status["versions"], sort_keys=True).encode()
    return {
        "schema_version": SCHEMA_VERSION,
        **{key: status[key] for key in ("track", "dataset", "method", "replicate", "seed", "status", "code_sha")},
        "split": _split_name(status["track"], replicate, config),
        "params": json.dumps(status["params"], sort_keys=True),
        "env_sha": sha256(versions).hexdigest()[:12] if status["versions"] else "",
        "data_sha": run.data_sha[:12],
        "git": git,
    }


def _split_name(track: str, replicate: int, config: dict) -> str:
    match track:
        case "markers":
            return f"holdout-{config['test_fraction']:g}/{replicate}"
        case "annotation":
            repeat, fold = divmod(replicate, config["folds"])
            return f"{config['folds']}fold-{repeat}/{fold}"
    return f"data/{replicate}"


def _values(result: Result, run: Run, metrics: dict[str, dict], method: dict) -> Iterator[dict]:
    """Rows of one scenario; a metric that does not apply to it or the method, or is not defined here, has no row."""
    ok = run.status["status"] == "ok"
    for name, metric in metrics.items():
        if metric["of"] not in result.subjects or (metric.get("needs") == "pvalues" and not method["pvalues"]):
            continue
        subject = result.subjects[metric["of"]]
        value = _function(metric["entry"])(subject)
        if metric["per_class"]:
            present = subject.sum(axis=1) > 0
            values = dict(zip(result.classes[present], value[present], strict=True))
        else:
            values = {"": value}
        for class_name, number in values.items():
            if np.isnan(number):
                continue
            if not metric["min"] <= number <= metric["max"]:
                raise ValueError(f"metric {name!r} is {number}, outside [{metric['min']}, {metric['max']}]")
            yield {"metric": name, "class": class_name, "value": number if ok else np.nan, "scaled": np.nan}


def _function(entry: str) -> Callable:
    module, _, name = entry.partition(":")
    return getattr(importlib.import_module(module), name)


def _results(run: Run, runs: list[Run], config: dict) -> Iterator[Result]:
    match run.status["track"]:
        case "markers":
            return _marker_results(run, runs, config)
        case "svg":
            return _spatial_results(run, config)
        case _:
            return _annotation_results(run)


def _marker_results(run: Run, runs: list[Run], config: dict) -> Iterator[Result]:
    """Judge panels of the top k markers of each class, and panels of n markers, by how test cells are classified.

    The first classifier judges all panels, the others those of the top k. The marker lists themselves are judged where
    there is one label level only: within a broad type, it would be another thing to be specific.
    """
    judge = Judge(run.data, run.train, run.test)
    truth, classes = run.data.labels[run.test], np.unique(run.data.labels[run.train])
    output = run.output
    rankings = [(step, output[output["within"] == step.within].drop(columns="within")) for step in judge.questions]
    main = config["classifiers"][0]
    for k in config["top_k"]:
        chosen = {step.within: first_genes(ranking, k, len(step.classes))["gene"] for step, ranking in rankings}
        expected = sum(k * len(step.classes) for step, _ in rankings)
        covered = min(sum(map(len, chosen.values())), expected)
        for name, predicted in judge.predict(chosen, config["classifiers"]).items():
            subjects = {"confusion": confusion_matrix(truth, predicted, classes)}
            if name == main and "broad" not in run.data.obs:
                subjects["panel"] = _panel(run, runs, k, classes)
            yield Result(f"top{k}" if name == main else f"top{k}-{name}", subjects, classes, expected, covered)
    for n in config["panel_sizes"]:
        chosen = {step.within: first(ranking, n, step.classes) for step, ranking in rankings}
        predicted = judge.predict(chosen, [main])[main]
        covered = sum(min(len(genes), n) for genes in chosen.values())
        subjects = {"confusion": confusion_matrix(truth, predicted, classes)}
        yield Result(f"genes{n}", subjects, classes, n * len(chosen), covered)


def _panel(run: Run, runs: list[Run], k: int, classes: np.ndarray) -> Panel:
    """The top markers of a replicate, beside those of the others on the same data."""
    data = run.data
    lists, *others = [
        membership(first_genes(each.output, k, len(classes)), classes, data.genes)
        for each in (run, *(other for other in runs if other is not run and other.data_sha == run.data_sha))
    ]
    size = k if len(lists) == len(classes) else k * len(classes)
    return Panel(lists, size, class_means(data.X[run.test], data.labels[run.test], classes), others)


def _spatial_results(run: Run, config: dict) -> Iterator[Result]:
    """Call genes at a false discovery rate: all methods by Benjamini and Hochberg, and each as its authors do.

    Where the truth is unknown there is nothing to score.
    """
    data = run.data
    if data.truth is None:
        return
    output = run.output.set_index("gene").reindex(data.genes)
    ranking = output["score"].to_numpy(float)
    covered = int((~np.isnan(ranking)).sum())
    for scenario, adjusted in adjustments(output).items():
        calls = Calls(data.truth, adjusted <= config["fdr"], np.nan_to_num(ranking, nan=-np.inf))
        yield Result(scenario, {"calls": calls}, None, len(data.genes), covered)


def adjustments(output: pd.DataFrame) -> dict[str, np.ndarray]:
    """Adjusted p-values of a spatial test's genes, on the one yardstick and as the method's authors adjust them.

    Returns
    -------
    dict
        ``bh``: Benjamini and Hochberg on the method's p-values; ``authors``: what the method gives itself, else the
        same. A gene without a p-value has 1.
    """
    values = {name: np.nan_to_num(output[name].to_numpy(float), nan=1.0) for name in ("pvalue", "qvalue")}
    bh = false_discovery_control(values["pvalue"])
    return {"bh": bh, "authors": bh if output["qvalue"].isna().all() else values["qvalue"]}


def _annotation_results(run: Run) -> Iterator[Result]:
    labels = run.data.labels
    classes = np.unique(labels)
    predicted = run.output.set_index("cell")["label"].reindex(run.data.cells[run.test]).fillna("unassigned").to_numpy()
    matrix = confusion_matrix(labels[run.test], predicted, classes)
    yield Result("", {"confusion": matrix}, classes, len(run.test), int(matrix[:, :-1].sum()))


def _long(result: Result, status: dict) -> pd.DataFrame:
    matrix = result.subjects["confusion"]
    true, predicted = np.nonzero(matrix)
    names = np.append(result.classes, "unassigned")
    return pd.DataFrame(
        {
            "method": status["method"],
            "scenario": result.scenario,
            "replicate": status["replicate"],
            "true": names[true],
            "predicted": names[predicted],
            "n": matrix[true, predicted],
        }
    )
