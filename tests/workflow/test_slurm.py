"""The workflow on a real Slurm cluster, of one node with made-up GPUs.

Without Slurm (Debian: ``apt-get install slurm-wlm munge``) and root these tests are skipped.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from slurm_cluster import Cluster, UnavailableError, wait

from scbench.io import read_table
from scbench.layout import MEASURED

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

# Each job starts two Snakemakes, so the default test has few: a group of runs, and one with a GPU.
ALL = "SCBENCH_SLURM" in os.environ
TRACKS = {
    "svg": {"datasets": ["toy_spots"], "methods": ["moran_i"], "replicates": 2},
    "annotation": {"datasets": ["toy_cells"], "methods": ["mlp"], "replicates": 1, "folds": 5},
}
if ALL:
    TRACKS["markers"] = {
        "datasets": ["toy_cells"],
        "methods": ["t_test", "random_genes"],
        "replicates": 1,
        "top_k": [2],
    }
TABLES = [f"results/{track}/{name}.tsv" for track in (TRACKS if ALL else ["svg"]) for name in ("scores", "status")]
ON_GPU = "results/annotation/toy_cells/mlp/r0/output.tsv"
long = pytest.mark.skipif(not ALL, reason="takes minutes: set SCBENCH_SLURM=1")

# The cluster is quick to answer, and has no conda.
HERE = {"slurm-init-seconds-before-status-checks": 1, "slurm-partition-config": "profiles/slurm/partitions.yaml"}


@contextmanager
def _started(accounting=False):
    # Sockets need a short path.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    cluster = Cluster(folder, accounting)
    try:
        cluster.start()
    except UnavailableError as reason:
        shutil.rmtree(folder)
        pytest.skip(f"no Slurm: {reason}")
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster():
    """A cluster that takes jobs, without accounting."""
    with _started() as cluster:
        yield cluster


@pytest.fixture
def submitting(project, root):
    """A project whose default profile is that for Slurm, but for what this cluster lacks."""
    profile = yaml.safe_load((root / "profiles/slurm/profile.yaml").read_text())
    del profile["software-deployment-method"]
    profile |= HERE
    (project.folder / "profiles/slurm/profile.yaml").write_text(yaml.safe_dump(profile))
    project.write_config(
        {"seed": 1, "gpu": "always", "gpu_model": "toy", "limits": {"timeout_s": 600}, "tracks": TRACKS}
    )
    return project


def _command(*args):
    return [sys.executable, "-m", "snakemake", *args, "--configfile", "config/test.yaml", "--profile", "profiles/slurm"]


def _start(project, *args):
    """Start Snakemake and let it run."""
    with open(project.folder / "printed.txt", "w") as printed:
        return subprocess.Popen(_command(*args), cwd=project.folder, stdout=printed, stderr=printed)


def _printed(project):
    return (project.folder / "printed.txt").read_text()[-6000:]


def _finish(process, project, seconds=900):
    try:
        assert process.wait(seconds) == 0, _printed(project)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(_printed(project)) from None


def _running(cluster, known=()):
    return [job for job in cluster.jobs() if job["JobState"] == "RUNNING" and job["JobId"] not in known]


def test_a_run_gives_what_a_local_one_does_and_gpu_jobs_ask_for_one(cluster, submitting, tmp_path):
    local = submitting.copy(tmp_path / "local")
    _finish(_start(submitting, *TABLES, ON_GPU), submitting)
    with_gpu = [job for job in cluster.jobs() if "TresPerJob" in job]
    assert [(job["TresPerJob"], job["Partition"]) for job in with_gpu] == [("gres:gpu:toy:1", "gpu")]
    assert {job["Partition"] for job in cluster.jobs()} == {"cpu", "gpu"}
    # Two runs of ten minutes, the least that one asks for, one after the other.
    [group] = [job for job in cluster.jobs() if job["Comment"].startswith("rule_runs-svg-toy_spots_run")]
    assert (group["NumCPUs"], group["TimeLimit"]) == ("1", "00:20:00")
    local.snakemake(*TABLES, ON_GPU)
    assert submitting.read(ON_GPU) == local.read(ON_GPU)
    for track in {Path(table).parent.name for table in TABLES}:
        assert submitting.read(f"results/{track}/scores.tsv") == local.read(f"results/{track}/scores.tsv")
        rows = [read_table(one.folder / f"results/{track}/status.tsv") for one in (submitting, local)]
        there, here = (table.drop(columns=MEASURED) for table in rows)
        assert there.equals(here)


@long
def test_a_job_that_fails_leaves_the_others_of_its_group_their_results(cluster, submitting):
    figures = [f"results/figures/svg-{name}.png" for name in ("scores", "cost")]
    page = "results/tables/svg.html"
    script = submitting.folder / "scripts/figure_cost.py"
    whole = script.read_text()
    script.write_text("raise ValueError('broken')\n")
    process = _start(submitting, *figures, page)
    assert process.wait(900) == 1, _printed(submitting)
    assert [(submitting.folder / path).exists() for path in (*figures, page)] == [True, False, True]
    script.write_text(whole)
    assert [rule for rule, _ in submitting.planned(*figures, page)] == ["figure_cost"]


@long
def test_a_group_over_its_time_is_submitted_again(cluster, submitting):
    config = {"datasets": ["toy_cells"], "methods": ["majority_type"], "replicates": 2, "folds": 5}
    submitting.configure(annotation=config)
    script = submitting.folder / "scripts/split.py"
    script.write_text(
        "import os, time\n"
        "if not os.path.exists('slept'):\n"
        "    open('slept', 'w').close()\n"
        "    time.sleep(600)\n" + script.read_text()
    )
    known = {job["JobId"] for job in cluster.jobs()}
    splits = [f"resources/splits/annotation/toy_cells/r{r}.npz" for r in range(2)]
    _finish(_start(submitting, *splits, "--set-resources", "split:runtime=attempt"), submitting)
    tried = [job for job in cluster.jobs() if "splits_annotation_toy_cells" in job["Comment"]]
    found = [(job["JobState"], job["TimeLimit"]) for job in tried if job["JobId"] not in known]
    assert found == [("TIMEOUT", "00:02:00"), ("COMPLETED", "00:04:00")]


@long
def test_a_job_over_its_memory_is_killed_and_gets_more(cluster, submitting):
    known = {job["JobId"] for job in cluster.jobs()}
    target = "results/svg/toy_spots/moran_i/r0/status.json"
    _finish(_start(submitting, target, "--set-resources", "run:mem_mb=250*attempt**3"), submitting)
    tried = [job for job in cluster.jobs() if job["JobId"] not in known and job["MinMemoryNode"] in ("250M", "2000M")]
    assert [job["MinMemoryNode"] for job in tried] == ["250M", "2000M"]
    assert [job["JobState"] for job in tried] == ["FAILED", "COMPLETED"]


@long
def test_a_cancelled_job_and_a_node_that_was_away_do_not_end_a_run(cluster, submitting):
    known = {job["JobId"] for job in cluster.jobs()}
    process = _start(submitting, "results/svg/scores.tsv")
    wait(lambda: bool(_running(cluster, known)), "a job runs", 180)
    [first, *_] = _running(cluster, known)
    cluster.run("scancel", first["JobId"])
    wait(lambda: bool(_running(cluster, {*known, first["JobId"]})), "another runs", 180)
    cluster.end("slurmd")
    time.sleep(5)
    cluster.run("slurmd")
    _finish(process, submitting)


@long
def test_a_snakemake_that_was_killed_goes_on_where_it_was(cluster, submitting):
    known = {job["JobId"] for job in cluster.jobs()}
    process = _start(submitting, "results/svg/scores.tsv")
    wait(lambda: bool(_running(cluster, known)), "a job runs", 180)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait(lambda: not _running(cluster, known), "its jobs end", 180)
    submitting.snakemake("--unlock")
    _finish(_start(submitting, "results/svg/scores.tsv"), submitting)


# The last: a machine can have one cluster at a time.
@long
@pytest.mark.parametrize("asked", ["squeue", "sacct"])
def test_a_cluster_with_accounting_comes_to_the_same_end(cluster, submitting, asked):
    cluster.stop()
    path = submitting.folder / "profiles/slurm/profile.yaml"
    path.write_text(path.read_text().replace("slurm-status-command: squeue", f"slurm-status-command: {asked}"))
    with _started(accounting=True) as accounted:
        _finish(_start(submitting, "results/svg/status.tsv"), submitting)
        states = accounted.run("sacct", "--allocations", "--noheader", "--parsable2", "--format=State").split()
    assert states == ["COMPLETED"] * 4
    assert set(read_table(submitting.folder / "results/svg/status.tsv")["status"]) == {"ok"}
