"""What runs again after a change: what depends on it, and nothing else."""

import re
import subprocess

import pytest
import yaml
from conftest import SVG

from scbench.io import read_table

pytestmark = pytest.mark.workflow


def _runs(jobs):
    return sorted(wildcards for rule, wildcards in jobs if rule == "run")


def _block(root, kind, path):
    """A block of the README that is marked with the file it belongs to."""
    text = (root / "README.md").read_text()
    return re.search(rf"<!-- {kind}: {re.escape(path)} -->\n```\w+\n(.*?)```", text, re.DOTALL)[1]


def test_nothing_changed_nothing_runs(done):
    assert done.planned() == []


def test_other_costs_run_nothing_again(done):
    text = done.read("config/costs.yaml").decode()
    (done.folder / "config/costs.yaml").write_text(re.sub(r"at_reference: [^,]+", "at_reference: 99.0", text))
    assert done.planned() == []


def test_a_plan_is_of_what_is_left_to_do(done):
    done.configure(svg=SVG | {"replicates": 3})
    printed = done.snakemake("-n")
    assert re.search(r"^What the 3 runs of this plan take", printed, re.MULTILINE)
    assert re.search(r"^total +3 +0 ", printed, re.MULTILINE)
    assert len(re.findall(r"^rule run:", printed, re.MULTILINE)) == 3


def test_an_edited_method_runs_again_and_no_other(done):
    done.append("scripts/scbench/svg/moran.py", "# an edit\n")
    jobs = done.planned()
    assert _runs(jobs) == [f"track=svg, dataset=toy_spots, method=moran_i, replicate={r}" for r in range(2)]
    assert [wildcards for rule, wildcards in jobs if rule == "score"] == ["track=svg, dataset=toy_spots"]
    assert not {"prepare", "split"} & {rule for rule, _ in jobs}


def test_an_edit_of_what_runs_every_method_runs_every_method(done):
    done.append("scripts/scbench/contract.py", "# an edit\n")
    assert len(_runs(done.planned())) == 6


def test_an_edited_metric_scores_again_and_runs_no_method(done):
    done.append("scripts/scbench/metrics/calls.py", "# an edit\n")
    jobs = done.planned()
    assert _runs(jobs) == []
    assert sum(rule == "score" for rule, _ in jobs) == 1


def test_an_edited_figure_is_drawn_again_and_nothing_else(done):
    done.append("scripts/scbench/figures/tissue.py", "# an edit\n")
    assert {rule for rule, _ in done.planned()} == {"figure_tissue", "all"}


def test_an_edited_simulator_simulates_again(done):
    done.append("scripts/scbench/simulate/spatial.py", "# an edit\n")
    jobs = done.planned()
    assert sum(rule == "prepare" for rule, _ in jobs) == 2
    assert len(_runs(jobs)) == 6


def test_a_changed_setting_runs_what_it_touches(done):
    methods = done.folder / "config/methods.yaml"
    methods.write_text(
        methods.read_text().replace("label: Moran's I\n", "label: Moran's I\n  params: {n_neighbors: 4}\n")
    )
    assert len(_runs(done.planned())) == 2
    done.configure(svg=SVG | {"fdr": 0.1})
    methods.write_text(methods.read_text().replace("  params: {n_neighbors: 4}\n", ""))
    jobs = done.planned()
    assert _runs(jobs) == []
    assert sum(rule == "score" for rule, _ in jobs) == 1


def test_more_replicates_run_only_the_new_ones(done):
    done.configure(svg=SVG | {"replicates": 3})
    assert all("replicate=2" in wildcards for wildcards in _runs(done.planned()))
    assert len(_runs(done.planned())) == 3


def test_a_method_is_added_as_the_readme_says(done, root):
    path = "scripts/scbench/svg/variance.py"
    (done.folder / path).write_text(_block(root, "file", path))
    done.append("config/methods.yaml", _block(root, "append", "config/methods.yaml"))
    done.configure(svg=SVG | {"methods": [*SVG["methods"], "variance"]})
    assert all("method=variance" in wildcards for wildcards in _runs(done.planned()))
    done.snakemake()
    ranks = read_table(done.folder / "results/svg/ranks.tsv")
    assert "variance" in set(ranks["method"])
    status = read_table(done.folder / "results/svg/status.tsv")
    assert set(status.loc[status["method"] == "variance", "status"]) == {"ok"}


def test_a_dataset_is_added_as_the_readme_says(project, root):
    import anndata as ad
    import numpy as np

    counts = np.random.default_rng(0).poisson(3, (60, 20)) + np.repeat([[0], [9]], 30, axis=0) * (np.arange(20) < 3)
    cells = ad.AnnData(counts.astype(float), obs={"cell_type": ["a"] * 30 + ["b"] * 30})
    cells.write_h5ad(project.folder / "my_cells.h5ad")
    project.append("config/datasets.yaml", _block(root, "append", "config/datasets.yaml"))
    methods = ["nearest_centroid", "majority_type", "true_type"]
    project.configure(annotation={"datasets": ["my_cells"], "methods": methods, "replicates": 2, "folds": 2})
    project.snakemake("results/annotation/ranks.tsv")
    ranks = read_table(project.folder / "results/annotation/ranks.tsv")
    means = ranks[ranks["metric"] == "accuracy"].set_index("method")["mean"]
    assert means["majority_type"] == 0.5
    assert means["true_type"] == 1
    assert means["nearest_centroid"] > 0.8
    # Another version of the file is seen.
    ad.AnnData(counts[:58].astype(float), obs={"cell_type": ["a"] * 30 + ["b"] * 28}).write_h5ad(
        project.folder / "my_cells.h5ad"
    )
    assert any(rule == "prepare" for rule, _ in project.planned("results/annotation/ranks.tsv"))


def test_a_slip_in_the_registry_ends_before_anything_runs(done):
    methods = done.folder / "config/methods.yaml"
    methods.write_text(methods.read_text().replace("pvalues: false", "p_values: false"))
    printed = done.snakemake("-n", check=False)
    assert "methods.yaml: 'hvg' has the unknown key 'p_values'. Did you mean 'pvalues'?" in printed
    assert "Traceback" not in printed


def test_make_targets_exist(root):
    printed = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "lint", "clean", "help"):
        assert f"make {target} " in printed


def test_a_configuration_that_does_not_exist_is_named(root):
    # `-o setup`: the environment that runs this test is not to be built again.
    command = ["make", "-o", "setup", "run", "CONFIG=config/nope.yaml"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "CONFIG=config/nope.yaml does not exist. In config/: config.yaml, paper.yaml, smoke.yaml." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_two_level_labels_come_from_one_entry(root):
    entry = yaml.safe_load((root / "config/datasets.yaml").read_text())["zeisel_subtypes"]
    assert entry["source"]["params"] == {"column": "subtype", "keep": "type"}
