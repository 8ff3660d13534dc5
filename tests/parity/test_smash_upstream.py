"""The authors' smashpy in its own environment, on newer libraries: against what it gave on those of 2021."""

import isolated
import numpy as np
import pytest

# XGBoost once: it takes most of a minute. Ranking again is the same code for all.
CASES = [("rf", 0), ("rf", 30), ("brf", 0), ("brf", 30), ("xgb", 0)]


def _common(found, reference, k):
    """Share of the top k genes that both have, by class."""
    one, other = (table[table["rank"] <= k].groupby("class")["gene"].agg(set) for table in (found, reference))
    return [len(one[c] & other[c]) / max(len(one[c]), len(other[c])) for c in other.index]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "pooled"), CASES)
def test_the_package_finds_the_markers_that_it_found_then(training, model, pooled):
    name, counts, _, labels, genes, markers = training
    ranking = "sorted" if pooled else "local"
    reference = markers[(markers["method"] == f"SMaSH-{model.upper()}") & (markers["ranking"] == ranking)]
    if reference.empty:
        pytest.skip(f"the reference has no {model} on {name}: upstream did not finish")
    options = {"species": "human", "high_cells": 0.75, "pooled": pooled, "n_genes": 100}
    found = isolated.table(f"smash_{model}_upstream", counts, labels, genes, **options)
    if (name, model) == ("citeseq", "rf"):  # a little is lost between versions of scikit-learn
        assert np.mean(_common(found, reference, 5)) > 0.95
        assert np.mean(_common(found, reference, 30)) > 0.97
    else:
        assert _common(found, reference, 30) == [1.0] * reference["class"].nunique()
