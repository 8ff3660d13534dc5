"""What marker lists are scored on: how test cells are classified by them, and the lists themselves."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from scbench.markers.judge import Judge
from scbench.markers.lists import first_genes
from scbench.markers.panels import first, membership
from scbench.markers.profiles import class_means
from scbench.metrics.classification import confusion_matrix
from scbench.metrics.panels import Panel
from scbench.runs import Result, Run


def results(run: Run, runs: list[Run], config: dict[str, Any]) -> Iterator[Result]:
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
