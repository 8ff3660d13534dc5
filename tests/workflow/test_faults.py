"""A run in which things go wrong: the tables say so, the rest goes on, and a rerun mends it."""

import os
import shutil
import signal
import subprocess
import time

import pandas as pd
import psutil
import pytest
from conftest import SVG

from scbench.io import read_table
from scbench.layout import MEASURED

pytestmark = pytest.mark.workflow

FAULTY = """
faulty:
  track: svg
  entry: scbench.svg.faulty:Sometimes
  label: Faulty
  input_scale: log1p
"""

SOMETIMES = """
import os, signal
import numpy as np, pandas as pd
from scbench.contract import SpatialTest


class Sometimes(SpatialTest):
    def fit(self, X, coords, *, seed):
        if {condition}:
            os.kill(os.getpid(), signal.SIGSEGV)
        p = np.linspace(0, 1, X.shape[1])
        self.table_ = pd.DataFrame({{"statistic": p, "pvalue": p, "score": -p}})
        return self
"""


@pytest.fixture
def with_fault(done):
    """A finished project with a method that crashes while the file `broken` is there."""
    condition = f"os.path.exists({str(done.folder / 'broken')!r})"
    (done.folder / "scripts/scbench/svg/faulty.py").write_text(SOMETIMES.format(condition=condition))
    done.append("config/methods.yaml", FAULTY)
    done.configure(svg=SVG | {"methods": [*SVG["methods"], "faulty"]})
    (done.folder / "broken").touch()
    return done


def test_a_crash_is_a_row_the_gate_is_shut_and_a_rerun_retries_exactly_it(with_fault):
    project = with_fault
    printed = project.snakemake(check=False)
    assert "svg/toy_spots/faulty: failed in r0, r1: died of SIGSEGV" in printed
    status = read_table(project.folder / "results/svg/status.tsv").set_index("method")
    assert set(status.loc["faulty", "status"]) == {"failed"}
    assert set(status.drop("faulty")["status"]) == {"ok"}
    ranks = read_table(project.folder / "results/svg/ranks.tsv").query("scenario == 'bh'")
    row = ranks.set_index(["method", "metric"]).loc[("faulty", "average_precision")]
    assert row["n_failed"] == 2
    assert row["mean"] == 0, "a run that fails counts as the worst value"
    scores = read_table(project.folder / "results/svg/scores.tsv").set_index("method")
    assert scores.loc["faulty", "value"].isna().all()
    assert (project.folder / "results/figures/svg-scores.png").exists(), "the rest was finished"
    project.snakemake("--report", "results/report.html")

    retried = [wildcards for rule, wildcards in project.planned() if rule == "run"]
    assert sorted(retried) == [f"track=svg, dataset=toy_spots, method=faulty, replicate={r}" for r in range(2)]
    (project.folder / "broken").unlink()
    project.snakemake()
    status = read_table(project.folder / "results/svg/status.tsv").set_index("method")
    assert set(status["status"]) == {"ok"}
    assert set(status.loc["faulty", "attempt"]) == {2}
    assert project.planned() == [], "and then there is nothing left to do"


def test_an_expected_failure_passes_the_gate_and_is_not_retried(with_fault):
    project = with_fault
    row = {"track": "svg", "method": "faulty", "status": "failed", "reason": "crashes on every machine"}
    tracks = {"svg": SVG | {"methods": [*SVG["methods"], "faulty"]}}
    project.write_config({"seed": 1, "expected": [row], "tracks": tracks})
    project.snakemake()
    qc = read_table(project.folder / "results/qc.tsv")
    assert "note" in set(qc["severity"])
    assert "error" not in set(qc["severity"])
    assert project.planned() == []


def test_a_killed_run_goes_on_to_the_same_tables(project, finished_svg):
    process = subprocess.Popen(
        project.command(),
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(list(project.folder.glob("results/svg/*/*/r*/status.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    descendants = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for child in descendants:
        if child.is_running():
            child.kill()
    assert not (project.folder / "results/svg/ranks.tsv").exists(), "it was killed in mid-run"

    project.snakemake("--unlock")
    project.snakemake()
    for name in ("scores.tsv", "ranks.tsv"):
        assert project.read(f"results/svg/{name}") == finished_svg.read(f"results/svg/{name}")
    status, undisturbed = (
        read_table(one.folder / "results/svg/status.tsv").drop(columns=MEASURED) for one in (project, finished_svg)
    )
    pd.testing.assert_frame_equal(status, undisturbed)
    assert project.planned() == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_text("not an h5ad"), "my_spots: "),
        (lambda path: shutil.copy(path.parent / "README.md", path), "my_spots: "),
    ],
)
def test_bad_data_stop_their_own_jobs_and_no_others(project, spoil, message):
    entry = (
        "my_spots:\n  label: Mine\n  tracks: [svg]\n  loader: h5ad\n"
        "  source: {type: local, path: my_spots.h5ad}\n  target_sum: median\n"
    )
    project.append("config/datasets.yaml", entry)
    spoil(project.folder / "my_spots.h5ad")
    project.configure(svg=SVG | {"datasets": ["toy_spots", "my_spots"], "methods": ["random_pvalues"]})
    printed = project.snakemake(check=False)
    assert message in printed
    assert "Traceback" not in printed
    assert (project.folder / "results/svg/toy_spots/scores.tsv").exists()
    assert not list(project.folder.glob("resources/prepared/*my_spots*"))


def test_a_missing_local_file_is_named(project):
    entry = "my_spots:\n  label: Mine\n  tracks: [svg]\n  loader: h5ad\n  source: {type: local, path: nowhere.h5ad}\n"
    project.append("config/datasets.yaml", entry)
    project.configure(svg=SVG | {"datasets": ["my_spots"]})
    assert "nowhere.h5ad" in project.snakemake("-n", check=False)
