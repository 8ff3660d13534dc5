"""Claims are measured from results: what is looked up, and what is said where there is nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy_results import called, write_facts, write_run, write_scores

from scbench import experiments, plan_claims
from scbench.claims import judge, ledger
from scbench.claims.measure import function, measure
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Words
from scbench.claims.results import Results
from scbench.errors import UserError
from scbench.io import write_table

CLAIMS = {claim.claim_id: claim for claim in ledger.load()}
WORDS = Words.load()


# --- the words --------------------------------------------------------------------------------------------------------


def test_words_name_what_there_is(registry):
    WORDS.check(registry, CLAIMS.values())
    used = {claim.method for claim in CLAIMS.values()} | {
        name.partition("@")[0] for claim in CLAIMS.values() for name in claim.comparator_ids
    }
    assert set(WORDS.missing) <= used


def test_every_measure_exists():
    options = [option for track in WORDS.metrics.values() for option in track.values()]
    options += [*WORDS.claims.values(), *(o for group in WORDS.settings.values() for o in group.values())]
    for name in {option["by"] for option in options if "by" in option}:
        assert callable(function(name))
    with pytest.raises(UserError, match=r"'by' names 'scores\.skore'"):
        function("scores.skore")


def test_every_experiment_of_the_ledger_is_there():
    assert {claim.experiment for claim in CLAIMS.values()} == set(experiments.load())


def test_every_claim_has_a_row_and_a_reason_where_nothing_has_run(tmp_path):
    rows = judge.rows(confidence=0.95, seed=1, root=tmp_path)
    assert [row["claim_id"] for row in rows] == list(CLAIMS)
    assert all(row["reason"] for row in rows)
    by_design = {row["metric"] for row in rows if row["verdict"] not in ("not_tested", "not_public")}
    # Constants and counts need no run, and what a step of the code does to an example.
    assert all(metric.startswith(("n_", "param_")) or metric == "unique_gene_order" for metric in by_design)
    assert {row["verdict"] for row in rows if row["testable_here"] == "not-public"} == {"not_public"}


def test_a_scenario_that_is_not_set_up_is_never_measured_as_another(tmp_path, registry):
    write_scores(tmp_path, "annotation", "baron_mouse", "macro_f1", "", {"scrobust_faithful": [1.0]})
    claim = replace(CLAIMS["scrobust-best-f1-baron-mouse"], scenario="dropout-99")
    found = measure(claim, WORDS, Results(tmp_path), registry)[0][1]
    assert found == Unmeasured("not_tested", "The scenario dropout-99 is not set up.")


def test_what_is_missing_is_named(ask):
    assert ask("scgco-sim-noise06-best-f1") == Unmeasured("not_tested", "Not run yet: sim_noise_06.")
    assert "Concerto" not in ask("scrobust-embed-batch-concerto").reason
    assert ask("scrobust-embed-batch-concerto").reason == "concerto: not part of the benchmark."
    assert ask("smash-broad-m-lung-cancer-broad").verdict == "not_public"


# --- ways to measure --------------------------------------------------------------------------------------------------


def write_structure(root, recipe="", **accuracies):
    folder = root / "results/svg/tissue-mob_rep11-scgco_released-spark-spatialde" / recipe
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"set": f"only {name}", "reference": "common", "accuracy": value} for name, value in accuracies.items()]
    write_table(pd.DataFrame(rows), folder / "structure.tsv")


def test_the_released_recipe_is_judged_beside_ours(tmp_path, registry):
    claim = CLAIMS["scgco-mob11-nodes-correct-scgco"]
    write_structure(tmp_path, scgco_released=0.7, spark=0.6)
    write_structure(tmp_path, "released", scgco_released=0.5, spark=0.8)
    measured = measure(claim, WORDS, Results(tmp_path), registry)
    found = {name: one for name, one in measured if isinstance(one, Measurement)}
    assert list(found) == ["scgco_released", "scgco_released, structure as released"]
    assert [one.claimed["mob_rep11"].tolist() for one in found.values()] == [[0.7], [0.5]]
    assert [one.evidence[0].split("/")[3] for one in found.values()] == ["structure.tsv", "released"]
    assert [bool(one.figure) for one in found.values()] == [True, False]


def test_verdicts_are_made_again_when_either_recipe_has_run(tmp_path):
    digests = [plan_claims.digest(tmp_path)]
    for recipe in ("", "released"):
        write_structure(tmp_path, recipe, spark=0.6)
        digests.append(plan_claims.digest(tmp_path))
    assert len(set(digests)) == 3


def test_ours_comes_first_and_is_not_replaced_by_the_other(ask, tmp_path):
    write_structure(tmp_path, "released", scgco_released=0.5)
    assert ask("scgco-mob11-nodes-correct-scgco") == Unmeasured("not_tested", "mob_rep11: not run.")


def test_a_further_way_has_all_data_and_variants(registry):
    words = replace(WORDS, released={"mob_rep11": "toy_spots"})
    asked = words.questions(CLAIMS["scgco-mob11-nodes-correct-spark"])
    assert [(question.data, question.datasets, question.measure.get("recipe")) for question in asked] == [
        ("", ("mob_rep11",), None),
        ("data as released", ("toy_spots",), None),
        ("structure as released", ("mob_rep11",), "released"),
        ("data as released, structure as released", ("toy_spots",), "released"),
    ]
    assert not any("also" in question.measure for question in asked)


def test_unknown_recipes_and_ways_that_would_not_be_asked_are_named(tmp_path, registry):
    claim = CLAIMS["scgco-mob11-nodes-correct-spark"]
    words = replace(WORDS, claims={claim.claim_id: {"also": {"x": {"recipe": "relaesed"}}}})
    with pytest.raises(UserError, match=r"'recipe' of 'scgco-mob11-nodes-correct-spark' is 'relaesed'.*'released'"):
        measure(claim, words, Results(tmp_path), registry)
    words = replace(WORDS, claims={"scgco-gmm-max-components": {"also": {"x": {"a": 1}}}})
    with pytest.raises(UserError, match=r"'scgco-gmm-max-components' has 'also', which 'constants.constant'"):
        words.check(registry, CLAIMS.values())


# --- scores -----------------------------------------------------------------------------------------------------------


def test_scores_over_replicates(ask, tmp_path):
    values = {"scgco_released": [0.9, 0.8], "spark": [0.7, 0.6], "scgco_paper": [0.5, 0.4]}
    write_scores(tmp_path, "svg", "sim_noise_06", "svg_f1", "bh", values)
    found = ask("scgco-sim-noise06-best-f1")
    assert found.claimed["sim_noise_06"].tolist() == [0.9, 0.8]
    assert found.others["spark"]["sim_noise_06"].tolist() == [0.7, 0.6]
    assert found.absent == {"spatialde on sim_noise_06": "not run"}
    assert found.higher
    assert found.evidence == ("results/svg/sim_noise_06/scores.tsv",)
    assert ask("scgco-sim-noise06-best-f1", variant=1).claimed["sim_noise_06"].tolist() == [0.5, 0.4]


def test_the_better_of_two_counts(ask, tmp_path):
    values = {"smash_dnn": [0.2, 0.4], "smash_xgb": [0.1, 0.3], "scgenefit": [0.5, 0.5], "rankcorr": [0.6, 0.6]}
    write_scores(tmp_path, "markers", "zeisel", "misclassification", "top30", values)
    found = ask("smash-broad-m-zeisel")
    assert found.claimed["zeisel"].tolist() == [0.1, 0.3]  # lower is better
    assert not found.higher
    assert found.overlap == 0.25  # a fifth of the cells is held out


def test_a_claim_about_several_datasets_waits_for_all(ask, tmp_path):
    write_scores(tmp_path, "markers", "zeisel", "misclassification", "top30", {"smash_dnn": [0.2], "scgenefit": [0.5]})
    assert ask("smash-broad-best-all").reason.startswith("1 of 6 datasets have run; lacking citeseq_cbmc,")


def test_a_trend_over_the_levels_of_a_series(ask, tmp_path):
    for level, name in enumerate((10, 20, 30, 40, 50)):
        values = {"scgco_released": [0.9 - 0.1 * level, 0.9]}
        write_scores(tmp_path, "svg", f"sim_exchange_{name}", "svg_f1", "bh", values)
    found = ask("scgco-sim-exchange-decline-scgco")
    assert found.quantity.startswith("trend")
    assert found.claimed["all levels"] == pytest.approx([-0.4 / 0.7, 0])


# --- called genes -----------------------------------------------------------------------------------------------------


def test_called_genes_are_counted(ask, tmp_path):
    write_run(tmp_path, "mob_rep11", "scgco_released", called(6))
    write_run(tmp_path, "mob_rep11", "spatialde", called(3))
    write_run(tmp_path, "mob_rep11", "spark", status="failed")
    assert ask("scgco-mob11-n-svg-scgco").claimed["mob_rep11"].tolist() == [6]
    assert ask("scgco-mob11-n-svg-scgco").exact
    assert ask("scgco-mob11-fold-spatialde").claimed["mob_rep11"].tolist() == [2]
    assert isinstance(ask("scgco-mob11-n-svg-spark"), Unmeasured)


def test_numbers_of_called_genes_over_tissues(ask, tmp_path):
    for field, n in zip(range(33, 54), [*range(1, 8)] * 3, strict=True):
        write_run(tmp_path, f"seqfish_field_{field}", "scgco_released", called(n))
        write_run(tmp_path, f"seqfish_field_{field}", "spark", called(n - 1))
    spread = ask("scgco-seqfish-vary-scgco").claimed["all"]
    numbers = np.array([*range(1, 8)] * 3)
    assert spread == pytest.approx([numbers.std(ddof=1) / numbers.mean()])
    least = ask("scgco-seqfish-robust")
    assert least.claimed["21 tissues"].tolist() == [1]
    assert least.others["spark"]["21 tissues"].tolist() == [0]


def calls(genes, called=None):
    """Output of a test that calls some of ten genes by its p-values, or by rules of its own and without p-values."""
    found = np.isin(np.arange(10), list(genes))
    p = np.where(found, 1e-6, 1.0) if called is None else np.full(10, np.nan)
    own = np.nan if called is None else np.isin(np.arange(10), list(called))
    names = [f"gene{i}" for i in range(10)]
    return pd.DataFrame({"gene": names, "pvalue": p, "qvalue": p, "called": own, "score": range(10)})


def test_genes_that_two_methods_call(ask, tmp_path):
    assert ask("scgco-hvg-overlap").reason == "mob_rep11: no calls of scgco_released, hvg_cutoffs."
    write_run(tmp_path, "mob_rep11", "scgco_released", calls({0, 1, 2, 3}))
    write_run(tmp_path, "mob_rep11", "hvg_cutoffs", calls((), called={2, 3, 4, 5, 6}))
    write_run(tmp_path, "mob_rep11", "domain_deseq2", calls({0, 1, 2, 3}, called={3, 9}))
    assert ask("scgco-hvg-n").claimed["mob_rep11"].tolist() == [5]
    assert ask("scgco-hvg-overlap").claimed["mob_rep11"].tolist() == [2]
    assert ask("scgco-hvg-share-bound").claimed["mob_rep11"].tolist() == [0.4]
    assert ask("scgco-deseq2-n").claimed["mob_rep11"].tolist() == [2]  # not the four by p-values
    assert ask("scgco-deseq2-overlap").claimed["mob_rep11"].tolist() == [1]
    assert ask("scgco-deseq2-share-bound").claimed["mob_rep11"].tolist() == [0.5]


def test_genes_that_three_methods_call(ask, tmp_path):
    write_run(tmp_path, "lcm_motor_neurons", "scgco_released", calls({0, 1, 2, 3}))
    write_run(tmp_path, "lcm_motor_neurons", "spark", calls({1, 2, 3, 4, 5}))
    assert ask("scgco-mn-overlap-spark-pct").claimed["lcm_motor_neurons"].tolist() == [0.75]  # of scGCO's
    assert ask("scgco-mn-reproducibility").absent == {"spatialde on lcm_motor_neurons": "no calls of spatialde"}
    write_run(tmp_path, "lcm_motor_neurons", "spatialde", calls({3, 5, 7, 8}))
    assert ask("scgco-mn-spatialde-unique").claimed["lcm_motor_neurons"].tolist() == [2]
    more = ask("scgco-mn-reproducibility")
    assert more.claimed["lcm_motor_neurons"].tolist() == [3]
    assert more.others["spatialde"]["lcm_motor_neurons"].tolist() == [2]


def test_a_share_of_no_genes_is_no_number(ask, tmp_path):
    write_run(tmp_path, "mob_rep11", "scgco_released", calls({0, 1}))
    write_run(tmp_path, "mob_rep11", "hvg_cutoffs", calls((), called=()))
    assert np.isnan(ask("scgco-hvg-share-bound").claimed["mob_rep11"]).all()
    write_run(tmp_path, "mob_rep11", "domain_deseq2", calls(()).assign(pvalue=np.nan, qvalue=np.nan))
    assert ask("scgco-deseq2-overlap").reason == "mob_rep11: no calls of domain_deseq2."  # it only ranks


# --- structure of a tissue --------------------------------------------------------------------------------------------


def test_structures_have_the_reference_of_the_paper(ask, tmp_path):
    """Layers for the common genes; the structure of the common genes for others, even where layers are annotated."""
    rows = [
        ("common", "annotated", 0.9),
        ("only scgco_released", "common", 0.8),
        ("only scgco_released", "annotated", 0.1),
    ]
    table = pd.DataFrame(rows, columns=["set", "reference", "accuracy"])
    path = tmp_path / "results/svg/tissue-mob_rep11-scgco_released-spark-spatialde/structure.tsv"
    path.parent.mkdir(parents=True)
    write_table(table, path)
    assert ask("scgco-mob11-common-spots").claimed["mob_rep11"].tolist() == [0.9]
    assert ask("scgco-mob11-nodes-correct-scgco").claimed["mob_rep11"].tolist() == [0.8]
    write_table(table.iloc[1:], path)
    assert "no annotated layers" in ask("scgco-mob11-common-spots").reason


def test_a_gene_without_segments_is_far_and_no_end_of_the_comparison(ask, tmp_path):
    rows = [("only scgco_released", d) for d in (0.1, 0.2, np.inf)] + [
        ("only hvg_cutoffs", d) for d in (0.3, 0.6, np.inf)
    ]
    table = pd.DataFrame(rows, columns=["set", "jaccard"]).assign(segmentation="shared")
    path = tmp_path / "results/svg/tissue-mob_rep11-scgco_released-hvg_cutoffs/distances.tsv"
    path.parent.mkdir(parents=True)
    write_table(table, path)
    found = ask("scgco-hvg-distance-worse")
    assert found.claimed["mob_rep11"].tolist() == [0.6]
    assert found.others["scgco"]["mob_rep11"].tolist() == [0.2]


# --- time and memory --------------------------------------------------------------------------------------------------


def test_growth_is_fitted_and_extended(ask, tmp_path):
    for exponent, name in ((3.0, "1e3"), (3.5, "3e3"), (4.0, "1e4"), (4.5, "3e4")):
        cells = 10**exponent
        write_facts(tmp_path, f"scale_{name}", cells=cells, genes=100)
        row = {"wall_s": cells / 1e3, "cpu_s": cells / 1e3, "peak_rss_mb": 100 + cells / 10, "start_rss_mb": 100}
        write_run(tmp_path, f"scale_{name}", "scgco_released", reason="", threads=1, **row)
        write_run(tmp_path, f"scale_{name}", "spatialde", reason="", threads=1, **row | {"wall_s": cells**2 / 1e6})
    linear = ask("scgco-scale-time-shape-scgco")
    assert linear.claimed["all sizes"] == pytest.approx([1])
    assert linear.quantity.startswith("growth exponent")
    assert ask("scgco-scale-time-shape-spatialde").claimed["all sizes"] == pytest.approx([2])
    write_facts(tmp_path, "scale_1e6", cells=10**6, genes=100)
    hours = ask("scgco-scale-time-1m-scgco")
    assert hours.claimed["scale_1e6"] == pytest.approx([1000])
    assert hours.quantity == "wall_s, extended from 31,623 to 1,000,000 cells"
    memory = ask("scgco-scale-memory-1m-scgco")
    assert memory.claimed["scale_1e6"] == pytest.approx([100.1])  # GB


def test_a_size_that_ran_is_not_extended_to(ask, tmp_path):
    write_facts(tmp_path, "scale_1e6", cells=10**6, genes=100)
    row = {"wall_s": 60.0, "cpu_s": 60.0, "peak_rss_mb": 2000.0, "start_rss_mb": 100.0, "reason": "", "threads": 1}
    write_run(tmp_path, "scale_1e6", "scgco_released", **row)
    write_run(tmp_path, "scale_1e6", "spark", **row | {"status": "oom"})
    assert ask("scgco-scale-time-1m-scgco").claimed["scale_1e6"].tolist() == [60]
    assert ask("scgco-scale-error-1m-spark").claimed["scale_1e6"].tolist() == [1]


# --- design and constants ---------------------------------------------------------------------------------------------


def test_sizes_are_those_of_the_prepared_data(ask, tmp_path):
    write_facts(tmp_path, "zeisel", cells=7, genes=5, labels={"a": 3, "b": 4})
    sizes = [ask(f"smash-t1-zeisel-{name}").claimed["zeisel"].tolist() for name in ("cells", "genes", "types")]
    assert sizes == [[7], [5], [2]]
    write_facts(tmp_path, "sim_noise_01", cells=9, genes=5, patterned_genes=2)
    assert ask("scgco-sim-n-null").claimed["sim_noise_01"].tolist() == [3]


def test_layers_are_those_that_are_annotated(ask, tmp_path):
    write_facts(tmp_path, "mob_rep11", cells=7, genes=5)
    assert ask("scgco-mob-n-layers") == Unmeasured("not_tested", "No classes in mob_rep11.")
    write_facts(tmp_path, "mob_rep11", cells=7, genes=5, labels={"a": 3, "b": 2})
    assert ask("scgco-mob-n-layers").claimed["mob_rep11"].tolist() == [2]
    assert ask("scgco-deseq2-groups").claimed["mob_rep11"].tolist() == [2]


def test_constants_are_looked_up_in_the_code(ask, monkeypatch):
    assert ask("scgco-gmm-max-components").claimed["constant"].tolist() == [10]
    assert ask("scgco-gmm-max-components", variant=1).claimed["constant"].tolist() == [4]  # as released
    monkeypatch.setattr("scbench.svg.scgco.paper._COMPONENTS", (2, 3))
    assert ask("scgco-gmm-max-components").claimed["constant"].tolist() == [3]
    assert ask("scrobust-cv-repeats-small").claimed["design"].tolist() == [5]


# --- training ---------------------------------------------------------------------------------------------------------


def test_the_fall_of_a_loss(ask, tmp_path):
    write_run(tmp_path, "zeisel", "scrobust_faithful", track="annotation")
    extra = {
        "history_part": np.array(["train", "train", "validation"]),
        "history_loss": np.array(["contrastive"] * 3),
        "history_value": np.array([4.0, 1.0, 9.0]),
    }
    np.savez(tmp_path / "results/annotation/zeisel/scrobust_faithful/r0/extra.npz", **extra)
    found = ask("scrobust-loss-contrastive-train")
    assert isinstance(found, Measurement)
    assert found.claimed["zeisel"].tolist() == [-0.75]
    assert found.absent == {"pbmc68k_reduced": "not run"}
    assert isinstance(ask("scrobust-loss-contrastive-test"), Unmeasured)  # one epoch is no course


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("datasets", {"zeisel": ["zeisl"]}, r"'datasets' names 'zeisl', which is unknown\. Did you mean 'zeisel'"),
        ("methods", {"spark": ["sparc"]}, r"'methods' names 'sparc', which is unknown\. Did you mean 'spark'"),
        ("settings", {"scgco-mob": {}}, r"'settings' names 'scgco-mob', which is unknown\."),
        ("claims", {"smash-t1": {}}, r"'claims' names 'smash-t1', which is unknown\."),
        ("untested", {"nez": "why"}, r"'untested' names 'nez', which is unknown\."),
    ],
)
def test_words_that_mean_nothing_are_named(registry, key, value, message):
    words = replace(WORDS, **{key: value})
    with pytest.raises(UserError, match=message):
        words.check(registry, CLAIMS.values())


def test_a_missing_option_is_named(tmp_path, registry):
    words = replace(WORDS, metrics={**WORDS.metrics, "svg": {"f1": {"by": "scores.score", "scenario": "bh"}}})
    write_scores(tmp_path, "svg", "sim_noise_06", "svg_f1", "bh", {"scgco_released": [1.0]})
    claim = CLAIMS["scgco-sim-noise06-best-f1"]
    with pytest.raises(UserError, match=r"needs the option 'metric' of scores\.score\. Got scenario, datasets"):
        measure(claim, words, Results(tmp_path), registry)


def test_what_compares_two_needs_one_comparator(tmp_path, registry):
    write_run(tmp_path, "mob_rep11", "scgco_released", called(6))
    claim = CLAIMS["scgco-mob11-fold-spatialde"]
    claim = replace(claim, raw=claim.raw | {"comparators": "spatialde;spark"})
    with pytest.raises(UserError, match=r"calls\.ratio needs one comparator\. Got spatialde, spark\."):
        measure(claim, WORDS, Results(tmp_path), registry)


def test_a_claim_without_a_dataset_is_not_measured(tmp_path, registry):
    claim = replace(CLAIMS["scgco-sim-noise06-best-f1"], dataset="", scenario="")
    assert measure(claim, WORDS, Results(tmp_path), registry)[0][1].reason == "The claim names no dataset."


# --- data that are like the paper's -----------------------------------------------------------------------------------


def test_data_like_the_papers_are_shown_with_the_reason_why_they_are_not(ask, tmp_path):
    write_scores(tmp_path, "annotation", "pbmc68k_reduced", "macro_f1", "", {"scrobust_faithful": [0.5, 0.6]})
    found = ask("scrobust-best-f1-zheng-68k")
    assert found.claimed["pbmc68k_reduced"].tolist() == [0.5, 0.6]
    assert found.analogue == WORDS.analogues["zheng-68k"]["why"]


def test_the_papers_data_go_before_data_like_them(ask, tmp_path):
    for dataset, value in (("pbmc68k_reduced", 0.5), ("zheng68k", 0.7)):
        write_scores(tmp_path, "annotation", dataset, "macro_f1", "", {"scrobust_faithful": [value]})
    found = ask("scrobust-best-f1-zheng-68k")
    assert found.claimed["zheng68k"].tolist() == [0.7]
    assert found.analogue == ""


def test_sizes_are_not_taken_from_data_like_the_papers(ask, tmp_path):
    write_facts(tmp_path, "pbmc68k_reduced", cells=700)
    assert ask("scrobust-size-zheng-68k-cells").reason == "Not prepared yet: zheng68k."


def test_a_puck_that_may_not_be_the_papers_is_an_analogue(ask, tmp_path):
    assert ask("scgco-slideseq-spatialde-most").reason == "No dataset of the registry is the paper's."
    write_run(tmp_path, "slideseq_puck_180430_1", "spatialde", called(4))
    found = ask("scgco-slideseq-spatialde-most")
    assert found.claimed["slideseq_puck_180430_1"].tolist() == [4]
    assert "does not say which" in found.analogue


def test_data_of_the_text_and_of_the_code_are_both_asked_about(tmp_path, registry):
    for dataset, value in (("sim_noise_06", 0.9), ("sim_released_06", 0.7)):
        write_scores(tmp_path, "svg", dataset, "svg_f1", "bh", {"scgco_released": [value], "scgco": [value / 2]})
    found = measure(CLAIMS["scgco-sim-noise06-best-f1"], WORDS, Results(tmp_path), registry)
    values = {name: next(iter(one.claimed.values()))[0] for name, one in found if isinstance(one, Measurement)}
    assert values == {
        "scgco_released": 0.9,
        "scgco": 0.45,
        "scgco_released, data as released": 0.7,
        "scgco, data as released": 0.35,
    }
