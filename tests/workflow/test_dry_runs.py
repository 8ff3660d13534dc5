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
    fewer = ["--config", 'limits={"replicates": 1}'] if name == "paper" else []  # else 9,000 jobs
    done = _snakemake(root, tmp_path, "--cores", "2", "--configfile", str(root / f"config/{name}.yaml"), *fewer)
    assert done.returncode == 0, done.stdout
    assert "This was a dry-run" in done.stdout
    assert _planned(done.stdout) == int(re.search(r"^run +(\d+)$", done.stdout, re.MULTILINE)[1])


def _planned(printed):
    """Runs that the table of costs, which comes last, adds up to."""
    _, table = printed.split(" runs of this plan take")
    runs = {name: int(count) for name, count in re.findall(r"^([a-z-]+) +(\d+) +\d+ ", table, re.MULTILINE)}
    total = runs.pop("total")
    assert sum(runs.values()) == total
    return total


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
        ({"replicates": "many"}, "'tracks.svg.replicates' must be an integer. Got 'many' instead."),
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
