"""Results of runs, as claims are measured from them."""

import json

import pandas as pd

from scbench.atomic import write_json
from scbench.io import write_table


def write_scores(root, track, dataset, metric, scenario, values):
    rows = [
        {"metric": metric, "scenario": scenario, "class": "", "method": method, "replicate": r, "value": value}
        for method, found in values.items()
        for r, value in enumerate(found)
    ]
    path = root / "results" / track / dataset / "scores.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(pd.DataFrame(rows), path)


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
