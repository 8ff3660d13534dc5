"""Questions in two steps: what a method is shown, and what test cells are called."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench import child
from scbench.contract import MarkerSelector, check_ranking
from scbench.data.prepare import prepare
from scbench.errors import InvalidOutputError
from scbench.io import Prepared, read_prepared, read_table
from scbench.markers.judge import Judge
from scbench.markers.nested import fit_steps, steps
from scbench.markers.t_test import TTest
from scbench.plan import Plan
from scbench.validate import read_yaml

LABELS = np.array(["a1", "a2", "b", "a1", "b", "a2", "c1", "c2", "c1", "c2"], dtype=object)
BROAD = np.array([label[0] for label in LABELS], dtype=object)
GENES = np.array(["g0", "g1", "g2"], dtype=object)


class _Spy(MarkerSelector):
    """Notes what it is shown."""

    def __init__(self, *, notes):
        self.notes = notes

    def fit(self, X, labels, genes, *, seed, samples=None):
        self.notes.append({"X": X.toarray(), "labels": labels, "seed": seed, "samples": samples})
        names = np.unique(labels)
        self.ranking_ = pd.DataFrame({"class": names, "gene": genes[0], "rank": 1, "score": float(len(labels))})
        return self


def test_one_label_level_is_one_step():
    (step,) = steps(LABELS)
    assert step.within == ""
    assert step.cells.tolist() == list(range(10))
    assert step.classes.tolist() == ["a1", "a2", "b", "c1", "c2"]


def test_two_label_levels_are_a_step_for_the_types_and_one_for_each_that_has_sub_types():
    outer, *inner = steps(LABELS, BROAD)
    assert (outer.within, outer.labels.tolist()) == ("", BROAD.tolist())
    assert [(step.within, step.cells.tolist(), step.labels.tolist()) for step in inner] == [
        ("a", [0, 1, 3, 5], ["a1", "a2", "a1", "a2"]),
        ("c", [6, 7, 8, 9], ["c1", "c2", "c1", "c2"]),
    ]


def test_each_fit_is_shown_its_own_cells_with_a_seed_of_its_own():
    X = sp.csr_matrix(np.arange(30.0).reshape(10, 3))
    samples, notes = np.arange(10).astype(str), []
    questions = steps(LABELS, BROAD)
    fitted = fit_steps(partial(_Spy, notes=notes), X, questions, GENES, seed=5, samples=samples)
    assert len({id(one) for one in fitted}) == 3, "a method fitted twice would carry over what it learned"
    for step, note in zip(questions, notes, strict=True):
        np.testing.assert_array_equal(note["X"], X.toarray()[step.cells])
        np.testing.assert_array_equal(note["labels"], step.labels)
        np.testing.assert_array_equal(note["samples"], samples[step.cells])
    seeds = [note["seed"] for note in notes]
    assert seeds[0] == 5, "as if it were the only step"
    assert len(set(seeds)) == 3
    fit_steps(partial(_Spy, notes=notes), X, questions, GENES, seed=5, samples=None)
    assert [note["seed"] for note in notes[3:]] == seeds
    assert [note["samples"] for note in notes[3:]] == [None] * 3


# --- rankings -----------------------------------------------------------------------------------------------------


def test_a_ranking_says_what_it_is_within():
    table = pd.DataFrame({"class": ["a1"], "gene": ["g0"], "rank": [1], "score": [0.5]})
    assert check_ranking(table, GENES, LABELS).to_dict("records") == [
        {"within": "", "class": "a1", "gene": "g0", "rank": 1, "score": 0.5}
    ]
    assert check_ranking(table, GENES, LABELS, within="a")["within"].tolist() == ["a"]


def test_one_list_for_all_classes_has_no_class_in_any_row():
    table = pd.DataFrame({"class": "", "gene": ["g1", "g0"], "rank": [2, 1], "score": 1.0})
    assert check_ranking(table, GENES, LABELS)["gene"].tolist() == ["g0", "g1"]
    with pytest.raises(InvalidOutputError, match=r"unknown class '' \(1 row"):
        check_ranking(table.assign(**{"class": ["", "a1"], "rank": 1}), GENES, LABELS)
    with pytest.raises(InvalidOutputError, match=r"ranks of class '' must be 1, 2, 3, ... Got 7 out of turn"):
        check_ranking(table.assign(rank=[1, 7]), GENES, LABELS)
    with pytest.raises(InvalidOutputError, match="gene 'g0' is ranked twice for class ''"):
        check_ranking(table.assign(gene="g0"), GENES, LABELS)
    assert check_ranking(table.iloc[:0], GENES, LABELS).empty


# --- classification -----------------------------------------------------------------------------------------------


@pytest.fixture
def nested_cells():
    """Broad types a, with sub-types, and b; g0 tells the broad types apart, g1 the sub-types of a."""
    labels = np.tile(np.array(["a1", "a2", "b"], dtype=object), 10)
    profiles = {"a1": [3, 0, 1], "a2": [3, 3, 1], "b": [0, 1.5, 1]}
    X = np.array([profiles[label] for label in labels]) + np.random.default_rng(0).normal(0, 0.01, (30, 3))
    broad = np.array([label[0] for label in labels], dtype=object)
    return Prepared(sp.csr_matrix(X), np.arange(30).astype(str), GENES, labels, obs={"broad": broad})


TRAIN, TEST = np.arange(21), np.arange(21, 30)


@pytest.mark.parametrize("classifiers", [["knn3"], ["svm", "knn1"]])
def test_each_cell_gets_a_sub_type_of_its_predicted_type(nested_cells, classifiers):
    judge = Judge(nested_cells, TRAIN, TEST)
    for found in judge.predict({"": ["g0"], "a": ["g1"]}, classifiers).values():
        assert found.tolist() == nested_cells.labels[TEST].tolist()


def test_what_the_first_step_gets_wrong_stays_wrong(nested_cells):
    nested_cells.X[21] = [0, 3, 1]  # an a1 that looks like a b to g0, and like an a2 to g1
    judge = Judge(nested_cells, TRAIN, TEST)
    found = judge.predict({"": ["g0"], "a": ["g1"]}, ["knn3"])["knn3"]
    assert found[0] == "b", "the only label of the type it was taken for"
    assert found[1:].tolist() == nested_cells.labels[TEST][1:].tolist()


def test_a_panel_within_a_type_learns_from_the_cells_of_that_type_alone(nested_cells):
    """To gene 1 alone, b lies between the sub-types of a: seen among all cells it would win some of theirs."""
    nested_cells.X[24] = [3, 1.4, 1]
    found = Judge(nested_cells, TRAIN, TEST).predict({"": ["g0"], "a": ["g1"]}, ["knn3"])["knn3"]
    assert found[3] in ("a1", "a2")


def test_a_step_without_a_panel_gives_the_commonest_label(nested_cells):
    judge = Judge(nested_cells, TRAIN, TEST)
    found = judge.predict({"": ["g0"], "a": []}, ["knn3"])["knn3"]
    assert found.tolist() == ["a1", "a1", "b"] * 3
    found = judge.predict({"": [], "a": ["g1"]}, ["knn3"])["knn3"]
    assert "b" not in found, "every cell is taken for an a"
    assert found[[0, 1]].tolist() == ["a1", "a2"]


def test_each_panel_is_judged_once(nested_cells, monkeypatch):
    from scbench.markers import judge as module

    calls = []
    monkeypatch.setattr(module, "classify", lambda *args, _old=module.classify: calls.append(args) or _old(*args))
    judge = Judge(nested_cells, TRAIN, TEST)
    one = judge.predict({"": ["g0", "g1"], "a": ["g1"]}, ["knn3"])
    assert len(calls) == 3, "the types, the labels of a, and the only label of b"
    two = judge.predict({"": ["g1", "g0"], "a": ["g1"]}, ["knn3"])
    assert len(calls) == 3
    np.testing.assert_array_equal(one["knn3"], two["knn3"])


# --- a run --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def toy(tmp_path_factory, root):
    """The toy cells, asked in one step and in two, with one split for both."""
    folder = tmp_path_factory.mktemp("toy")
    plan = Plan.load(read_yaml(root / "config/smoke.yaml"))
    source = None
    for name in ("toy_cells", "toy_two_step"):
        prepare(name, plan.registry.dataset(name), folder / f"{name}.h5ad", source=source, seed=1)
        source = folder / f"{name}.h5ad"
    order = np.random.default_rng(0).permutation(120)
    np.savez(folder / "split.npz", train=np.sort(order[:90]), test=np.sort(order[90:]), calibration=order[:0])
    return plan, folder


def _run(toy, dataset, method, **changes):
    plan, folder = toy
    spec = plan.spec("markers", "toy_cells", method, 0) | {"checkpoint": None} | changes
    times = child._run(
        spec | {"data": str(folder / f"{dataset}.h5ad"), "split": str(folder / "split.npz")}, folder / "output.tsv"
    )
    return read_table(folder / "output.tsv"), times


def test_a_run_ranks_genes_for_the_types_and_within_them(toy):
    output, times = _run(toy, "toy_two_step", "t_test")
    assert list(output) == ["within", "class", "gene", "rank", "score"]
    found = output.groupby("within")["class"].unique().map(list).to_dict()
    assert found == {"": ["common", "rare"], "rare": ["type1", "type2"]}
    assert times["fit_s"] > 0

    _, folder = toy
    data, train = read_prepared(folder / "toy_two_step.h5ad"), np.load(folder / "split.npz")["train"]
    cells = train[data.obs["broad"][train] == "rare"]
    alone = TTest().fit(data.X[cells], data.labels[cells], data.genes, seed=0).ranking_
    inner = output[output["within"] == "rare"]
    assert inner["gene"].tolist() == alone.sort_values(["class", "rank"])["gene"].tolist()


def test_a_run_in_one_step_is_within_nothing(toy):
    output, _ = _run(toy, "toy_cells", "t_test")
    assert set(output["within"]) == {""}
    assert set(output["class"]) == {"type0", "type1", "type2"}


class Talkative(_Spy):
    def __init__(self):
        super().__init__(notes=[])

    def fit(self, X, labels, genes, *, seed, samples="not given"):
        super().fit(X, labels, genes, seed=seed)
        self.extras_ = {"n": np.array(len(labels)), "samples": np.array(str(samples))}
        return self


def test_what_a_method_says_besides_is_stored_for_the_first_step(toy):
    _, folder = toy
    entry = f"{__name__}:Talkative"
    _run(toy, "toy_two_step", "t_test", entry=entry, params={})
    with np.load(folder / "extra.npz") as extra:
        assert extra["n"] == 90
        assert extra["samples"] == "not given"
    _run(toy, "toy_cells", "t_test", entry=entry, params={}, uses_samples=True)
    with np.load(folder / "extra.npz") as extra:
        assert extra["samples"] == "None", "these data have none"


def test_a_fault_within_a_type_is_a_fault(toy, monkeypatch):
    fit = TTest.fit

    def faulty(self, X, labels, genes, *, seed):
        fit(self, X, labels, genes, seed=seed)
        if "type1" in labels:
            self.ranking_ = self.ranking_.assign(gene="g")
        return self

    monkeypatch.setattr(TTest, "fit", faulty)
    with pytest.raises(InvalidOutputError, match="unknown gene 'g'"):
        _run(toy, "toy_two_step", "t_test")
