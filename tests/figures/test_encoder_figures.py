"""Figures of embeddings and of stages, from ordinary and from awkward input."""

import numpy as np
import pandas as pd
import pytest
from drawn import UGLY, checked

from scbench.annotation.embeddings import COLUMNS
from scbench.annotation.stages import UNNAMED, Study
from scbench.figures import embeddings, stages


def legends(figure):
    """Names in each legend of a figure."""
    found = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    return [[text.get_text() for text in legend.get_texts()] for legend in found]


def placed(names, types, **columns):
    rng = np.random.default_rng(0)
    table = {"cluster": np.resize(["0", "1"], len(types)), "type": types, **columns}
    return pd.concat(
        [pd.DataFrame({"embedding": name, "x": rng.normal(size=len(types)), "y": 0.0, **table}) for name in names],
        ignore_index=True,
    )


def scored(names, ofs):
    """Scores that can be told apart."""
    groups = ["ari", "nmi", "silhouette", "knn_purity", "chance"]
    within = ["knn_purity_within_types", "chance_within_types"]
    numbers = ["knn_r2", "knn_r2_within_types"]
    kinds = {"types": groups, "covariate": groups + within, "number": numbers}
    rows = [
        (name, "types" if of == "types" else "covariate", score) for name in names for of in ofs for score in kinds[of]
    ]
    return pd.DataFrame([(*row, place / 100 - 0.1) for place, row in enumerate(rows)], columns=COLUMNS)


NAMES = ["scRobust, layer 1, 400 genes", "scRobust, layer 2, 400 genes", "PCA, 2000 HVGs", "Untrained, 400 genes"]


def test_embeddings_of_types_alone():
    types = np.resize(UGLY, 40).astype(object)
    figure = embeddings.plot(scored(NAMES, ["types"]), placed(NAMES, types), covariate=None, title="A & <b>")
    found = checked(figure)
    assert sum("naïve δ" in names for names in legends(figure)) == 1, "types are alike in all rows"
    assert sum("0" in names for names in legends(figure)) == 4, "clusters are not"
    assert found.count("Leiden clusters") == found.count("Types") == 1
    assert f"{NAMES[0]} · types" in found
    assert "-0.10" in found
    assert not any("within" in text for text in found)


def test_embeddings_with_samples_of_which_some_are_unknown():
    types, samples = np.resize(UGLY, 60).astype(object), np.resize(["", "case", "control"], 60).astype(object)
    figure = embeddings.plot(
        scored(NAMES[:3], ["types", "covariate"]),
        placed(NAMES[:3], types, covariate=samples),
        covariate="p$x$",
        title="T",
    )
    found = checked(figure)
    assert sum(names == ["case", "control"] for names in legends(figure)) == 1
    assert "kNN purity\nwithin types" in found
    grey = next(ax for ax in figure.axes if ax.get_title("left") == "p$x$").collections[0].get_facecolors()
    assert (grey == np.array([0xCC, 0xCC, 0xCC, 0xFF]) / 255).all(axis=1).sum() == 20


def test_embeddings_with_a_number_and_many_types():
    types, number = np.array([f"type {place}" for place in range(40)], dtype=object), np.linspace(4, 9, 40)
    number[0] = np.nan
    scores, points = scored(NAMES[1:], ["types", "number"]), placed(NAMES[1:], types, covariate=number)
    found = checked(embeddings.plot(scores, points, covariate="hba1c", title="T"))
    assert {"kNN R²", "and 27 more", "hba1c"} <= set(found)


# --- stages -----------------------------------------------------------------------------------------------------------

EMBEDDINGS = ["HVGs", "HVGs after ComBat", "scRobust after ComBat"]
ROW = {"stages": {"sensitive": ["0"], UGLY[3]: ["1"], "tolerant": ["2", "4"]}, "share": 0.7}


def study(named, n_clusters=2):
    points = placed(EMBEDDINGS, np.resize(["4", "0", "9", "1", "2"], len(named)).astype(object))
    shares = pd.DataFrame(0.2, index=range(n_clusters), columns=list(ROW["stages"]))
    shares.iloc[0, 2] = 0.8
    clusters = pd.DataFrame({"cluster": [str(i) for i in range(n_clusters)], "n_cells": 30, "stage": UNNAMED})
    clusters.loc[0, "stage"] = "tolerant"
    return Study(scored(EMBEDDINGS, ["types"]), points, np.asarray(named), pd.concat([clusters, shares], axis=1), None)


@pytest.mark.parametrize("n_clusters", [1, 2, 30])
def test_stages(n_clusters):
    named = ["tolerant", UNNAMED] * 30
    figure = stages.plot(study(named, n_clusters), ROW, keep_zeros=True, title="Data & method")
    found = checked(figure)
    assert "Data & method · zeros put back after ComBat" in found
    legend = [text.get_text() for text in figure.axes[2].get_legend().get_texts()]
    assert legend == ["0", "1", "2", "4", "9"], "times in the order of the stages, then those of none"
    legend = [text.get_text() for text in figure.axes[4].get_legend().get_texts()]
    assert [legend[0], legend[2]] == ["sensitive", "tolerant"]
    assert "kNN purity of times -0.07, chance -0.06" in found
    names = [text.get_text() for text in figure.axes[5].get_yticklabels()]
    assert names == ([str(i) for i in range(n_clusters)] if n_clusters < 30 else [])
    filled = figure.axes[5].collections[0].get_facecolors()
    assert (filled[1:] == 1).all(), "clusters without a name are not filled"
    assert not (filled[0] == 1).all()


def test_no_cluster_with_a_name_and_zeros_as_combat_makes_them():
    found = checked(stages.plot(study([UNNAMED] * 60), ROW, keep_zeros=False, title="T"))
    assert "T · zeros as ComBat makes them" in found
