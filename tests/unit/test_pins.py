"""What environment files pin, and what is said of a process that has something else."""

import platform
import re

import pytest

from scbench import environments, pins
from scbench.errors import WrongEnvironmentError
from scbench.provenance import ROOT
from scbench.validate import read_yaml

FILES = sorted((ROOT / "envs").glob("*.yaml"))

# Without a version: pip itself, and packages of R whose versions are bound by that of R.
LOOSE = {"r-spark": {"r-matrix", "r-rcpp", "r-rcpparmadillo", "r-remotes"}}


def _items(path):
    """Dependencies of an environment file as YAML has them, conda's and pip's, as ``name, version``."""
    conda = read_yaml(path)["dependencies"]
    items = [pin for item in conda for pin in (item["pip"] if isinstance(item, dict) else [item])]
    return [item.replace("==", "=").partition("=")[::2] for item in items]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_pins_are_those_of_the_file_and_its_script_and_all_are_exact(path):
    wanted = {name: version for name, version in _items(path) if version}
    loose = {name for name, version in _items(path) if not version} - wanted.keys()
    assert loose - {"pip"} == LOOSE.get(path.stem, set())
    assert all(re.fullmatch(r"\d[\w.]*", version) for version in wanted.values())
    script = pins.script_file(path)
    found = pins.pinned(path.stem)
    assert {name: version for name, version in found.items() if name in wanted} == wanted
    assert all(f"{name}=={found[name]}" in script.read_text() for name in found.keys() - wanted.keys())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_python_is_pinned_to_a_bugfix_release(path):
    assert len(pins.pinned(path.stem)["python"].split(".")) == 3


def test_a_file_that_uv_builds_is_read_alike(root):
    recipe = environments.read(root / "envs/scgco.yaml")
    wanted = {pin.partition("==")[0] for pin in (*recipe.pip, *recipe.conda)} | {"python", "scgco", "pysal"}
    assert pins.pinned("scgco").keys() == wanted


def test_equal_versions_other_builds_and_what_is_not_installed_are_no_difference(monkeypatch):
    installed = {"numpy": "2.4.6", "torch": "2.13.0+cpu"}
    monkeypatch.setattr(pins.metadata, "version", lambda name: installed.get(name) or _absent(name))
    assert pins.differences({"numpy": "2.4.6", "torch": "2.13.0", "r-base": "4.3"}) == {}
    assert pins.differences({"numpy": "2.4.60", "torch": "2.13"}) == installed


def _absent(name):
    raise pins.metadata.PackageNotFoundError(name)


def test_bugfix_releases_of_python_are_equal_and_others_are_not():
    major, minor, _ = platform.python_version_tuple()
    assert pins.differences({"python": f"{major}.{minor}.999"}) == {}
    assert pins.differences({"python": f"{major}.9{minor}.0"}) == {"python": platform.python_version()}


def test_the_first_differences_are_named_and_the_others_counted(monkeypatch):
    monkeypatch.setattr(pins.metadata, "version", lambda name: "1")
    with pytest.raises(WrongEnvironmentError) as error:
        pins.check("toy", dict.fromkeys("edcba", "2"))
    assert str(error.value) == "a 1 instead of 2, b 1 instead of 2, c 1 instead of 2 and 2 more (envs/toy.yaml)"
    pins.check("toy", dict.fromkeys("edcba", "1"))


def test_this_environment_is_the_one_that_methods_of_the_base_are_run_in():
    assert pins.differences(pins.pinned("base")) == {}
