"""Experiments of the papers: each can be planned alone, and all of them together."""

import pytest

from scbench import experiments
from scbench.errors import UserError
from scbench.plan import Plan
from scbench.registry import load_config

KNOWN = experiments.load()
RUN = [name for name, entry in KNOWN.items() if "tracks" in entry]
ONE = {"tracks": {"svg": {"datasets": ["sim_null"], "methods": ["moran_i"], "replicates": 2}}}
TWO = {"tracks": {"svg": {"datasets": ["sim_null", "sim_weak"], "methods": ["moran_i", "hvg"], "replicates": 5}}}


@pytest.mark.parametrize("name", RUN)
def test_every_experiment_is_a_valid_configuration(registry, name):
    checked = load_config({"experiment": name}, registry)
    datasets = {dataset for run in checked["tracks"].values() for dataset in run["datasets"]}
    assert datasets <= set(checked["experiments"][name]["datasets"])


def test_all_experiments_together_are_a_valid_configuration(registry):
    checked = load_config({"experiment": "all"}, registry)
    for name in RUN:
        for track, run in KNOWN[name]["tracks"].items():
            assert set(run["methods"]) <= set(checked["tracks"][track]["methods"])
            assert set(run["datasets"]) <= set(checked["tracks"][track]["datasets"])


@pytest.mark.parametrize("name", [name for name in KNOWN if name not in RUN])
def test_an_experiment_that_runs_nothing_says_why(registry, name):
    with pytest.raises(UserError, match="names nothing that is run") as error:
        load_config({"experiment": name}, registry)
    assert KNOWN[name]["why"] in str(error.value)


def test_experiments_are_joined():
    found = experiments.expand({"experiment": ["one", "two"], "seed": 1}, {"one": ONE, "two": TWO})
    assert found == {
        "seed": 1,
        "tracks": {
            "svg": {
                "datasets": ["sim_null", "sim_weak"],
                "methods": ["moran_i", "hvg"],
                "replicates": {"sim_null": 5, "sim_weak": 5},  # as many as the one that wants most
            }
        },
        "experiments": {"one": {"datasets": ["sim_null"]}, "two": {"datasets": ["sim_null", "sim_weak"]}},
    }


def test_an_experiment_is_joined_with_the_tracks_of_the_configuration():
    found = experiments.expand({"experiment": "one", "tracks": {"markers": {"datasets": ["zeisel"]}}}, {"one": ONE})
    assert set(found["tracks"]) == {"markers", "svg"}


def test_one_experiment_is_taken_as_it_is():
    assert experiments.expand({"experiment": "one"}, {"one": ONE})["tracks"] == ONE["tracks"]


def test_a_configuration_without_experiments_is_left_alone():
    assert experiments.expand({"seed": 1, "tracks": {}}, {"one": ONE}) == {"seed": 1, "tracks": {}}


@pytest.mark.parametrize("named", ["tow", 3, [], ["one", 1]])
def test_what_is_no_experiment_is_named(named):
    with pytest.raises(UserError, match="'experiment'") as error:
        experiments.expand({"experiment": named}, {"one": ONE, "two": TWO})
    assert named != "tow" or "two" in str(error.value)


def test_two_values_of_one_key_are_refused():
    own, other = ({"tracks": {"svg": {**ONE["tracks"]["svg"], "fdr": fdr}}} for fdr in (0.05, 0.1))
    with pytest.raises(UserError, match=r"experiment 'two': 'tracks\.svg\.fdr' wants 0\.1 where others want 0\.05"):
        experiments.expand({"experiment": ["one", "two"]}, {"one": own, "two": other})


def test_replicates_may_be_given_by_dataset_and_be_capped():
    run = {"datasets": ["sim_null", "sim_weak"], "methods": ["moran_i"], "replicates": {"sim_null": 2, "sim_weak": 9}}
    plan = Plan.load({"seed": 1, "tracks": {"svg": run}, "limits": {"replicates": 4}})
    assert [len(plan.replicates("svg", name)) for name in run["datasets"]] == [2, 4]


def test_replicates_by_dataset_must_name_each(registry):
    run = {"datasets": ["sim_null", "sim_weak"], "methods": ["moran_i"], "replicates": {"sim_null": 2}}
    with pytest.raises(UserError, match=r"'tracks\.svg\.replicates' lacks sim_weak"):
        load_config({"seed": 1, "tracks": {"svg": run}}, registry)
