"""SMaSH against the outputs of its authors' code (../shared), run once with one seed; ours is run with several.

The yardstick is the spread between our own seeds: a run of theirs should be as near to ours as ours are to each other.
On CITE-seq (30 genes per class, share of common genes) ours have .88 in common with theirs and .85 to .88 with each
other for the random forest, .85 and .84 to .85 for the balanced one, .48 and .50 to .51 for the network.
"""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from scbench.markers.classifiers import classify
from scbench.markers.smash.method import SMaSH

SEEDS = range(3)
# Share of common genes by which the reference may be further away than the two most distant of our seeds.
MARGIN = 0.06
METHODS = {"rf": "SMaSH-RF", "brf": "SMaSH-BRF", "dnn": "SMaSH-DNN", "xgb": "SMaSH-XGB"}


def common(a: pd.DataFrame, b: pd.DataFrame, k: int = 30) -> float:
    """Mean over classes of the share of the top k genes that both have."""
    shares = []
    for name in sorted(set(a["class"])):
        first, second = (set(t.loc[(t["class"] == name) & (t["rank"] <= k), "gene"]) for t in (a, b))
        shares.append(len(first & second) / max(len(first), len(second)))
    return float(np.mean(shares))


@pytest.fixture(scope="module", params=METHODS)
def rankings(request, training):
    """Model, our rankings by several seeds, and theirs."""
    name, _, X, labels, genes, markers = training
    reference = markers[(markers["method"] == METHODS[request.param]) & (markers["ranking"] == "local")]
    if reference.empty:
        pytest.skip(f"the reference has no {METHODS[request.param]} on {name}: upstream did not finish")
    overrides = {"high_cells": 0.75, "pooled": 0}  # the thresholds and the ranking of the reference
    if name == "pbmc68k_reduced":  # 5 % cannot hold every class there; the reference took all cells
        overrides |= {"background": 1.0, "explained": 1.0}
    method = SMaSH(model=request.param, faithful="released", species="human", overrides=overrides)
    return request.param, [method.fit(X, labels, genes, seed=seed).ranking_ for seed in SEEDS], reference


@pytest.mark.slow
def test_markers_are_as_near_to_the_reference_as_to_those_of_another_seed(rankings):
    _, ours, reference = rankings
    nearest = min(common(a, b) for a, b in combinations(ours, 2))
    to_reference = np.mean([common(one, reference) for one in ours])
    assert to_reference > nearest - MARGIN
    # Better than chance by far: random genes have about 30 in 350 (CITE-seq) or 700 in common.
    assert to_reference > 0.13


@pytest.mark.slow
def test_panels_classify_as_those_of_the_reference_do(rankings, smash_reference):
    """Misclassification on the held-out cells within the spread of our seeds and the noise of the test set."""
    model, ours, reference = rankings
    _, _, X, labels, genes, train, test, _, scores = smash_reference

    def wrong(ranking):
        panel = np.flatnonzero(np.isin(genes, ranking.loc[ranking["rank"] <= 30, "gene"]))
        return np.mean(classify(X[:, panel], labels, train, test, ["knn3"])["knn3"] != labels[test])

    theirs, values = wrong(reference), np.array([wrong(one) for one in ours])
    row = scores[(scores["method"] == METHODS[model]) & (scores["ranking"] == "local")]
    published = row.loc[row["top_per_class"] == "30", "M_acc"].item()
    assert 100 * theirs == pytest.approx(published, abs=0.75)  # our judge and theirs, on their panel
    noise = 2 * np.sqrt(theirs * (1 - theirs) / len(test))
    assert abs(values.mean() - theirs) < noise + np.ptp(values)
