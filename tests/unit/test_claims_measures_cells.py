"""Claims about annotation and markers are measured from what the tracks leave."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import toy_results as toy
from anndata import AnnData

from scbench.claims import ledger
from scbench.claims.judge import judge
from scbench.claims.measurement import Unmeasured
from scbench.claims.measures.scores import pseudo_values
from scbench.claims.question import Words
from scbench.claims.rules import Rules
from scbench.provenance import ROOT

CLAIMS = {claim.claim_id: claim for claim in ledger.load()}
WORDS, RULES = Words.load(), Rules.load()
FAITHFUL = "scrobust_faithful"


def verdict(name, measured):
    return judge(CLAIMS[name], measured, RULES, 0.95, 1).verdict


def write_class_accuracy(root, dataset, values):
    toy.write_scores(root, "annotation", dataset, "class_accuracy", "", values)


# --- classes ----------------------------------------------------------------------------------------------------------


def test_the_accuracy_of_one_class(ask, tmp_path):
    values = {FAITHFUL: {"CD4+ T Helper2": [0.3, 0.2], "CD34+": [1, 1]}, "ciform": {"CD4+ T Helper2": [0.1, 0.0]}}
    write_class_accuracy(tmp_path, "zheng68k", values)
    assert ask("scrobust-zheng68k-th2-scrobust").claimed["zheng68k"].tolist() == [0.3, 0.2]
    assert ask("scrobust-zheng68k-th2-ciform").claimed["zheng68k"].tolist() == [0.1, 0.0]


def test_a_class_is_named_by_its_start(ask, tmp_path):
    values = {FAITHFUL: {"epsilon cell": [1.0], "alpha cell": [0.5]}, "ciform": {"epsilon cell": [0.5]}}
    write_class_accuracy(tmp_path, "segerstolpe", values)
    found = ask("scrobust-segerstolpe-epsilon-better")
    assert found.claimed["segerstolpe"].tolist() == [1.0]
    assert found.others["ciform"]["segerstolpe"].tolist() == [0.5]


def test_a_class_that_the_data_lack_is_named_with_those_that_they_have(ask, tmp_path):
    write_class_accuracy(tmp_path, "muraro", {FAITHFUL: {"pp": [1.0], "alpha": [0.5]}})
    assert ask("scrobust-muraro-epsilon-scrobust").reason == "muraro: 'epsilon*' names 0 of its classes: alpha, pp."


def test_rare_types_are_those_with_few_cells(ask, tmp_path):
    for dataset in ("baron_mouse", "muraro", "segerstolpe", "zheng68k"):
        toy.write_facts(tmp_path, dataset, labels={"a": 90, "b": 5, "c": 5})
        values = {"a": [0.0, 0.0], "b": [0.5, 1.0], "c": [1.0, 1.0]}
        write_class_accuracy(tmp_path, dataset, {FAITHFUL: values, "ciform": {name: [0.1, 0.2] for name in "abc"}})
    found = ask("scrobust-rare-types-better")
    assert found.claimed["muraro"].tolist() == [0.75, 1.0]
    assert found.quantity == "class_accuracy of classes with at most 5% of the cells"
    assert found.others["ciform"]["zheng68k"].tolist() == [0.1, 0.2]


def test_the_worst_of_the_best_five_classes(ask, tmp_path):
    values = {name: [mean, mean + 0.01] for name, mean in zip("abcdef", (0.9, 0.5, 0.8, 0.7, 0.6, 0.4), strict=True)}
    write_class_accuracy(tmp_path, "macparland", {FAITHFUL: values})
    assert ask("scrobust-marker-macparland-acc-min").claimed["macparland"] == pytest.approx([0.5, 0.51])


def test_misclassification_of_each_class(ask, tmp_path):
    rows = [
        ("smash_dnn", "a", "a", 3), ("smash_dnn", "a", "b", 1), ("smash_dnn", "b", "b", 2),
        ("smash_xgb", "a", "a", 4), ("smash_xgb", "b", "a", 2),  # better in one class, worse on average
        ("rankcorr", "a", "b", 4), ("rankcorr", "b", "b", 1), ("rankcorr", "b", "unassigned", 1),
    ]  # fmt: skip
    table = [
        {"method": method, "scenario": scenario, "replicate": 0, "true": true, "predicted": predicted, "n": n}
        for method, true, predicted, n in rows
        for scenario in ("top5", "top30")
    ]
    toy.write(tmp_path, "results/markers/foetal_liver/confusion.tsv", table)
    found = ask("smash-broad-perclass-foetal-liver")
    assert {name: values.tolist() for name, values in found.claimed.items()} == {
        "a of foetal_liver": [0.25], "b of foetal_liver": [0.0],
    }  # fmt: skip
    assert found.others["rankcorr"]["b of foetal_liver"].tolist() == [0.5]
    assert found.higher is False


# --- dropout, spread, and comparators of another scenario -------------------------------------------------------------

NINE = WORDS.datasets["nine-benchmarks"]


def write_levels(root, method, none, thirty, fifty):
    for name in NINE:
        for end, values in (("", none), ("_dropout_30", thirty), ("_dropout_50", fifty)):
            toy.write_scores(root, "annotation", name + end, "macro_f1", "", {method: values})


def test_a_trend_over_dropout_in_each_dataset(ask, tmp_path):
    write_levels(tmp_path, "ciform", [1.0, 0.8], [0.7, 0.8], [0.5, 0.8])
    found = ask("scrobust-dropout-decline-ciform")
    assert set(found.claimed) == set(NINE)
    assert found.claimed["xin"] == pytest.approx([-0.5 / (2.2 / 3), 0])  # a line through 0, 0.3 and 0.5
    assert verdict("scrobust-dropout-decline-ciform", found) != "not_tested"


def test_how_far_a_score_falls(ask, tmp_path):
    for name in NINE:
        for end, ours, theirs in (("", [0.9, 0.8], [0.9, 0.9]), ("_dropout_50", [0.8, 0.75], [0.5, 0.6])):
            values = {FAITHFUL: ours, "ciform": theirs}
            toy.write_scores(tmp_path, "annotation", name + end, "macro_f1", "", values)
    found = ask("scrobust-dropout-least-affected")
    assert found.claimed["muraro"] == pytest.approx([0.1, 0.05])
    assert found.others["ciform"]["muraro"] == pytest.approx([0.4, 0.3])
    assert found.higher is False


def test_a_fall_waits_for_both_levels_of_every_dataset(ask, tmp_path):
    toy.write_scores(tmp_path, "annotation", "xin", "macro_f1", "", {FAITHFUL: [0.9]})
    assert ask("scrobust-dropout-least-affected").reason.startswith("Not run yet: baron_human")
    toy.write_scores(tmp_path, "annotation", "xin_dropout_50", "macro_f1", "", {FAITHFUL: [0.8]})
    assert ask("scrobust-dropout-least-affected").reason.startswith("1 of 9 datasets have run; lacking baron_human")


def test_pseudo_values_have_the_error_of_the_jackknife():
    values = np.array([1.0, 3.0, np.nan, 4.0, 8.0])
    found, valid = pseudo_values(values), values[np.isfinite(values)]
    assert np.isnan(found[2])
    without = np.array([np.std(np.delete(valid, i), ddof=1) for i in range(4)])
    error = np.sqrt(3 / 4 * ((without - without.mean()) ** 2).sum())
    assert np.nanstd(found, ddof=1) / 2 == pytest.approx(error)
    assert np.isnan(pseudo_values(np.array([1.0, 2.0]))).all()


def test_the_more_stable_of_two(ask, tmp_path):
    rng = np.random.default_rng(0)
    for name in NINE:
        values = {FAITHFUL: rng.normal(0.8, 0.01, 25), "scrobust_random_genes": rng.normal(0.8, 0.1, 25)}
        toy.write_scores(tmp_path, "annotation", name, "macro_f1", "", values)
    found = ask("scrobust-ablation-unique-more-stable")
    assert found.claimed["xin"].mean() == pytest.approx(0.01, rel=0.3)
    assert verdict("scrobust-ablation-unique-more-stable", found) == "reproduced"


def test_a_spread_needs_three_runs(ask, tmp_path):
    for name in NINE:
        values = {FAITHFUL: [0.8, 0.9], "scrobust_random_genes": [0.8, 0.9]}
        toy.write_scores(tmp_path, "annotation", name, "macro_f1", "", values)
    assert "three runs" in ask("scrobust-ablation-unique-more-stable").reason


def test_a_comparator_of_another_scenario(ask, tmp_path):
    toy.write_scores(tmp_path, "annotation", "segerstolpe", "macro_f1", "", {"ciform": [0.6, 0.5], FAITHFUL: [1, 1]})
    toy.write_scores(tmp_path, "annotation", "segerstolpe_dropout_30", "macro_f1", "", {FAITHFUL: [0.8, 0.7]})
    found = ask("scrobust-dropout30-beats-peers-clean-segerstolpe")
    own = "segerstolpe_dropout_30"
    assert found.claimed[own].tolist() == [0.8, 0.7]
    assert found.others["ciform@dropout-0"][own].tolist() == [0.6, 0.5]
    assert found.absent["dnn@dropout-0"] == "mlp: no result on segerstolpe"


def test_one_step_against_two(ask, tmp_path):
    for dataset, values in (("mouse_brain_subtypes", [0.3, 0.4]), ("mouse_brain_two_step", [0.1, 0.2])):
        toy.write_scores(tmp_path, "markers", dataset, "misclassification", "top30", {"smash_dnn": values})
    found = ask("smash-mb-onestep-worse")
    assert found.claimed["mouse_brain_subtypes"].tolist() == [0.3, 0.4]
    assert found.others["smash-best@two-step"]["mouse_brain_subtypes"].tolist() == [0.1, 0.2]


# --- specificity of markers -------------------------------------------------------------------------------------------


def write_specificity(root, dataset, rows):
    names = ["method", "class", "rank", "gene", "mean", "mean_next", "next_class", "tau", "own_list"]
    toy.write(root, f"results/markers/{dataset}/specificity.tsv", [dict(zip(names, row, strict=True)) for row in rows])


def test_markers_that_peak_in_their_class(ask, tmp_path):
    rows = [("smash_dnn", "a", rank, f"g{rank}", 2.0, 1.0, "b", 0.9, True) for rank in (1, 2, 3)]
    rows += [("smash_dnn", "b", 1, "h", 1.0, 2.0, "a", 0.9, True), ("smash_dnn", "b", 4, "i", 1.0, 2.0, "a", 1.0, True)]
    write_specificity(tmp_path, "mouse_brain", rows)
    found = ask("smash-mb-markers-specific")
    assert found.claimed["mouse_brain"].tolist() == [0.75]  # the fourth marker of b is not looked at
    assert verdict("smash-mb-markers-specific", found) == "direction_holds"  # one run
    rows = [("smash_xgb", "a", 1, "g", 2.0, 1.0, "b", 0.9, True), ("smash_xgb", "b", 1, "h", 2.0, 1.0, "a", 0.5, True)]
    write_specificity(tmp_path, "foetal_organs_origin", rows)
    assert ask("smash-organs-markers-unique").claimed["foetal_organs_origin"].tolist() == [0.5]


def test_specificity_among_some_classes(ask, tmp_path):
    rows = [
        ("smash_dnn", "Inh_1", 1, "g", 2.0, 1.0, "Ext", 0.8, True),
        ("smash_dnn", "Inh_2", 1, "h", 1.0, 2.0, "Ext", 0.9, True),  # marks another class
        ("smash_dnn", "Ext", 1, "i", 2.0, 1.0, "Inh_1", 1.0, True),
        ("scgenefit", "Inh_1", 7, "k", 2.0, 1.0, "Ext", 0.3, False),  # one list for three classes
        ("scgenefit", "Inh_1", 10, "l", 2.0, 1.0, "Ext", 0.9, False),
        ("rankcorr", None, None, None, None, None, None, None, None),  # failed
    ]
    write_specificity(tmp_path, "mouse_brain_subtypes", rows)
    found = ask("smash-inh-markers-more-unique")
    assert found.claimed["mouse_brain_subtypes"].tolist() == [0.4]
    assert found.others["scgenefit"]["mouse_brain_subtypes"].tolist() == [0.3]
    assert found.absent == {"rankcorr on mouse_brain_subtypes": "not run"}


# --- embeddings -------------------------------------------------------------------------------------------------------


def write_map(root, dataset, method, places):
    """A map by embedding: type -> places of its cells on a line."""
    rows = [
        {"embedding": name, "x": float(x), "y": 0.0, "cluster": cluster, "type": kind}
        for name, types in places.items()
        for kind, cells in types.items()
        for x, cluster in cells
    ]
    toy.write(root, f"results/annotation/embeddings-map-{dataset}-{method}.tsv", rows)


def test_separation_of_some_types_in_a_map(ask, tmp_path):
    apart = {"activated_stellate": [(0, 0), (1, 0)], "quiescent_stellate": [(10, 1), (11, 1)], "schwann": [(30, 2)] * 2}
    mixed = {"activated_stellate": [(0, 0), (9, 0)], "quiescent_stellate": [(1, 1), (10, 1)], "schwann": [(5, 2)] * 2}
    places = {"scRobust, 400 genes": apart | {"beta": [(0, 0), (30, 0)]}, "PCA, 2000 HVGs": mixed}
    write_map(tmp_path, "baron_human", FAITHFUL, places | {"Untrained, 400 genes": mixed})
    found = ask("scrobust-embed-stellate")
    # Stellate cells: 1 from their own; 10.5 and 9.5 from the next type. Schwann cells lie on one place.
    widths = [1 - 1 / 10.5, 1 - 1 / 9.5, 1 - 1 / 9.5, 1 - 1 / 10.5, 1, 1]
    assert found.claimed["baron_human"] == pytest.approx([np.mean(widths)])
    assert found.others["hvg"]["baron_human"] < 0.25
    assert found.absent["concerto"] == "not part of the benchmark"


def test_separation_by_number_of_features(ask, tmp_path):
    apart, mixed = ({"CD14 Mono": [(0, 0), (1, 0)], "CD16 Mono": [(x, 1), (x, 1)]} for x in (50, 0.5))
    places = {"scRobust, 200 genes": apart, "scRobust, 500 genes": mixed, "PCA, 200 HVGs": mixed}
    write_map(tmp_path, "pbmc_multiome", "scrobust_faithful_1000", places)
    assert ask("scrobust-atac-separated-200").claimed["pbmc_multiome"] > 0.9
    assert ask("scrobust-atac-separated-500").claimed["pbmc_multiome"] < 0.5
    assert ask("scrobust-atac-separated-1000").reason == "pbmc_multiome: 0 embeddings could be meant."
    assert ask("scrobust-atac-pca-mixed-200").reason == "pbmc_multiome: no type is named *cdc*."


def test_clusters_of_a_type(ask, tmp_path):
    cells = {"alpha cell": [(0, "0"), (0, "0"), (0, "1"), (0, "2")], "beta cell": [(0, "0"), (0, "2"), (0, "2")]}
    write_map(tmp_path, "segerstolpe", FAITHFUL, {"scRobust, 400 genes": cells})
    assert ask("scrobust-hba1c-clusters-alpha").claimed["segerstolpe"].tolist() == [2]
    assert ask("scrobust-hba1c-clusters-ductal").claimed["segerstolpe"].tolist() == [0]


def test_by_type_or_by_dataset(ask, tmp_path):
    values = {
        ("scRobust, layer 1, 400 genes", "types"): 0.3,
        ("scRobust, layer 1, 400 genes", "covariate"): 0.1,
        ("scRobust, layer 2, 400 genes", "types"): 0.0,
        ("scRobust, layer 2, 400 genes", "covariate"): 0.5,
        ("PCA, 2000 HVGs", "types"): 0.1,
        ("PCA, 2000 HVGs", "covariate"): 0.1,
    }
    rows = [
        {"embedding": name, "of": of, "score": score, "value": value}
        for (name, of), value in values.items()
        for score in ("silhouette", "ari")
    ]
    toy.write(tmp_path, "results/annotation/embeddings-pancreas_combined-scrobust_two_layers.tsv", rows)
    asked = ["scrobust-embed-layer1", "scrobust-embed-layer2", "scrobust-embed-batch-hvg"]
    found = [ask(name).claimed["pancreas_combined"].item() for name in asked]
    assert found == pytest.approx([0.2, -0.5, 0.0])
    assert verdict("scrobust-embed-layer2", ask("scrobust-embed-layer2")) == "direction_holds"


def test_times_and_markers_of_stages(ask, tmp_path):
    scores = {"embedding": ["HVGs", "HVGs after ComBat", "scRobust after ComBat"], "value": [0.9, 0.1, 0.4]}
    path = f"results/annotation/stages-scores-pc9_erlotinib-{FAITHFUL}.tsv"
    toy.write(tmp_path, path, scores | {"of": "types", "score": "silhouette"})
    assert ask("scrobust-drug-hvg-mixed").claimed["pc9_erlotinib"].tolist() == [0.1]
    assert ask("scrobust-drug-scrobust-by-day").claimed["pc9_erlotinib"].tolist() == [0.4]
    rows = {"by": "clusters", "gene": "ALDH3A1", "stage": ["early", "sensitive"], "against": ["others", "tolerant"]}
    path = f"results/annotation/stages-pc9_erlotinib-{FAITHFUL}.tsv"
    toy.write(tmp_path, path, rows)
    assert ask("scrobust-drug-aldh3a1").claimed["pc9_erlotinib"].tolist() == [0]  # of other comparisons
    toy.write(tmp_path, path, rows | {"stage": ["tolerant", "sensitive"], "against": ["early", "early"]})
    assert ask("scrobust-drug-aldh3a1").claimed["pc9_erlotinib"].tolist() == [1]


# --- expression -------------------------------------------------------------------------------------------------------


def test_a_gene_that_one_of_two_types_expresses(ask, tmp_path):
    labels = ["Inflammatory_Macrophage"] * 2 + ["Non-inflammatory_Macrophage"] * 2 + ["Hepatocyte_1"]
    X = np.array([[2, 0, 1], [2, 4, 1], [1, 0, 1], [0, 0, 1], [9, 9, 0]], dtype=np.float32)
    genes = ["S100A12", "CD5L", "FCER1G"]
    path = tmp_path / "resources/prepared/macparland.h5ad"
    path.parent.mkdir(parents=True)
    obs = pd.DataFrame({"label": pd.Categorical(labels)}, index=[f"c{i}" for i in range(5)])
    AnnData(sp.csr_matrix(X), obs=obs, var=pd.DataFrame(index=genes)).write_h5ad(path)
    found = [ask(f"scrobust-marker-macrophage-{name.lower()}").claimed["macparland"].item() for name in genes]
    assert found == pytest.approx([0.75, 1, 0])
    assert verdict("scrobust-marker-macrophage-cd5l", ask("scrobust-marker-macrophage-cd5l")) == "reproduced"
    assert verdict("scrobust-marker-macrophage-fcer1g", ask("scrobust-marker-macrophage-fcer1g")) == "reproduced"
    assert "and MARCO it has Inflammatory_Macrophage" in ask("scrobust-marker-macrophage-marco").reason


# --- constants --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "place", "other"),
    [
        ("scrobust-n-views", "scbench.annotation.scrobust.settings.VIEWS", 3),
        ("scrobust-input-gene-share", "scbench.annotation.scrobust.settings.VIEW_SHARE", 0.5),
        ("scrobust-input-genes-50", "scbench.annotation.scrobust.settings.FEWEST", 60),
        ("scrobust-input-genes-200", "scbench.annotation.scrobust.settings.MOST", 500),
        ("scrobust-hba1c-n-hvg", "scbench.annotation.embeddings._HVGS", 1000),
        ("scrobust-drug-n-hvg", "scbench.annotation.stages._HVGS", 2000),
        ("scrobust-drug-n-genes-per-comparison", "scbench.annotation.stages.MARKERS", 20),
    ],
)
def test_constants_of_the_code(ask, monkeypatch, claim, place, other):
    assert verdict(claim, ask(claim)) == "reproduced"
    monkeypatch.setattr(place, other)
    assert verdict(claim, ask(claim)) == "not_reproduced"


def test_constants_of_the_registry(ask):
    asked = ["scrobust-atac-n-features-scrobust", "scrobust-atac-n-features-ciform", "scrobust-marker-n-hvg-ciform"]
    assert [next(iter(ask(name).claimed.values())).item() for name in asked] == [1000, 2000, 2000]
    assert ask("scrobust-drug-cluster-threshold").claimed["design"].tolist() == [0.7]


def test_unique_genes_come_rarest_first(ask, monkeypatch):
    claim = "scrobust-unique-gene-order"
    assert ask(claim).claimed["example"] == pytest.approx([-1])
    assert verdict(claim, ask(claim)) == "reproduced"
    monkeypatch.setattr("scbench.annotation.scrobust.order.gene_order", lambda X, kind, seed: np.arange(8)[::-1])
    assert verdict(claim, ask(claim)) != "reproduced"


def test_what_cannot_be_tested_says_why(ask):
    for name in ("scrobust-n-special-tokens", "scrobust-marker-zheng68k-cd56-nk-known", "scrobust-hba1c-nes-cluster0"):
        assert isinstance(ask(name), Unmeasured)
        assert "There is no measure" not in ask(name).reason


def test_judging_needs_no_torch(tmp_path):
    """It runs in the environment of the workflow itself, which has none."""
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from scbench.claims import ledger
from scbench.claims.measure import measure
from scbench.claims.question import Words
from scbench.claims.results import Results
from scbench.registry import Registry
words, results, registry = Words.load(), Results(), Registry.load()
for claim in ledger.load():
    if claim.experiment == "scrobust-protocol":
        measure(claim, words, results, registry)
assert "torch" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT / "scripts"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
