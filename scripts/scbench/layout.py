"""Tables that runs and scores leave behind: their columns, and how to read a status. Standard library only."""

from typing import Any

SCHEMA_VERSION = 1

TRACKS = ("markers", "svg", "annotation")

# Copy of a run's status that Snakemake does not know of, and so does not delete before another attempt.
LAST_STATUS = ".last-status.json"

# Folder beside it in which a method keeps the state of its training, until a run ends `ok`.
CHECKPOINT = ".checkpoint"

# A run's output.tsv; a run that did not end `ok` has the header alone.
OUTPUT_COLUMNS = {
    "markers": ["within", "class", "gene", "rank", "score"],
    "svg": ["gene", "statistic", "pvalue", "qvalue", "called", "score"],
    "annotation": ["scenario", "cell", "label", "confidence"],
}

# Scenarios of an annotator's output besides "", the test cells: cells held back from fitting, and test cells that lost
# more of their counts.
CALIBRATION = "calibration"


def test_dropout(rate: float) -> str:
    """Scenario of test cells with additional dropout.

    Examples
    --------
    >>> test_dropout(0.3)
    'test-dropout-30'
    """
    return f"test-dropout-{100 * rate:g}"


RUN_KEYS = ["track", "dataset", "method", "replicate"]

# Wall, CPU and memory of the method alone: the only columns that differ between two runs of the same thing.
MEASURED = ["wall_s", "fit_s", "predict_s", "cpu_s", "peak_rss_mb", "start_rss_mb", "peak_gpu_mb", "gpu_utilisation"]

STATUS_COLUMNS = [
    "schema_version", *RUN_KEYS, "status", "reason", "expected", "attempt", *MEASURED,
    "threads", "exit_code", "signal", "host", "device", "env", "interpreter", "versions",
]  # fmt: skip

SCORE_COLUMNS = [
    "schema_version", "track", "dataset", "scenario", "class", "split", "replicate", "method", "params", "seed",
    "metric", "value", "scaled", "n_expected", "n_covered", "status", "code_sha", "env_sha", "data_sha", "git",
]  # fmt: skip

RANK_COLUMNS = [
    "schema_version", "track", "dataset", "scenario", "metric", "method", "n_replicates", "n_failed",
    "mean", "low", "high", "rank", "group", "p_vs_best", "p_holm",
]  # fmt: skip

# Columns that hold names or words, and are text even where they look like numbers.
TEXT_COLUMNS = [
    "track", "dataset", "scenario", "within", "class", "split", "method", "params", "metric", "status", "reason",
    "code_sha", "env_sha", "data_sha", "git", "gene", "cell", "label", "true", "predicted",
    "signal", "host", "device", "env", "interpreter", "versions", "severity", "check", "message",
]  # fmt: skip


def is_expected(row: dict[str, Any], expected: list[dict[str, Any]]) -> bool:
    """Whether a run that did not end ``ok`` is listed in the configuration."""
    keys = ("track", "method", "status", "dataset")
    return any(all(entry.get(key, row[key]) == row[key] for key in keys) for entry in expected)
