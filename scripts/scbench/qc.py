"""Quality checks on the finished tables: what a reader must know before trusting them."""

import pandas as pd

from scbench.errors import UserError

NOTE = (
    "An error shuts the gate: a run ended badly and the configuration does not expect it. A warning wants a look. "
    "A note says what the tables leave out. "
    "Without rows there is nothing to report."
)
COLUMNS = ["severity", "check", "track", "dataset", "method", "message"]


def check(
    status: pd.DataFrame, scores: pd.DataFrame, methods: dict[str, dict], metrics: dict[str, dict]
) -> pd.DataFrame:
    """List what is wrong (``error``) or odd (``warning``).

    Parameters
    ----------
    status, scores
        Tables of all tracks.
    methods, metrics
        Their registries.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; empty if all is well.
    """
    rows = [*_bad_runs(status), *_outside_controls(scores, methods), *_no_scale(scores, metrics)]
    return pd.DataFrame(rows, columns=COLUMNS)


def gate(checks: pd.DataFrame) -> None:
    """Fail on errors.

    Raises
    ------
    UserError
        One line per error.
    """
    errors = checks[checks["severity"] == "error"]
    if len(errors):
        lines = [f"{row.track}/{row.dataset}/{row.method}: {row.message}" for row in errors.itertuples()]
        how = "Run again to retry exactly these, or list them under `expected` with a reason"
        raise UserError("\n".join([f"{len(errors)} check(s) failed. {how}:", *lines]))


def _bad_runs(status: pd.DataFrame) -> list[tuple]:
    """Runs that did not end ``ok``: errors, unless they were skipped or expected."""
    rows = []
    bad = status[status["status"] != "ok"]
    for key, runs in bad.groupby(["track", "dataset", "method", "status", "expected"], sort=False):
        track, dataset, method, state, expected = key
        severity = "note" if expected else "warning" if state == "skipped" else "error"
        replicates = ", ".join(f"r{r}" for r in runs["replicate"])
        rows.append((severity, "run", track, dataset, method, f"{state} in {replicates}: {runs['reason'].iloc[0]}"))
    return rows


def _outside_controls(scores: pd.DataFrame, methods: dict[str, dict]) -> list[tuple]:
    """Methods whose mean lies beyond the controls by more than a tenth of the scale."""
    real = scores[(scores["class"] == "") & scores["method"].map(lambda name: methods[name]["role"] == "method")]
    means = real.groupby(["track", "dataset", "method", "scenario", "metric"], sort=False)["scaled"].mean()
    odd = means[(means < -0.1) | (means > 1.1)]
    return [
        (
            "warning",
            "controls",
            track,
            dataset,
            method,
            f"{metric} {scenario}: scaled score {value:.2f} is beyond the controls",
        )
        for (track, dataset, method, scenario, metric), value in odd.items()
    ]


def _no_scale(scores: pd.DataFrame, metrics: dict[str, dict]) -> list[tuple]:
    """Metrics whose controls do not differ, so that there is nothing to scale by."""
    scalable = scores["metric"].map(lambda name: metrics[name]["scale"]).astype(bool)
    overall = scores[(scores["class"] == "") & scores["value"].notna() & scalable]
    empty = overall.groupby(["track", "dataset", "scenario", "metric"], sort=False)["scaled"].agg(
        lambda v: v.isna().all()
    )
    return [
        ("note", "scale", track, dataset, "", f"{metric} {scenario}: the controls do not differ; no scaled scores")
        for track, dataset, scenario, metric in empty[empty].index
    ]
