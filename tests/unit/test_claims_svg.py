"""Claims about tissue, clusters of genes, controls and markers are measured from what their studies left."""

import numpy as np
import pandas as pd
import pytest
from toy_results import called, write_facts, write_run

from scbench.claims import judge, ledger
from scbench.claims.measure import measure
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Words
from scbench.claims.results import Results
from scbench.io import write_table

CLAIMS = {claim.claim_id: claim for claim in ledger.load()}
WORDS = Words.load()
COMPARED = "scgco_released-spark-spatialde"


def tissue_folder(root, dataset):
    folder = root / f"results/svg/tissue-{dataset}-{COMPARED}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_trends(root, dataset, clusters):
    """Clusters with their Moran's I, set by set."""
    rows = [
        {"set": name, "cluster": number, "n_genes": 10, "moran": moran}
        for name, found in clusters.items()
        for number, moran in enumerate(found)
    ]
    write_table(pd.DataFrame(rows), tissue_folder(root, dataset) / "cluster_trends.tsv")


# --- clusters ---------------------------------------------------------------------------------------------------------


def test_clusters_are_those_of_the_method_that_is_asked_for(ask, tmp_path):
    for section in range(1, 13):
        clusters = {"all scgco_released": [0.5, 0.3], "all spark": [0.4] * (1 + section % 2), "all spatialde": [0.2]}
        write_trends(tmp_path, f"mob_rep{section}", clusters)
    assert ask("scgco-mob11-umap-clusters-scgco").claimed["mob_rep11"].tolist() == [2]
    numbers = np.array([1, 2] * 6)
    spread = ask("scgco-mob12-umap-vary-spark")
    assert spread.quantity.startswith("coefficient of variation")
    assert spread.claimed["all"] == pytest.approx([numbers.std(ddof=1) / 1.5])
    assert ask("scgco-mob12-umap-vary-spatialde").claimed["all"].tolist() == [0]


def test_a_variant_that_was_not_compared_has_no_clusters(tmp_path, registry):
    write_trends(tmp_path, "mob_rep11", {"all scgco_released": [0.5]})
    found = dict(measure(CLAIMS["scgco-mob11-umap-clusters-scgco"], WORDS, Results(tmp_path), registry))
    assert found["scgco_paper"] == Unmeasured("not_tested", "mob_rep11: no such set of genes for scgco_paper.")


def test_clusters_are_localised_by_their_mean_pattern(ask, tmp_path):
    write_trends(tmp_path, "mob_rep11", {"all scgco_released": [0.5, 0.3], "random": [0.0, 0.1]})
    found = ask("scgco-mob11-cluster3")
    assert found.quantity.startswith("Moran's I")
    assert found.claimed["mob_rep11"] == pytest.approx([0.4])
    assert not found.exact  # where k-means starts is random


def test_clusters_are_looked_for_in_the_layers_of_the_claim(ask, tmp_path):
    write_trends(tmp_path, "mob_rep11", {"all scgco_released": [0.5, 0.3]})
    layers = ["1: Granular Cell Layer", "2: Mitral Cell Layer", "3: Outer Plexiform Layer", "5: Olfactory Nerve Layer"]
    counts = {0: ([9, 0, 1, 0], [0, 0, 0, 10]), 1: ([0, 3, 4, 1], [6, 2, 0, 0])}  # highest and lowest in each
    rows = [
        {
            "set": "all scgco_released",
            "cluster": c,
            "n_genes": sum(high),
            "layer": name,
            "n_highest": h,
            "n_lowest": low,
        }
        for c, (high, lows) in counts.items()
        for name, h, low in zip(layers, high, lows, strict=True)
    ]
    write_table(pd.DataFrame(rows), tissue_folder(tmp_path, "mob_rep11") / "cluster_layers.tsv")
    shares = [ask(f"scgco-mob11-cluster{number}").claimed["mob_rep11"][0] for number in range(4)]
    assert shares == pytest.approx([9 / 10, 1 / 8, 7 / 8, 6 / 8])
    assert ask("scgco-mob11-cluster0").quantity.startswith("share of the genes of a cluster")
    write_table(pd.DataFrame(rows).assign(layer="core"), tissue_folder(tmp_path, "mob_rep11") / "cluster_layers.tsv")
    assert ask("scgco-mob11-cluster1").reason == "mob_rep11: no layer named nerve."


# --- structure and distances ------------------------------------------------------------------------------------------


def write_structures(root, **codes):
    np.savez(tissue_folder(root, "mob_rep11") / "structures.npz", **{k.replace("__", " "): v for k, v in codes.items()})


def test_layers_are_resolved_by_overlap(ask, tmp_path):
    common = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    # Two of three spots of layer 0 and one beyond (2 of 4); layer 1 less one spot (2 of 3); layer 2 with one more.
    write_structures(tmp_path, common=common, only__scgco_released=np.array([5, 5, 3, 5, 1, 1, 2, 2, 2]))
    assert ask("scgco-mob11-scgco-only-layers").claimed["mob_rep11"].tolist() == [2]
    assert ask("scgco-mob11-common-layers").reason == "mob_rep11: no annotated layers to compare with."
    assert isinstance(ask("scgco-mob11-spark-only-layers"), Unmeasured)
    write_structures(tmp_path, common=common, annotated=np.array([0, 0, 0, 1, 1, 1, 1, 1, -1]))
    assert ask("scgco-mob11-common-layers").claimed["mob_rep11"].tolist() == [2]


def test_common_genes_are_compared_with_annotated_layers_and_others_with_the_common_genes(ask, tmp_path):
    rows = [
        {"set": "only spark", "reference": reference, "accuracy": accuracy}
        for reference, accuracy in (("common", 0.5), ("annotated", 0.4))
    ]
    path = tissue_folder(tmp_path, "mob_rep11") / "structure.tsv"
    write_table(pd.DataFrame(rows), path)
    assert ask("scgco-mob11-common-spots").reason == "mob_rep11: no annotated layers to compare with."
    write_table(pd.DataFrame([*rows, {"set": "common", "reference": "annotated", "accuracy": 0.8}]), path)
    assert ask("scgco-mob11-common-spots").claimed["mob_rep11"].tolist() == [0.8]
    assert ask("scgco-mob11-nodes-correct-spark").claimed["mob_rep11"].tolist() == [0.5]


def test_random_genes_are_one_of_the_sets(ask, tmp_path):
    sets = {"common": 1.0, "random": 9.0, "only scgco_released": 2.0, "only spark": 3.0, "only spatialde": 4.0}
    rows = [{"set": name, "segmentation": "shared", "hamming": value} for name, value in sets.items()]
    cutoffs = [
        {"metric": "hamming", "set": f"only {m}", "share": s} for m, s in (("scgco_released", 0.9), ("spark", 0.6))
    ]
    for section in range(1, 13):
        folder = tissue_folder(tmp_path, f"mob_rep{section}")
        write_table(pd.DataFrame(rows), folder / "distances.tsv")
        write_table(pd.DataFrame(cutoffs), folder / "distance_cutoffs.tsv")
    found = ask("scgco-mob12-distance-random-worst-hamming")
    assert found.claimed["mob_rep3"].tolist() == [9]
    assert {name: values["mob_rep3"].tolist() for name, values in found.others.items()} == {
        "common-set": [1], "scgco": [2], "spark": [3], "spatialde": [4],
    }  # fmt: skip
    beyond = ask("scgco-mob12-distance-fpr-hamming")
    assert beyond.claimed["mob_rep1"] == pytest.approx([0.1])
    assert beyond.others["spark"]["mob_rep1"] == pytest.approx([0.4])
    assert beyond.higher is False


def test_spots_with_counts_of_the_genes_that_one_method_calls(ask, tmp_path):
    folder = tmp_path / "results/svg/breast_cancer_layer2"
    folder.mkdir(parents=True)
    only = {"scgco_released": [1, 1, 1, 0, 0, 1], "spark": [0] * 5 + [1], "spatialde": [0, 0, 0, 1, 1, 1]}
    table = pd.DataFrame({"gene": list("abcdef")} | {name: np.array(made, bool) for name, made in only.items()})
    write_table(table, folder / "called.tsv")
    assert isinstance(ask("scgco-bc-spatialde-few-spots"), Unmeasured)  # of an earlier version, without the numbers
    write_table(table.assign(n_spots=[10, 30, 50, 2, 4, 99]), folder / "called.tsv")
    found = ask("scgco-bc-spatialde-few-spots")
    assert found.claimed["breast_cancer_layer2"].tolist() == [3]
    assert found.others["scgco"]["breast_cancer_layer2"].tolist() == [30]


def test_a_figure_is_named_where_it_was_drawn(tmp_path):
    write_trends(tmp_path, "mob_rep11", {"all scgco_released": [0.5, 0.3]})
    write_structures(tmp_path, common=np.zeros(2), only__spark=np.zeros(2))
    figures = tmp_path / "results/figures"
    figures.mkdir()
    (figures / f"svg-clusters-mob_rep11-{COMPARED}.png").touch()
    found = {row["claim_id"]: row["figure"] for row in judge.rows(confidence=0.95, seed=1, root=tmp_path)}
    assert found["scgco-mob11-cluster0"] == f"results/figures/svg-clusters-mob_rep11-{COMPARED}.png"
    assert found["scgco-mob11-spark-only-layers"] == ""
    assert {figure for figure in found.values() if figure} == {found["scgco-mob11-cluster0"]}


# --- controls and markers ---------------------------------------------------------------------------------------------


def genes_called(names, n):
    return called(n).assign(gene=names)


def test_controls_that_are_called(ask, tmp_path):
    names = ["Blank-1", *"abcde", "notarget-1", "Blank-2", "g", "h"]  # three controls, the first of them called
    write_run(tmp_path, "merfish_140", "scgco_released", genes_called(names, 5))
    write_run(tmp_path, "merfish_140", "spark", genes_called(names, 10))
    assert ask("scgco-merfish140-controls-scgco").claimed["merfish_140"].tolist() == [1]
    lowest = ask("scgco-merfish140-fpr-lowest")
    assert lowest.claimed["merfish_140"] == pytest.approx([1 / 3])
    assert lowest.others["spark"]["merfish_140"].tolist() == [1]
    assert lowest.higher is False
    balance = ask("scgco-merfish140-balance")
    assert balance.claimed["merfish_140"] == pytest.approx([4 / 7 - 1 / 3])
    assert balance.others["spark"]["merfish_140"].tolist() == [0]  # who calls everything has no balance
    assert ask("scgco-intro-fpr").absent["lcm_mge"] == "not run"
    assert isinstance(ask("scgco-merfish140-controls-spatialde"), Unmeasured)


def test_the_number_of_controls_is_that_of_the_data(ask, tmp_path):
    write_facts(tmp_path, "lcm_mge", cells=1, genes=9, controls=3)
    assert ask("scgco-mge-n-spikes").claimed["lcm_mge"].tolist() == [3]
    write_facts(tmp_path, "merfish_140", cells=1, genes=9, controls=None)
    assert ask("scgco-merfish140-n-controls").reason == "No controls in merfish_140."


def test_markers_that_are_called(ask, tmp_path):
    names = ["Chat", "MNX1", "prph", "x", "NEFH", "y", "z", "HOXC5", "v", "w"]
    write_run(tmp_path, "lcm_motor_neurons", "scgco_released", genes_called(names, 3))
    write_run(tmp_path, "lcm_motor_neurons", "spatialde", genes_called(names, 10))
    assert ask("scgco-mn-markers-scgco").claimed["lcm_motor_neurons"].tolist() == [3]
    assert ask("scgco-mn-chat-spatialde").claimed["lcm_motor_neurons"].tolist() == [1]
    assert ask("scgco-mn-hoxc-spatialde").reason == "lcm_motor_neurons: 1 of 2 genes are not in the data."
    assert "not in the text" in ask("scgco-mn-glial-scgco").reason


# --- design -----------------------------------------------------------------------------------------------------------


def test_patterns_of_the_simulation(ask, tmp_path):
    write_facts(tmp_path, "sim_noise_01", cells=9, genes=50, patterns={"streak": 10, "annulus": 20, "bulb_core": 30})
    names = ("n-patterns", "n-artificial", "n-biological", "n-per-pattern")
    assert [ask(f"scgco-sim-{name}").claimed["sim_noise_01"].tolist() for name in names] == [[3], [2], [1], [20]]
    assert ask("scgco-sim-n-shuffles").claimed["design"].tolist() == [9]


def test_methods_of_an_experiment_are_counted_without_variants_and_controls(ask):
    found = ask("scgco-seqfish-n-methods")
    assert isinstance(found, Measurement)
    assert found.quantity == "methods of the experiment scgco-seqfish: scgco, spatialde, spark, trendsceek"
    assert ask("smash-n-peer-algorithms").claimed["design"].tolist() == [2]
