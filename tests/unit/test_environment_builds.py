"""Environments of isolated methods: read from conda's files, built by uv, and never in the way."""

import json
import logging
import re
import subprocess
import sys
import threading
import zipfile

import isolated
import pytest

from scbench import environments
from scbench.environment_locks import isolated as isolated_environments
from scbench.errors import UserError
from scbench.provenance import file_sha256
from scbench.registry import Registry

REGISTRY = Registry.load()
ISOLATED = isolated_environments(REGISTRY)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with an environment file whose packages are wheels beside it; uv has nothing else to ask."""
    for name in ("alpha", "beta"):
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(tmp_path / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", "")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    (tmp_path / "envs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    _write(tmp_path, "alpha==1.0")
    return tmp_path


def _write(folder, *pins, conda="beta=1.0", python=None):
    python = python or "{}.{}".format(*sys.version_info)
    pip = "".join(f"      - {pin}\n" for pin in pins)
    text = f"dependencies:\n  - python={python}\n  - pip\n  - {conda}\n  - pip:\n{pip}"
    (folder / "envs/toy.yaml").write_text(text)


def _script(folder, text):
    (folder / "envs/toy.post-deploy.sh").write_text(text)


def _build(folder):
    marker = folder / environments.marker("toy", folder)
    environments.build("toy", marker, folder)
    return marker, environments.interpreter([str(marker)])


def test_a_conda_file_is_read(root):
    recipe = environments.read(root / "envs/spatialde.yaml")
    assert recipe.python == "3.11"
    assert recipe.conda == ["somoclu==1.7.6"]
    assert "spatialde==1.1.3" in recipe.pip
    assert recipe.variables == {"CUDAHOME": "/nonexistent"}


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("[pip, {pip: [a==1]}]", "'python=='"),
        ("[python=3.11, {pip: [a>=1]}]", "'a>=1'"),
        ("[python=3.11, {pip: ['a==1.*']}]", r"'a==1.\*'"),
        ("[python=3.11, compiler, {pip: [a==1]}]", "'compiler=='"),
    ],
)
def test_what_is_not_pinned_is_named(tmp_path, text, got):
    path = tmp_path / "toy.yaml"
    path.write_text(f"dependencies: {text}\n")
    with pytest.raises(UserError, match=rf"toy.yaml: .* pinned to one version. Got {got} instead"):
        environments.read(path)


@pytest.mark.parametrize("env", ISOLATED)
def test_checksums_are_known_of_exactly_what_uv_installs(root, env):
    recipe = environments.read(root / "envs" / f"{env}.yaml")
    blocks = recipe.lock.read_text().split("\n")
    pins = [line.removesuffix(" \\") for line in blocks if "==" in line]
    assert sorted(pins) == sorted(map(_normal, recipe.pip + recipe.conda))
    others = [line for line in blocks if line and "==" not in line]
    assert all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in others)
    assert all("--require-hashes" in line for line in recipe.script.splitlines() if "pip install" in line)


@pytest.mark.parametrize("env", ISOLATED)
def test_what_runs_every_method_is_in_an_isolated_environment(root, env):
    recipe = environments.read(root / "envs" / f"{env}.yaml")
    assert {"h5py", "numpy", "pandas", "psutil", "scipy"} <= {pin.partition("==")[0] for pin in recipe.pip}


def test_without_a_marker_a_method_runs_in_this_interpreter():
    assert environments.interpreter([]) == {"interpreter": sys.executable, "reason": ""}


def test_an_environment_is_built_once_works_elsewhere_and_changes_with_its_file(project, caplog):
    caplog.set_level(logging.INFO)
    marker, chosen = _build(project)
    assert chosen["reason"] == ""
    assert "building it with uv" in caplog.text
    subprocess.run([chosen["interpreter"], "-c", "import alpha, beta"], check=True)
    assert {path.name for path in marker.parent.parent.iterdir() if not path.name.endswith(".flock")} == {
        marker.parent.name
    }

    caplog.clear()
    environments.build("toy", marker, project)
    assert not caplog.records, "nothing was built again"

    (project / "moved").mkdir()
    moved = marker.parent.replace(project / "moved" / marker.parent.name) / marker.name
    python = environments.interpreter([str(moved)])["interpreter"]
    assert python.startswith(str(project / "moved"))
    subprocess.run([python, "-c", "import alpha, beta"], check=True)

    _write(project, "alpha==1.0", "beta==1.0", conda="pip")
    assert project / environments.marker("toy", project) != marker


def test_a_script_beside_the_file_ends_the_build_and_is_part_of_what_the_environment_is(project):
    without = environments.marker("toy", project)
    _script(project, 'python -c \'import alpha, beta, sys; open(sys.prefix + "/ran", "w")\'\n')
    assert environments.marker("toy", project) != without
    marker, chosen = _build(project)
    assert chosen["reason"] == ""
    assert (marker.parent / "ran").exists()


@pytest.mark.parametrize("right", [True, False])
def test_a_file_with_another_checksum_is_not_installed(project, right):
    wheels = {name: project / f"{name}-1.0-py3-none-any.whl" for name in ("alpha", "beta")}
    sums = {name: file_sha256(wheel) if right or name == "beta" else "0" * 64 for name, wheel in wheels.items()}
    without = environments.marker("toy", project)
    (project / "envs/locks").mkdir()
    lines = [f"{name}==1.0 --hash=sha256:{digest}\n" for name, digest in sums.items()]
    (project / "envs/locks/toy.txt").write_text("".join(lines))
    assert environments.marker("toy", project) != without
    _, chosen = _build(project)
    assert (chosen["interpreter"] is not None) == right
    assert right or "Hash mismatch for `alpha==1.0`" in chosen["reason"]


def test_what_a_killed_build_left_is_no_environment(project):
    marker = project / environments.marker("toy", project)
    for folder in (marker.parent, marker.parent.with_name(f".{marker.parent.name}.part")):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin/python").write_text("half a file")
    _, chosen = _build(project)
    subprocess.run([chosen["interpreter"], "-c", "import alpha, beta"], check=True)


def test_two_processes_build_it_once(project, caplog):
    caplog.set_level(logging.INFO)
    threads = [threading.Thread(target=_build, args=(project,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("built in" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda folder: _write(folder, "alpha==9.9"), "no version of alpha==9.9"),
        (lambda folder: _write(folder, "alpha==1.0", conda="r-base=4.3"), "r-base"),
        (lambda folder: _write(folder, "alpha"), "Got 'alpha' instead"),
        (lambda folder: _write(folder, "alpha==1.0", python="3.99"), "3.99"),
        (lambda folder: _script(folder, "echo no such package >&2; exit 3"), "no such package"),
    ],
)
def test_one_that_cannot_be_built_says_why_and_stops_nothing(project, change, reason):
    change(project)
    marker, chosen = _build(project)
    assert chosen["interpreter"] is None
    assert reason in chosen["reason"]
    assert "make clean-envs" in chosen["reason"]
    assert [path.name for path in marker.parent.iterdir()] == [marker.name], "nothing but the marker is left"
    assert environments.interpreter([str(marker)]) == chosen, "and it is not tried again by itself"


def test_without_uv_the_reason_is_that(project, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(project / "python"))
    monkeypatch.setenv("PATH", str(project))
    assert "uv is not installed" in _build(project)[1]["reason"]


def test_an_environment_whose_python_is_gone_is_none(project):
    marker, chosen = _build(project)
    (marker.parent / json.loads(marker.read_text())["interpreter"]).unlink()
    gone = environments.interpreter([str(marker)])
    assert gone["interpreter"] is None
    assert f"{chosen['interpreter']} is gone" in gone["reason"]


@pytest.mark.parametrize("env", ISOLATED)
def test_the_built_environment_is_what_its_file_says_and_can_run_methods(root, env):
    python = isolated.interpreter(env)
    recipe = environments.read(root / "envs" / f"{env}.yaml")
    code = (
        "import json, platform, sys; from importlib.metadata import distributions\n"
        "import scbench.child, scbench.supervise, scbench.environments, scbench.contract, scbench.io\n"
        "found = [f'{one.name}=={one.version}' for one in distributions()]\n"
        "print(json.dumps([platform.python_version(), found]))"
    )
    done = subprocess.run(
        [python, "-c", code], env={"PYTHONPATH": str(root / "scripts")}, capture_output=True, check=True
    )
    version, found = json.loads(done.stdout)
    assert version.startswith(f"{recipe.python}.")
    pins = (*recipe.pip, *recipe.conda, *re.findall(r"\S+==\S+", recipe.script))
    assert sorted(map(_normal, found)) == sorted(map(_normal, pins))


def _normal(pin):
    """A pin as the package index writes it."""
    name, _, version = pin.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"
