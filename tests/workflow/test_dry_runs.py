"""What a user types, without running it."""

import inspect
import re
import subprocess
import sys

import pytest
import yaml
from snakemake.scheduling.job_scheduler import JobScheduler

pytestmark = pytest.mark.workflow


def _snakemake(root, folder, *args):
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--directory", str(folder), *args]
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@pytest.mark.parametrize("name", ["config", "smoke", "paper", "extended", "annotation", "scaling"])
def test_every_configuration_can_be_planned(root, tmp_path, name):
    config = yaml.safe_load((root / f"config/{name}.yaml").read_text())
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config | {"limits": {"replicates": 1}}))  # else 9,000 jobs of `paper`
    done = _snakemake(root, tmp_path, "--cores", "2", "--configfile", str(path))
    assert done.returncode == 0, done.stdout
    assert "This was a dry-run" in done.stdout
    assert "claims_page" in done.stdout


def test_what_the_papers_need_can_be_listed(root, tmp_path):
    done = _snakemake(root, tmp_path, "--cores", "2", "data", "--configfile", str(root / "config/paper.yaml"))
    assert done.returncode == 0, done.stdout
    assert "Left out: lung_cancer (not public; lacks resources/manual/lung_cancer/lung_cancer.h5ad." in done.stdout


@pytest.mark.parametrize("profile", ["default", "ci", "timing", "slurm"])
def test_every_profile_is_understood(root, tmp_path, profile):
    config = ["--configfile", str(root / "config/smoke.yaml")]
    done = _snakemake(root, tmp_path, "--cores", "2", "--profile", f"profiles/{profile}", *config)
    # Without conda on this machine Snakemake must at least have read the profile and got as far as asking for it.
    assert done.returncode == 0 or (profile == "slurm" and "conda" in done.stdout), done.stdout


def test_the_entry_point_for_catalogues_works(root, tmp_path):
    config = ["--configfile", str(root / "config/smoke.yaml")]
    done = _snakemake(root, tmp_path, "--cores", "2", "--snakefile", "workflow/Snakefile", *config)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ["moran"]}, "method 'moran' is not in the registry. Did you mean 'moran_i'?"),
        ({"datasets": ["toy_spot"]}, "dataset 'toy_spot' is not in the registry. Did you mean 'toy_spots'?"),
        ({"replicates": "many"}, "'tracks.svg.replicates' must be an integer or an object. Got 'many' instead."),
    ],
)
def test_a_slip_in_the_configuration_ends_before_anything_runs(root, tmp_path, change, message):
    run = {"datasets": ["toy_spots"], "methods": ["moran_i"], "replicates": 1} | change
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"seed": 1, "tracks": {"svg": run}}))
    done = _snakemake(root, tmp_path, "--cores", "1", "--configfile", str(path))
    assert done.returncode == 1
    assert message in done.stdout
    assert "Traceback" not in done.stdout


def test_a_track_that_is_not_configured_is_named(root, tmp_path):
    path = tmp_path / "config.yaml"
    run = {"datasets": ["toy_spots"], "methods": ["moran_i"], "replicates": 1}
    path.write_text(yaml.safe_dump({"seed": 1, "tracks": {"svg": run}}))
    done = _snakemake(root, tmp_path, "--configfile", str(path), "--cores", "1", "annotation")
    assert done.returncode == 1
    assert "track 'annotation' is not in the configuration. It has: svg." in done.stdout


def test_a_configuration_of_ones_own_is_not_mixed_with_the_default(root, tmp_path):
    path = tmp_path / "config.yaml"
    run = {"datasets": ["toy_spots"], "methods": ["moran_i"], "replicates": 1}
    path.write_text(yaml.safe_dump({"seed": 1, "tracks": {"svg": run}}))
    done = _snakemake(root, tmp_path, "--configfile", str(path), "--cores", "1")
    assert done.returncode == 0, done.stdout
    assert "annotation" not in done.stdout
    assert "zeisel" not in done.stdout


def test_a_single_setting_can_be_given_on_the_command_line(root, tmp_path):
    (tmp_path / "config").symlink_to(root / "config")
    done = _snakemake(root, tmp_path, "--config", "seed=7", "--cores", "1")
    assert done.returncode == 0, done.stdout


def test_the_scheduler_has_the_limit_that_local_runs_take_away():
    """The Snakefile sets it to None; if it had another name, that would do nothing."""
    assert "if self.job_rate_limiter is not None:" in inspect.getsource(JobScheduler.schedule)


def test_short_jobs_go_to_a_cluster_in_groups_of_one_dataset_or_track(root, tmp_path):
    profile = yaml.safe_load((root / "profiles/slurm/profile.yaml").read_text())
    given = {name: profile[name] for name in ("groups", "group-components")}
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump(given))
    config = ["--configfile", str(root / "config/smoke.yaml"), "--config", "gpu=always"]
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2", *config, "--directory", str(tmp_path)]
    command += ["--profile", str(tmp_path)]
    printed = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout
    groups, alone = _submissions(printed)
    grouped = [job for jobs in groups.values() for job in jobs]
    assert len(alone) + len(groups) < 0.4 * (len(alone) + len(grouped))
    assert {rule for rule, _ in alone} & {"run", "score", "collect"} == {"run", "score", "collect"}
    methods = {job["method"] for rule, job in grouped if rule == "run"}
    assert {"linear_svm", "scgco", "t_test"} <= methods
    assert not methods & {"ciform", "scrobust_tiny"}, "GPUs and long limits"
    for jobs in groups.values():
        of_all = {key: {job.get(key) for _, job in jobs} for key in ("track", "dataset")}
        assert len(of_all["track"]) == 1
        assert len(of_all["dataset"]) == 1 or None in of_all["dataset"] or {rule for rule, _ in jobs} <= OF_A_TRACK


OF_A_TRACK = {
    "annotation_classes",
    "annotation_dropout",
    "figure_classifiers",
    "figure_comparison",
    "figure_cost",
    "figure_panel_size",
    "figure_scores",
    "figure_two_step",
    "summary",
    "table",
}


def _submissions(printed):
    """What a dry run says: rules and wildcards of the jobs of each group, and of those alone."""
    groups, alone, jobs = {}, [], []
    for line in printed.splitlines():
        if found := re.search(r"Group job (\S+)", line):
            jobs = groups.setdefault(f"{found[1]} {len(groups)}", [])
        elif found := re.match(r"( *)rule (\w+):", line):
            (jobs if found[1] else alone).append((found[2], {}))
            last = (jobs if found[1] else alone)[-1][1]
        elif line.strip().startswith("wildcards:"):
            last |= dict(pair.split("=") for pair in line.partition(":")[2].strip().split(", "))
    return groups, alone
