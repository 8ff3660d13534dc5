"""Copies of the project in which Snakemake really runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

KEEP = ("Snakefile", "workflow", "config", "envs", "scripts", "resources", "profiles", "README.md", "Makefile")


class Project:
    """A copy of the project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--configfile", "config/test.yaml", "--cores", "2", *args]

    def snakemake(self, *args: str, check: bool = True) -> str:
        """Run Snakemake; give what it printed."""
        done = subprocess.run(
            self.command(*args),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(done.stdout[-6000:])
        if not check:
            assert done.returncode, f"Snakemake should have failed:\n{done.stdout[-3000:]}"
        return done.stdout

    def planned(self, *args: str) -> list[tuple[str, str]]:
        """Rule and wildcards of each job that a run would do now."""
        jobs, rule = [], ""
        for line in self.snakemake("-n", *args).splitlines():
            if line.startswith(("rule ", "localrule ")):
                rule = line.split()[1].rstrip(":")
                jobs.append((rule, ""))
            elif line.strip().startswith("wildcards:"):
                jobs[-1] = (rule, line.partition("wildcards:")[2].strip())
        return jobs

    def configure(self, **tracks: dict) -> None:
        """Write the configuration."""
        self.write_config({"seed": 1, "tracks": tracks})

    def write_config(self, config: dict) -> None:
        (self.folder / "config/test.yaml").write_text(yaml.safe_dump(config))

    def append(self, path: str, text: str) -> None:
        with (self.folder / path).open("a") as file:
            file.write(f"\n{text}")

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def copy(self, folder: Path) -> "Project":
        # With times and Snakemake's records: what was done stays done.
        return Project(Path(shutil.copytree(self.folder, folder, symlinks=True)))


def _new(folder: Path, root: Path) -> Project:
    folder.mkdir()
    for name in KEEP:
        source = root / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "raw", "prepared", "splits", "envs", "data.lock")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    return Project(folder)


SVG = {"datasets": ["toy_spots"], "methods": ["moran_i", "random_pvalues", "true_genes"], "replicates": 2}


@pytest.fixture
def project(tmp_path, root) -> Project:
    """A fresh project whose configuration is one small track."""
    project = _new(tmp_path / "project", root)
    project.configure(svg=SVG)
    return project


@pytest.fixture(scope="session")
def finished_svg(tmp_path_factory, root) -> Project:
    """A project in which the small track has been run. Copy it; do not change it."""
    project = _new(tmp_path_factory.mktemp("svg") / "project", root)
    project.configure(svg=SVG)
    project.snakemake()
    return project


@pytest.fixture
def done(finished_svg, tmp_path) -> Project:
    """A copy of the finished project."""
    return finished_svg.copy(tmp_path / "done")


@pytest.fixture(scope="session")
def finished_smoke(tmp_path_factory, root) -> Project:
    """A project in which the toy configuration of all tracks has been run."""
    project = _new(tmp_path_factory.mktemp("smoke") / "project", root)
    project.write_config(yaml.safe_load((root / "config/smoke.yaml").read_text()))
    project.snakemake()
    return project
