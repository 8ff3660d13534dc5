"""Every fault in a configuration ends in one line that names place, value and what is allowed."""

import json
import shutil

import pytest
import yaml

from scbench.errors import UserError
from scbench.registry import Registry, load_config
from scbench.validate import read_yaml


@pytest.fixture
def project(tmp_path, root):
    """The parts of the project that the registries are read from, to spoil."""
    for part in ("config", "envs", "workflow/schemas", "scripts/scbench"):
        shutil.copytree(root / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _edit(project, name, change):
    path = project / "config" / f"{name}.yaml"
    content = json.loads(json.dumps(yaml.safe_load(path.read_text())))  # takes aliases apart
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def _set(entry, key, value):
    def change(content):
        content[entry][key] = value

    return change


def test_the_projects_own_registries_are_valid(root):
    registry = Registry.load(root)
    assert registry.method("moran_i", "svg")["threads"] == 1, "defaults of the schema are filled in"
    assert registry.dataset("sim_null")["source"]["params"]["patterned"] == 0.0
    for name in ("config", "smoke", "paper"):
        load_config(read_yaml(root / "config" / f"{name}.yaml"), registry, root)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "methods",
            _set("moran_i", "timeout_s", "soon"),
            r"methods.yaml: 'moran_i.timeout_s' must be an integer. Got 'soon'",
        ),
        ("methods", _set("moran_i", "timeout_s", 0), r"'moran_i.timeout_s' must be >= 1. Got 0"),
        (
            "methods",
            _set("moran_i", "tiemout_s", 5),
            r"'moran_i' has the unknown key 'tiemout_s'. Did you mean 'timeout_s'\? Allowed: .*env",
        ),
        (
            "methods",
            _set("moran_i", "input_scale", "count"),
            r"'moran_i.input_scale' must be one of .* Got 'count' .* Did you mean 'counts'\? Allowed: counts, log1p",
        ),
        ("methods", lambda c: c["moran_i"].pop("label"), r"'moran_i' lacks the key 'label'"),
        ("methods", lambda c: c.update({"Moran I": c["moran_i"]}), r"'Moran I' is not a valid id"),
        (
            "methods",
            _set("moran_i", "params", {"n_neighbours": 5}),
            r"'moran_i.params' has the unknown key 'n_neighbours'. Did you mean 'n_neighbors'\?",
        ),
        (
            "methods",
            _set("moran_i", "entry", "scbench.svg.moran:Moran"),
            r"names no class of scripts/scbench/svg/moran.py. Got 'Moran' .* Did you mean 'MoranI'",
        ),
        (
            "methods",
            _set("moran_i", "entry", "scbench.svg.nothing:X"),
            r"scripts/scbench/svg/nothing.py does not exist",
        ),
        (
            "methods",
            _set("moran_i", "env", "bsae"),
            r"'moran_i.env' names no environment. Got 'bsae' .* Did you mean 'base'",
        ),
        (
            "public_datasets",
            _set("paul15", "harmonise", "none.tsv"),
            r"'paul15.harmonise' names no file. Got 'none.tsv'",
        ),
        (
            "public_datasets",
            lambda c: c["muraro"]["labels"].update(file="label"),
            r"'muraro.labels' needs the file 'label'. Did you mean 'labels'",
        ),
        (
            "public_datasets",
            lambda c: c["xin"]["source"]["files"]["labels"].update(name="GSE81608_human_islets_rpkm.txt.gz"),
            r"'xin' has two files called 'GSE81608_human_islets_rpkm.txt.gz'; give one of them a 'name'",
        ),
        ("public_datasets", lambda c: c["xin"]["source"].update(urls=["https://a/b"]), r"'xin.source'"),
        ("datasets", _set("zeisel", "tracks", []), r"datasets.yaml: 'zeisel.tracks' must have at least 1 item"),
        ("datasets", lambda c: c["zeisel"].pop("loader"), r"'zeisel' lacks the key 'loader'"),
        (
            "datasets",
            lambda c: c["zeisel"]["source"].update(sha256="12"),
            r"'zeisel.source.sha256' must match .* Got '12'",
        ),
        ("datasets", lambda c: c["zeisel"]["source"].update(url="x"), r"'zeisel.source' has the unknown key 'url'"),
        (
            "datasets",
            lambda c: c["zeisel"]["source"].update(type="http"),
            r"'zeisel.source.type' .* Got 'http' .* 'https'",
        ),
        (
            "datasets",
            lambda c: c["zeisel_subtypes"]["source"].update({"from": "zeisle"}),
            r"'zeisel_subtypes.source.from' names no dataset. Got 'zeisle' .* Did you mean 'zeisel'",
        ),
        (
            "datasets",
            lambda c: c["zeisel_subtypes"]["source"].update({"from": "zeisel_subtypes"}),
            r"derived from itself: zeisel_subtypes <- zeisel_subtypes",
        ),
        (
            "public_datasets",
            lambda c: c["pancreas_combined"]["source"].update({"from": ["xin", "muraro", "sergstolpe"]}),
            r"'pancreas_combined.source.from' names no dataset. Got 'sergstolpe' .* Did you mean 'segerstolpe'",
        ),
        (
            "public_datasets",
            lambda c: c["pancreas_combined"]["source"].update({"from": ["xin", "pancreas_combined"]}),
            r"derived from itself: pancreas_combined <- pancreas_combined",
        ),
        (
            "public_datasets",
            lambda c: c["pancreas_combined"]["source"].update({"from": ["xin"]}),
            r"'pancreas_combined.source.from' must have at least 2 item",
        ),
        (
            "public_datasets",
            lambda c: c["xin"]["gene_names"].update(file="gene"),
            r"'xin.gene_names' needs the file 'gene'. Did you mean 'genes'",
        ),
        (
            "datasets",
            lambda c: c["zeisel_two_step"].update(drop_labels=["Int1"]),
            r"'zeisel_two_step' must not drop labels that 'zeisel_subtypes' has",
        ),
        (
            "datasets",
            lambda c: c["zeisel_two_step"].update(target_sum="median"),
            r"'zeisel_two_step.target_sum' must be that of 'zeisel_subtypes'. Got 'median'",
        ),
        ("datasets", lambda c: c["sim_null"].update(loader="h5ad"), r"'sim_null' must not have a 'loader'"),
        ("metrics", lambda c: c["macro_f1"].update(direction="up"), r"metrics.yaml: 'macro_f1.direction' .* Got 'up'"),
    ],
)
def test_faults_of_a_registry(project, name, change, message):
    _edit(project, name, change)
    with pytest.raises(UserError, match=message) as caught:
        Registry.load(project)
    assert len(str(caught.value).splitlines()) == 1


def test_a_class_beside_a_method_may_have_a_base_of_any_module(project):
    path = project / "scripts/scbench/svg/moran.py"
    path.write_text(f"{path.read_text()}\n\nclass _Other(abc.collections.UserDict):\n    pass\n")
    assert Registry.load(project).method("moran_i")["track"] == "svg"


def test_a_key_given_twice_is_refused(project):
    path = project / "config" / "methods.yaml"
    path.write_text(path.read_text() + "\nmoran_i: {}\n")
    with pytest.raises(UserError, match=r"methods.yaml, line \d+: 'moran_i' is given twice"):
        Registry.load(project)


def test_what_is_not_yaml_is_named(project):
    (project / "config" / "methods.yaml").write_text("moran_i: [\n")
    with pytest.raises(UserError, match=r"methods.yaml cannot be read as YAML"):
        Registry.load(project)


CONFIG = {"seed": 1, "tracks": {"svg": {"datasets": ["sim_null"], "methods": ["moran_i"], "replicates": 1}}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"datasets": ["sim_nul"]}, r"dataset 'sim_nul' is not in the registry. Did you mean 'sim_null'\?"),
        ({"datasets": ["zeisel"]}, r"dataset 'zeisel' is not of track 'svg'"),
        ({"methods": ["morani"]}, r"method 'morani' is not in the registry. Did you mean 'moran_i'\?"),
        ({"methods": ["wilcoxon"]}, r"method 'wilcoxon' is not of track 'svg'"),
        ({"methods": ["moran_i", "moran_i"]}, r"'tracks.svg.methods' lists 'moran_i' twice"),
        ({"replicates": 0}, r"'tracks.svg.replicates' must be >= 1. Got 0"),
        ({"fdr": 1.0}, r"'tracks.svg.fdr' must be < 1. Got 1.0"),
        ({"top_k": [5]}, r"'tracks.svg' has the unknown key 'top_k'"),
    ],
)
def test_faults_of_a_configuration(root, change, message):
    config = {"seed": 1, "tracks": {"svg": CONFIG["tracks"]["svg"] | change}}
    with pytest.raises(UserError, match=message):
        load_config(config, Registry.load(root), root)


def test_every_fault_is_told_at_once(root):
    config = {"seed": "one", "tracks": {"svg": CONFIG["tracks"]["svg"] | {"replicates": 0}}}
    with pytest.raises(UserError) as caught:
        load_config(config, Registry.load(root), root)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classifiers": ["knn3", "knn0"]}, r"'tracks.markers.classifiers.1' must match .* Got 'knn0'"),
        ({"classifiers": ["SVM"]}, r"'tracks.markers.classifiers.0' must match .* Got 'SVM'"),
        ({"classifiers": []}, r"'tracks.markers.classifiers' must have at least 1 item"),
        ({"panel_sizes": [0]}, r"'tracks.markers.panel_sizes.0' must be >= 1. Got 0"),
        ({"panel_sizes": [10, 10]}, r"'tracks.markers.panel_sizes' lists 10 twice"),
        ({"n_neighbors": 3}, r"'tracks.markers' has the unknown key 'n_neighbors'"),
        ({"comparisons": {"all": ["t_tset"]}}, r"'tracks.markers.comparisons.all' names 't_tset', .* 't_test'"),
        ({"comparisons": {"A b": ["t_test"]}}, r"A b"),
        ({"matrix": ["wilcoxon"]}, r"'tracks.markers.matrix' names 'wilcoxon', which the track does not run"),
        ({"learning_curves": {"methods": ["t_test"]}}, r"names 't_test', which has no learning curves.*have: none"),
        ({"learning_curves": {"folds": 1}}, r"'tracks.markers.learning_curves.folds' must be >= 2. Got 1"),
        (
            {"localisation": [{"dataset": "zeisel", "method": "t_test", "tissue": "citeseq_cbmc"}]},
            r"'citeseq_cbmc'.*svg",
        ),
        (
            {"localisation": [{"dataset": "zeisl", "method": "t_test", "tissue": "sim_null"}]},
            r"'tracks.markers.localisation.dataset' names 'zeisl', .* 'zeisel'",
        ),
    ],
)
def test_faults_of_the_marker_track(root, change, message):
    run = {"datasets": ["zeisel"], "methods": ["t_test"], "replicates": 1} | change
    with pytest.raises(UserError, match=message):
        load_config({"seed": 1, "tracks": {"markers": run}}, Registry.load(root), root)


def test_a_dataset_in_two_steps_knows_the_one_in_one_step(root):
    registry = Registry.load(root)
    assert registry.one_step("zeisel_two_step") == "zeisel_subtypes"
    assert registry.one_step("toy_two_step") == "toy_cells"
    assert registry.one_step("zeisel_subtypes") is None
    assert registry.one_step("zeisel") is None


def test_expected_runs_are_checked(root):
    row = {"track": "svg", "method": "moran", "status": "timeout", "reason": "too large"}
    with pytest.raises(UserError, match="method 'moran' is not in the registry"):
        load_config(CONFIG | {"expected": [row]}, Registry.load(root), root)


def test_defaults_of_the_configuration_are_filled_in(root):
    config = load_config(CONFIG, Registry.load(root), root)
    assert config["tracks"]["svg"]["fdr"] == 0.05
    assert config["expected"] == []
    assert "fdr" not in CONFIG["tracks"]["svg"], "the input is left alone"
