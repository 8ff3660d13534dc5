"""What a run shows a method of the test cells: nothing, unless the registry says so."""

import numpy as np
import pytest

from scbench import child
from scbench.data.prepare import prepare
from scbench.io import read_prepared
from scbench.plan import Plan
from scbench.provenance import ROOT
from scbench.validate import read_yaml

PLAN = Plan.load(read_yaml(ROOT / "config/smoke.yaml"))
INDUCTIVE = [
    (track, name)
    for track in ("markers", "annotation")
    for name, entry in PLAN.registry.methods.items()
    if entry["track"] == track and entry["regime"] == "inductive" and entry["role"] != "positive_control"
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same training cells twice: once with the true test cells, once with others and with other labels."""
    import anndata as ad

    folder = tmp_path_factory.mktemp("leaks")
    prepare("toy_cells", PLAN.registry.dataset("toy_cells"), folder / "one.h5ad", source=None, seed=1)
    data = ad.read_h5ad(folder / "one.h5ad")
    order = np.random.default_rng(0).permutation(data.n_obs)
    train, test = np.sort(order[:90]), np.sort(order[90:])
    np.savez(folder / "split.npz", train=train, test=test, calibration=train[:0])
    data.X = _shuffled(data.X, test)
    data.layers["counts"] = _shuffled(data.layers["counts"], test)
    labels = data.obs["label"].astype(str).to_numpy()
    labels[test] = labels[np.random.default_rng(2).permutation(test)]
    data.obs["label"] = labels
    data.write_h5ad(folder / "two.h5ad")
    return folder


def _shuffled(values, cells):
    """The same matrix with the values of some cells in another order."""
    other = values.tolil()
    other[cells] = np.random.default_rng(1).permutation(other[cells].toarray().ravel()).reshape(len(cells), -1)
    return other.tocsr()


def _output(files, track, name, data):
    spec = {**PLAN.spec(track, "toy_cells", name, 0), "checkpoint": None, "data": str(files / data), "split": str(files / "split.npz")}
    child._run(spec, files / "output.tsv")
    return (files / "output.tsv").read_text()


@pytest.mark.parametrize(("track", "name"), INDUCTIVE)
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
