"""Results as the workflow leaves them, small and written by hand."""

import json

import pandas as pd

from scbench.atomic import write_json
from scbench.io import write_table


def write(root, path, table):
    """Write a table, given by its columns, below `root`."""
    path = root / path
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(pd.DataFrame(table), path)


def write_scores(root, track, dataset, metric, scenario, values):
    """Scores by method; of a metric by class, by method and class."""
    rows = [
        {"metric": metric, "scenario": scenario, "class": name, "method": method, "replicate": r, "value": value}
        for method, found in values.items()
        for name, numbers in (found.items() if isinstance(found, dict) else [("", found)])
        for r, value in enumerate(numbers)
    ]
    write(root, f"results/{track}/{dataset}/scores.tsv", rows)


def write_run(root, dataset, method, output=None, track="svg", replicate=0, **status):
    folder = root / "results" / track / dataset / method / f"r{replicate}"
    folder.mkdir(parents=True)
    write_json({"status": "ok", "dataset": dataset, "method": method} | status, folder / "status.json")
    if output is not None:
        write_table(output, folder / "output.tsv")


def write_facts(root, dataset, **facts):
    path = root / "resources" / "prepared" / f"{dataset}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"dataset": dataset, "labels": {}} | facts))


def called(n):
    """Output of a test that calls the first `n` of ten genes."""
    genes = [f"gene{i}" for i in range(10)]
    pvalues = [1e-6] * n + [1.0] * (10 - n)
    return pd.DataFrame({"gene": genes, "pvalue": pvalues, "qvalue": pvalues, "score": range(10)})
