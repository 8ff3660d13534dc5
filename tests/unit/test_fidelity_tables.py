"""How close a reimplementation comes to a package, against values found by hand."""

import numpy as np
import pandas as pd
import pytest

from scbench.fidelity import Run, compare, compare_rankings
from scbench.io import read_table
from scbench.layout import OUTPUT_COLUMNS


def _run(method, scores, pvalues, **status):
    genes = [f"g{place}" for place in range(len(scores))]
    table = pd.DataFrame({"gene": genes, "statistic": scores, "pvalue": pvalues, "qvalue": pvalues, "score": scores})
    return Run({"track": "svg", "method": method, "status": "ok", "cpu_s": 6.0, "peak_rss_mb": 300.0} | status, table)


def test_values_by_hand():
    theirs = _run("package", [5.0, 4.0, 3.0, 2.0, 1.0, 9.0], [0.01, 0.02, 0.03, 0.04, 0.05, np.nan])
    ours = _run("ours", [5.0, 3.5, 4.0, 2.0, 1.0, -1.0], [0.01, 0.03, 0.02, 0.04, 0.3, 1.0], cpu_s=1.5, peak_rss_mb=600)
    found = compare(theirs, ours, top=2)
    assert (found["upstream"], found["ours"]) == ("package", "ours")
    assert (found["genes"], found["only_upstream"], found["only_ours"]) == (5, 0, 1)
    assert found["spearman"] == pytest.approx(1 - 6 * 2 / (5 * 24))  # two ranks differ by one each
    assert found["common_top"] == 0.5
    assert found["max_score_difference"] == 1.0
    assert found["max_pvalue_difference"] == pytest.approx(0.25)
    assert (found["cpu_ratio"], found["memory_ratio"]) == (4.0, 0.5)


def test_genes_are_met_by_name_and_an_order_upside_down_is_no_agreement():
    rng = np.random.default_rng(0)
    theirs = _run("package", rng.normal(size=40), rng.random(40))
    shuffled = Run(theirs.status, theirs.table.sample(frac=1, random_state=1))
    same = compare(theirs, shuffled, top=5)
    assert (same["spearman"], same["common_top"], same["max_score_difference"]) == (pytest.approx(1), 1, 0)
    turned = Run(theirs.status, theirs.table.assign(score=-theirs.table["score"]))
    found = compare(theirs, turned, top=5)
    assert (found["spearman"], found["common_top"]) == (pytest.approx(-1), 0)


def test_top_genes_say_nothing_where_there_are_no_others():
    run = _run("package", [3.0, 2.0, 1.0], [0.1, 0.2, 0.3])
    assert np.isnan(compare(run, run, top=3)["common_top"])
    assert compare(run, run, top=2)["common_top"] == 1


@pytest.mark.parametrize("bad", [0, 1])
def test_of_a_run_that_failed_the_status_is_all_there_is(bad, tmp_path):
    path = tmp_path / "output.tsv"
    path.write_text("\t".join(OUTPUT_COLUMNS["svg"]) + "\n")
    runs = [_run(name, [3.0, 2.0, 1.0], [0.1, 0.2, 0.3]) for name in ("package", "ours")]
    failed = {"track": "svg", "method": "other", "status": "skipped", "cpu_s": None, "peak_rss_mb": None}
    runs[bad] = Run(failed, read_table(path))
    found = compare(*runs, top=2)
    assert (found["status_upstream"], found["status_ours"]) == (("skipped", "ok"), ("ok", "skipped"))[bad]
    assert (found["genes"], found["only_upstream"], found["only_ours"]) == ((0, 0, 3), (0, 3, 0))[bad]
    unknown = ["spearman", "common_top", "max_score_difference", "max_pvalue_difference", "cpu_ratio", "memory_ratio"]
    assert pd.Series(found)[unknown].isna().all()


def _ranking(**classes):
    rows = [("", name, gene, rank) for name, genes in classes.items() for rank, gene in enumerate(genes, 1)]
    table = pd.DataFrame(rows, columns=["within", "class", "gene", "rank"])
    return table.assign(score=-table["rank"])[OUTPUT_COLUMNS["markers"]]


def test_rankings_by_hand():
    theirs = _ranking(a="pqrst", b="pqrs", c="pq")
    ours = _ranking(a="qprvw", b="wxyz", d="p")
    found = compare_rankings(theirs, ours, 4)
    # Top 4: of a, q, p and r are common; of b none is; c and d are in one alone.
    assert (found["classes"], found["genes"], found["only_upstream"], found["only_ours"]) == (4, 3, 7, 6)
    assert found["common_top"] == pytest.approx(3 / 4 / 4)
    assert found["least_common_top"] == 0
    assert found["spearman"] == pytest.approx(0.5)  # of a: two of three ranks change places
    assert found["max_rank_difference"] == 1
    status = {"track": "markers", "status": "ok", "cpu_s": 6.0, "peak_rss_mb": 300.0}
    runs = [Run(status | {"method": name}, table) for name, table in (("package", theirs), ("ours", ours))]
    assert found.items() <= compare(*runs, top=4).items()


def test_a_ranking_agrees_with_itself_and_a_second_step_is_left_out():
    table = _ranking(a="pqrst", b="vwxyz")
    second = table.assign(within="a", gene="u")
    found = compare_rankings(table, pd.concat([second, table]), 3)
    assert (found["genes"], found["common_top"], found["least_common_top"], found["spearman"]) == (6, 1, 1, 1)


def test_of_a_ranking_that_failed_nothing_is_known(tmp_path):
    path = tmp_path / "output.tsv"
    path.write_text("\t".join(OUTPUT_COLUMNS["markers"]) + "\n")
    found = compare_rankings(read_table(path), _ranking(a="pq"), 2)
    assert (found["classes"], found["genes"], found["only_ours"]) == (1, 0, 2)
    unknown = ["common_top", "least_common_top", "spearman", "max_rank_difference"]
    assert pd.Series(found)[unknown].isna().all()
