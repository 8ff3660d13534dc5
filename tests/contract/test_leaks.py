"""What a run shows a method of the test cells: nothing, unless the registry says so."""

import numpy as np
import pytest
import quick

from scbench import child
from scbench.contract import CellAnnotator, Prediction
from scbench.data.prepare import prepare
from scbench.io import read_prepared, read_table
from scbench.plan import Plan
from scbench.provenance import ROOT
from scbench.splits import novel
from scbench.validate import read_yaml

PLAN = Plan.load(read_yaml(ROOT / "config/smoke.yaml"))


def _of_regime(regime, *tracks):
    return [
        (track, name)
        for track in tracks
        for name in quick.distinct(PLAN.registry, list(PLAN.registry.methods))
        for entry in [PLAN.registry.method(name)]
        if entry["track"] == track
        and entry["regime"] == regime
        and entry["role"] != "positive_control"
        and not entry["isolated"]  # tested with the other contracts
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same training cells with the true cells to predict (`one`), with others (`two`), with other labels (`three`).

    Cells to predict are those of the test and those that were held back.
    """
    import anndata as ad

    folder = tmp_path_factory.mktemp("leaks")
    prepare("toy_cells", PLAN.registry.dataset("toy_cells"), folder / "one.h5ad", source=None, seed=1)
    data = ad.read_h5ad(folder / "one.h5ad")
    order = np.random.default_rng(0).permutation(data.n_obs)
    train, held_back, asked = np.sort(order[:80]), np.sort(order[80:90]), np.sort(order[80:])
    np.savez(folder / "split.npz", train=train, test=np.sort(order[90:]), calibration=held_back)
    labels = data.obs["label"].astype(str).to_numpy()
    labels[asked] = labels[np.random.default_rng(2).permutation(asked)]
    data.obs["label"] = labels
    data.write_h5ad(folder / "three.h5ad")
    data.X = _shuffled(data.X, asked)
    data.layers["counts"] = _shuffled(data.layers["counts"], asked)
    data.write_h5ad(folder / "two.h5ad")
    return folder


def _shuffled(values, cells):
    """The same matrix with the values of some cells in another order."""
    other = values.tolil()
    other[cells] = np.random.default_rng(1).permutation(other[cells].toarray().ravel()).reshape(len(cells), -1)
    return other.tocsr()


def _output(files, track, name, data, **options):
    paths = {"data": str(files / data), "split": str(files / "split.npz"), "checkpoint": None}
    dropout = {"test_dropout": [[0.5, 1]]} if track == "annotation" else {}
    own = {"params": quick.params(PLAN.registry, name)} | paths | dropout | options
    child._run(PLAN.spec(track, "toy_cells", name, 0) | own, files / "output.tsv")
    return (files / "output.tsv").read_text()


@pytest.mark.parametrize(("track", "name"), _of_regime("inductive", "markers", "annotation"))
def test_other_test_cells_change_nothing_that_was_learned(files, track, name, monkeypatch):
    if track == "markers":
        assert _output(files, track, name, "one.h5ad") == _output(files, track, name, "two.h5ad")
        return
    # What an annotator learned is seen in its predictions for cells that are the same in both.
    probe = read_prepared(files / "one.h5ad").X[:20]
    predictions = []
    for data in ("one.h5ad", "two.h5ad"):
        module, _, class_name = PLAN.registry.method(name)["entry"].partition(":")
        method_class = getattr(__import__(module, fromlist=[class_name]), class_name)
        fit = method_class.fit

        def spy(self, *args, _fit=fit, **kwargs):
            predictions.append(_fit(self, *args, **kwargs).predict(probe))
            return self

        with monkeypatch.context() as patch:
            patch.setattr(method_class, "fit", spy)
            _output(files, track, name, data)
    np.testing.assert_array_equal(predictions[0].labels, predictions[1].labels)
    np.testing.assert_array_equal(predictions[0].confidence, predictions[1].confidence)


def test_a_positive_control_is_the_only_one_to_see_the_truth():
    import inspect

    for name, entry in PLAN.registry.methods.items():
        module, _, class_name = entry["entry"].partition(":")
        fit = getattr(__import__(module, fromlist=[class_name]), class_name).fit
        sees = "truth" in inspect.signature(fit).parameters
        assert sees == (entry["role"] == "positive_control"), name


@pytest.mark.parametrize(("track", "name"), _of_regime("transductive", "annotation"))
def test_labels_of_test_cells_change_nothing_where_the_cells_are_seen(files, track, name):
    assert _output(files, track, name, "one.h5ad") == _output(files, track, name, "three.h5ad")


class Recorder(CellAnnotator):
    """Notes what it is given."""

    given: dict = {}  # noqa: RUF012 (of the last object, which the test does not see)

    def fit(self, X, labels, *, seed, X_unlabelled=None):
        type(self).given = {"X": X, "labels": labels, "X_unlabelled": X_unlabelled}
        return self

    def predict(self, X):
        self.given["asked"] = X
        return Prediction(np.full(X.shape[0], self.given["labels"][0]), np.full(X.shape[0], 0.5))


@pytest.mark.parametrize("regime", ["inductive", "transductive"])
def test_a_type_that_is_left_out_and_cells_held_back_are_not_learned_from(files, regime):
    data = read_prepared(files / "one.h5ad")
    options = {"base_seed": 1, "dataset": "toy_cells", "replicate": 0, "calibration": 0.1, "test_fraction": 0.2}
    split = novel(data.labels, **options, left_out="type1")
    np.savez(files / "novel.npz", **split._asdict())
    run = {"entry": f"{__name__}:Recorder", "params": {}, "regime": regime, "split": str(files / "novel.npz")}
    _output(files, "annotation", "majority_type", "one.h5ad", **run)
    given = Recorder.given
    assert set(given["labels"]) == {"type0", "type2"}
    np.testing.assert_array_equal(given["X"].toarray(), data.X[split.train].toarray())
    if regime == "transductive":
        np.testing.assert_array_equal(given["X_unlabelled"].toarray(), data.X[split.test].toarray())
    else:
        assert given["X_unlabelled"] is None
    table = read_table(files / "output.tsv")
    parts = {scenario: rows["cell"].to_numpy() for scenario, rows in table.groupby("scenario")}
    np.testing.assert_array_equal(parts[""], data.cells[split.test])
    np.testing.assert_array_equal(parts["calibration"], data.cells[split.calibration])
    np.testing.assert_array_equal(parts["test-dropout-50"], data.cells[split.test])
    n = len(split.test) + len(split.calibration)
    np.testing.assert_array_equal(given["asked"][:n].toarray(), data.X[[*split.test, *split.calibration]].toarray())
    thinner = np.diff(given["asked"][n:].indptr) / np.diff(data.X[split.test].indptr)
    np.testing.assert_allclose(thinner, 0.5, atol=0.02)
