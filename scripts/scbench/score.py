"""Score the runs of one method on one dataset.

What a method left out counts against it: a gene without a p-value is not called, a class without markers brings none
to the panel, an unassigned cell is a wrong one. A run that did not end ``ok`` keeps its rows, without values.
"""

import importlib
import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from scbench.layout import SCHEMA_VERSION, SCORE_COLUMNS
from scbench.runs import Result, Run
from scbench.subtracks import base


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
    # Not at the top: what one track is scored with, another need not import.
    results = importlib.import_module(f"scbench.scoring.{base(runs[0].status['track'])}").results
    rows: list[dict] = []
    confusions: list[pd.DataFrame] = []
    for run in runs:
        shared = _shared(run, config, git)
        for result in results(run, runs, config):
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
        case "svg":
            return f"data/{replicate}"
    return f"{track.partition('-')[2]}/{replicate}"


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
