"""Made-up scores and ranks of the marker track, for figures that nobody will read."""

import numpy as np
import pandas as pd

from scbench.stats import mean_interval

METRICS = {
    "misclassification": {"label": "Misclassification (share of cells)", "min": 0, "max": 1, "direction": "lower"},
    "macro_f1": {"label": "Macro F1", "min": 0, "max": 1, "direction": "higher"},
    "specificity": {"label": "Specificity", "min": 0, "max": 1, "direction": "higher"},
}
DATASETS = {"one": {"label": "One <b>&$"}, "two": {"label": "Two"}}


def registry(n):
    found = {f"m{i}": {"label": f"Method $_{i}", "role": "method", "track": "markers"} for i in range(n)}
    for role in ("negative_control", "reference"):
        found[role] = {"label": role.replace("_", " "), "role": role, "track": "markers"}
    return found


def tables(methods, scenarios, *, replicates=3, bad=None, short=(), datasets=DATASETS):
    """Scores and ranks; `bad` gives the number of failed replicates, `short` the panels that are not filled."""
    rng = np.random.default_rng(0)
    scores, ranks = [], []
    for dataset in datasets:
        for scenario in scenarios:
            for place, name in enumerate(methods):
                n_bad = (bad or {}).get(name, 0)
                for metric, entry in METRICS.items():
                    values = 0.2 + 0.02 * place + 0.01 * rng.random(replicates)
                    covered = 9 if (name, scenario) in short else 10
                    failed = np.arange(replicates) < n_bad
                    for r, value in enumerate(values):
                        status, value = ("oom", np.nan) if failed[r] else ("ok", value)
                        run = ("markers", dataset, scenario, "", r, name, metric, value, 10)
                        scores.append((*run, 0 if failed[r] else covered, status))
                    worst = entry["min"] if entry["direction"] == "higher" else entry["max"]
                    interval = mean_interval(np.where(failed, worst, values), 0.25, 0.95)
                    rank = place if methods[name]["role"] == "method" else np.nan
                    ranks.append(("markers", dataset, scenario, metric, name, replicates, n_bad, *interval, rank))
    keys = ["track", "dataset", "scenario"]
    columns = ["class", "replicate", "method", "metric", "value", "n_expected", "n_covered", "status"]
    summary = ["metric", "method", "n_replicates", "n_failed", "mean", "low", "high", "rank"]
    return pd.DataFrame(scores, columns=keys + columns), pd.DataFrame(ranks, columns=keys + summary)


def given_registries(methods, **kwargs):
    return {"methods": methods, "metrics": METRICS, "datasets": DATASETS, "track": "markers"} | kwargs
