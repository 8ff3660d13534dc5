"""What every method of the registry must do. A new method is tested by having an entry; nothing is written for it."""

import importlib
import inspect
import re

import isolated
import numpy as np
import pandas as pd
import pytest
import quick
import scipy.sparse as sp

from scbench import contract
from scbench.data.checks import check
from scbench.data.prepare import log1p_normalised
from scbench.errors import SkipRunError
from scbench.markers.classifiers import classify
from scbench.metrics.classification import confusion_matrix, macro_f1
from scbench.provenance import ROOT
from scbench.registry import Registry
from scbench.simulate.cells import cell_types
from scbench.simulate.spatial import negative_binomial
from scbench.validate import read_yaml

REGISTRY = Registry.load()
BASES = {
    "markers": contract.MarkerSelector,
    "svg": contract.SpatialTest,
    "annotation": contract.CellAnnotator,
}
EVERY = sorted(REGISTRY.methods)
ISOLATED = [name for name in EVERY if REGISTRY.method(name)["isolated"]]
MARKERS = [name for name in EVERY if REGISTRY.method(name)["track"] == "markers" and name not in ISOLATED]
SVG = [name for name in EVERY if REGISTRY.method(name)["track"] == "svg" and name not in ISOLATED]
ANNOTATION = quick.distinct(
    REGISTRY, [name for name in EVERY if REGISTRY.method(name)["track"] == "annotation" and name not in ISOLATED]
)


# What authors' methods, kept as they are, do not fulfil. An entry that no longer fails is an error.
KNOWN = {
    (
        "rank",
        "scgco_paper",
    ): "segments are tested on the data they were found in, so null genes have small p-values too",
    ("rank", "trendsceek"): "its order-statistic envelope has little power on 150 spots",
    **{
        ("learn", name): "it sees which genes are zero and nothing else, and on 80 genes few are"
        for name in ("scrobust_faithful", "scrobust_faithful_1000", "scrobust_faithful_strict")
    },
    ("learn", "scrobust_frozen"): "what 160 cells teach an encoder without labels is too little for its classifier",
    ("order", "scgco_released"): "the released pruning of long edges goes through the triangles in their order",
}


def _kept_as_they_are(names, what):
    marks = {name: [pytest.mark.xfail(reason=reason, strict=True)] for (w, name), reason in KNOWN.items() if w == what}
    return [pytest.param(name, marks=marks.get(name, [])) for name in names]


def _of_role(names, *roles):
    return [name for name in names if REGISTRY.method(name)["role"] in roles]


def _class(name):
    module, _, class_name = REGISTRY.method(name)["entry"].partition(":")
    return getattr(importlib.import_module(module), class_name)


def _make(name):
    return _class(name)(**quick.params(REGISTRY, name))


def _scaled(adata, name, target=10_000):
    counts = adata.layers["counts"]
    return log1p_normalised(counts, target) if REGISTRY.method(name)["input_scale"] == "log1p" else counts


@pytest.fixture(scope="module")
def cells():
    return cell_types(n_cells=240, n_genes=80, n_types=3, seed=3)


@pytest.fixture(scope="module")
def spots():
    return negative_binomial(n_spots=150, n_genes=100, patterned=0.1, fold_change=4.0, seed=4)


def _fit_markers(name, X, labels, genes, seed=0):
    strict = REGISTRY.method(name)["role"] != "reference"
    ranking = _make(name).fit(X, labels, genes, seed=seed).ranking_
    return contract.check_ranking(ranking, genes, np.unique(labels), strict=strict)


def _test_genes(name, adata, seed=0, X=None, coords=None):
    entry = REGISTRY.method(name)
    truth = {"truth": adata.var["spatial"].to_numpy()} if entry["role"] == "positive_control" else {}
    X = _scaled(adata, name, "median") if X is None else X
    coords = adata.obsm["spatial"] if coords is None else coords
    domains = {"labels": np.where(coords[:, 0] < 0.5, "left", "right").astype(object)} if entry["uses_labels"] else {}
    try:
        table = _make(name).fit(X, coords, seed=seed, **truth, **domains).table_
    except SkipRunError as error:
        pytest.skip(str(error))
    return contract.check_tests(table, np.array([f"gene{i}" for i in range(X.shape[1])]), pvalues=entry["pvalues"])


def _annotate(name, X, labels, X_test, truth, seed=0):
    entry = REGISTRY.method(name)
    extra = {"truth": truth} if entry["role"] == "positive_control" else {}
    if entry["regime"] == "transductive":
        extra["X_unlabelled"] = X_test
    method = _make(name).fit(X, labels, seed=seed, **extra)
    return contract.check_prediction(method.predict(X_test), X_test.shape[0], np.unique(labels))


# --- the class ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_init_only_stores_its_keyword_parameters(name):
    signature = inspect.signature(_class(name).__init__)
    parameters = [p for p in list(signature.parameters.values())[1:] if p.kind is not p.VAR_KEYWORD]
    parameters = [p for p in parameters if p.kind is not p.VAR_POSITIONAL]
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in parameters)
    method = _make(name)
    given = {p.name: p.default for p in parameters} | quick.params(REGISTRY, name)
    assert vars(method) == given
    assert isinstance(method, BASES[REGISTRY.method(name)["track"]])


@pytest.mark.parametrize("name", EVERY)
def test_the_docstring_describes_every_parameter_and_cites_its_source(name):
    doc = inspect.getdoc(_class(name))
    for parameter in list(inspect.signature(_class(name).__init__).parameters)[1:]:
        if parameter not in ("args", "kwargs"):
            assert re.search(rf"^{parameter}$", doc, re.MULTILINE), parameter
    if REGISTRY.method(name)["role"] == "method":
        assert "References\n----------" in doc
        assert "emory" in doc, "the docstring states the memory that the method needs"
    assert inspect.getdoc(_class(name).fit)


@pytest.mark.parametrize("name", EVERY)
def test_registry_entry_is_complete(name):
    entry = REGISTRY.method(name)
    assert entry["summary"].endswith(".")
    assert len(entry["label"]) <= 30
    if entry["role"] == "method":
        assert entry["reference"] in (ROOT / "config/references.bib").read_text()


@pytest.mark.parametrize("kind", ["datasets", "metrics"])
def test_references_of_the_other_registries_exist(kind):
    bibliography = (ROOT / "config/references.bib").read_text()
    for name, entry in getattr(REGISTRY, kind).items():
        if "reference" in entry:
            assert f"{{{entry['reference']}," in bibliography, name


@pytest.mark.parametrize("env", sorted({REGISTRY.method(name)["env"] for name in EVERY if name not in ISOLATED}))
def test_environment_pins_agree_with_the_constraints(env):
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line)
    pins |= {"xgboost": pins["xgboost-cpu"], "sklearn": "0.0"}  # see envs/markers.yaml
    environment = read_yaml(ROOT / "envs" / f"{env}.yaml")
    for pin in environment["dependencies"][-1]["pip"]:
        package, _, version = pin.partition("==")
        assert pins[package] == version


# --- the same seed, the same answer -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MARKERS)
def test_markers_repeat_and_do_not_touch_their_input(name, cells):
    X, labels, genes = _scaled(cells, name), cells.obs["label"].to_numpy(), cells.var_names.to_numpy()
    before = X.copy()
    pd.testing.assert_frame_equal(_fit_markers(name, X, labels, genes), _fit_markers(name, X, labels, genes))
    assert (before != X).nnz == 0


@pytest.mark.parametrize("name", SVG)
def test_tests_repeat_and_do_not_touch_their_input(name, spots):
    X, coords = _scaled(spots, name, "median"), spots.obsm["spatial"].copy()
    before = X.copy()
    pd.testing.assert_frame_equal(
        _test_genes(name, spots, X=X, coords=coords), _test_genes(name, spots, X=X, coords=coords)
    )
    assert (before != X).nnz == 0
    np.testing.assert_array_equal(coords, spots.obsm["spatial"])


@pytest.mark.parametrize("name", ANNOTATION)
def test_annotators_repeat_and_do_not_touch_their_input(name, cells):
    X, labels = _scaled(cells, name), cells.obs["label"].to_numpy()
    before = X.copy()
    one, two = (_annotate(name, X[:160], labels[:160], X[160:], labels[160:]) for _ in range(2))
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.confidence, two.confidence)
    assert (before != X).nnz == 0


# --- they find what is there, and nothing where there is nothing --------------------------------------------------


def _panel_f1(name, X, labels, genes, train, test):
    return _f1(_fit_markers(name, X[train], labels[train], genes), X, labels, genes, train, test)


def _f1(ranking, X, labels, genes, train, test):
    panel = np.flatnonzero(np.isin(genes, ranking.loc[ranking["rank"] <= 2, "gene"]))
    classes = np.unique(labels)
    predicted = classify(X[:, panel], labels, train, test, ["knn3"])["knn3"]
    return macro_f1(confusion_matrix(labels[test], predicted, classes))


@pytest.mark.parametrize("name", _of_role(MARKERS, "method"))
def test_markers_beat_random_genes_and_permuted_labels_do_not(name, cells):
    X, labels, genes = _scaled(cells, name), cells.obs["label"].to_numpy(), cells.var_names.to_numpy()
    rng = np.random.default_rng(0)
    real, shuffled, random = [], [], []
    for _ in range(5):
        order = rng.permutation(len(labels))
        train, test = order[:180], order[180:]
        real.append(_panel_f1(name, X, labels, genes, train, test))
        random.append(_panel_f1("random_genes", X, labels, genes, train, test))
        shuffled.append(_panel_f1(name, X, rng.permutation(labels), genes, train, test))
    assert np.mean(real) > np.mean(random) + 0.1
    assert np.mean(shuffled) < 0.45, "chance is a third"


@pytest.mark.parametrize("name", _kept_as_they_are(_of_role(ANNOTATION, "method"), "learn"))
def test_annotators_learn_and_permuted_labels_fall_to_chance(name, cells):
    X, labels = _scaled(cells, name), cells.obs["label"].to_numpy()
    rng = np.random.default_rng(0)
    classes = np.unique(labels)

    def score(labels):
        prediction = _annotate(name, X[:160], labels[:160], X[160:], labels[160:])
        return macro_f1(confusion_matrix(labels[160:], prediction.labels, classes))

    assert score(labels) > 0.8
    assert np.mean([score(rng.permutation(labels)) for _ in range(5)]) < 0.45, "chance is a third"


# A test between domains sees no pattern that runs across them.
TESTING = [
    n for n in _of_role(SVG, "method") if REGISTRY.method(n)["pvalues"] and not REGISTRY.method(n)["uses_labels"]
]


@pytest.mark.parametrize("name", _kept_as_they_are(TESTING, "rank"))
def test_tests_rank_patterned_genes_above_the_others(name, spots):
    table, truth = _test_genes(name, spots), spots.var["spatial"].to_numpy()
    assert table["score"][truth].median() > table["score"][~truth].quantile(0.9)


# --- leaks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in _of_role(ANNOTATION, "method", "negative_control")
        if REGISTRY.method(name)["regime"] == "inductive"
    ],
)
def test_other_test_cells_leave_an_inductive_annotator_as_it_was(name, cells):
    """The prediction for a cell must not depend on which other cells are predicted."""
    X, labels = _scaled(cells, name), cells.obs["label"].to_numpy()
    method = _make(name).fit(X[:160], labels[:160], seed=0)
    probe = X[160:200]
    noise = sp.random(40, X.shape[1], 0.5, "csr", rng=np.random.default_rng(0)) * 9
    alone = method.predict(probe)
    with_others = method.predict(sp.vstack([probe, noise], format="csr"))
    np.testing.assert_array_equal(with_others.labels[:40], alone.labels)
    np.testing.assert_allclose(with_others.confidence[:40], alone.confidence, rtol=1e-6)


# --- names and order carry no information -------------------------------------------------------------------------


@pytest.mark.parametrize("name", _kept_as_they_are(_of_role(SVG, "method"), "order"))
def test_spot_order_does_not_matter(name, spots):
    order = np.random.default_rng(0).permutation(spots.n_obs)
    X = _scaled(spots, name, "median")
    shuffled = _test_genes(name, spots, X=X[order], coords=spots.obsm["spatial"][order])
    np.testing.assert_allclose(shuffled["score"], _test_genes(name, spots)["score"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", _of_role(ANNOTATION, "method"))
def test_names_of_types_do_not_matter(name, cells):
    X, labels = _scaled(cells, name), cells.obs["label"].astype(str).to_numpy()
    renamed = np.array([f"{'zyx'[int(label[-1]) % 3]}-<{label}> é" for label in labels], dtype=object)
    names = dict(zip(labels, renamed, strict=True))
    one = _annotate(name, X[:160], labels[:160], X[160:], labels[160:])
    two = _annotate(name, X[:160], renamed[:160], X[160:], renamed[160:])
    agree = np.mean([names[a] == b for a, b in zip(one.labels, two.labels, strict=True)])
    assert agree > 0.97, "ties may break otherwise"


# --- awkward data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SVG)
def test_empty_and_constant_genes_are_no_patterns(name, spots):
    X = _scaled(spots, name, "median").tolil()
    X[:, 0] = 0
    X[:, 1] = 1
    table = _test_genes(name, spots, X=X.tocsr())
    if REGISTRY.method(name)["role"] == "method" and REGISTRY.method(name)["pvalues"]:
        assert table["pvalue"][:2].fillna(1).min() > 0.05


@pytest.mark.parametrize("name", MARKERS)
def test_markers_with_empty_genes_and_two_classes(name, cells):
    keep = cells.obs["label"].isin(np.unique(cells.obs["label"])[:2]).to_numpy()
    X = _scaled(cells, name)[keep].tolil()
    X[:, 0] = 0
    labels = cells.obs["label"].to_numpy()[keep]
    ranking = _fit_markers(name, X.tocsr(), labels, cells.var_names.to_numpy())
    assert set(ranking["class"]) in (set(labels), {""})  # "" is one list for all classes


@pytest.mark.parametrize("name", ANNOTATION)
def test_two_classes_and_a_rare_one(name, cells):
    X, labels = _scaled(cells, name), cells.obs["label"].astype(str).to_numpy(dtype=object)
    two = labels == np.unique(labels)[0]
    labels = np.where(two, "a", "b").astype(object)
    labels[:2] = "rare"
    _annotate(name, X[:160], labels[:160], X[160:], labels[160:])


# --- in environments of their own, where each run starts a Python: one test for all of the above ------------------


@pytest.mark.parametrize("name", [name for name in ISOLATED if REGISTRY.method(name)["track"] == "svg"])
def test_isolated_tests_find_patterns_in_any_order_and_none_in_constant_genes(name):
    n_spots = 250 if name == "scgco_upstream" else 550  # which takes a minute for more; SOMDE needs as many
    spots = negative_binomial(n_spots=n_spots, n_genes=60, patterned=0.2, fold_change=4.0, seed=3)
    X, coords, truth = _scaled(spots, name, "median").tolil(), spots.obsm["spatial"], spots.var["spatial"].to_numpy()
    constant = np.flatnonzero(~truth)[:2]
    X[:, constant[0]] = 0
    X[:, constant[1]] = 1
    X, order = X.tocsr(), np.random.default_rng(0).permutation(spots.n_obs)
    table, shuffled = (isolated.table(name, X[rows], coords[rows]) for rows in (np.arange(spots.n_obs), order))
    np.testing.assert_allclose(shuffled["score"], table["score"], rtol=1e-4, atol=1e-5)
    assert table["score"][truth].median() > table["score"][~truth].quantile(0.9)
    assert table["pvalue"][constant].min() > 0.05


@pytest.mark.parametrize("name", [name for name in ISOLATED if REGISTRY.method(name)["track"] == "markers"])
def test_isolated_markers_beat_random_genes_whatever_the_names_of_classes(name, cells):
    X, labels, genes = cells.layers["counts"], cells.obs["label"].astype(str).to_numpy(), cells.var_names.to_numpy()
    train, test = np.arange(180), np.arange(180, 240)
    table = isolated.table(name, _scaled(cells, name)[train], labels[train], genes)
    log1p = log1p_normalised(X, 10_000)
    random = [_f1(_fit_random(seed, log1p, labels, genes), log1p, labels, genes, train, test) for seed in range(5)]
    assert _f1(table, log1p, labels, genes, train, test) > np.mean(random) + 0.1
    names = {label: f"{place}-<{label}> é" for place, label in enumerate(np.unique(labels))}
    renamed = isolated.table(name, _scaled(cells, name)[train], np.array([names[k] for k in labels[train]]), genes)
    pd.testing.assert_frame_equal(renamed, table.assign(**{"class": table["class"].map(names)}))


def _fit_random(seed, X, labels, genes):
    return _fit_markers("random_genes", X, labels, genes, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ISOLATED if REGISTRY.method(name)["track"] == "annotation"])
def test_isolated_annotators_learn_whatever_the_names_and_the_other_test_cells(name):
    cells = cell_types(n_cells=480, n_genes=80, n_types=3, seed=3)
    X, labels = cells.layers["counts"], cells.obs["label"].astype(str).to_numpy()
    train, test = np.arange(180), np.arange(180, 480)
    table = isolated.table(name, X, labels, train, test)
    names = {label: f"{'zyx'[int(label[-1]) % 3]}-<{label}> é" for label in np.unique(labels)}
    renamed = np.array([names[label] for label in labels])
    fewer = isolated.table(name, X, renamed, train, test[:100])
    assert (table["label"][:100].map(names) == fewer["label"]).mean() > 0.97
    np.testing.assert_allclose(fewer["confidence"], table["confidence"][:100], rtol=1e-6)
    permuted = isolated.table(name, X, np.random.default_rng(0).permutation(labels), train, test)
    scores = [confusion_matrix(labels[test], found["label"], np.unique(labels)) for found in (table, permuted)]
    assert macro_f1(scores[0]) > 0.8
    assert macro_f1(scores[1]) < 0.45, "chance is a third"


def test_the_toy_data_are_valid(cells, spots):
    check(cells, "cells", {}, ["markers", "annotation"])
    check(spots, "spots", {}, ["svg"])
