"""scRobust's trainings: resumed as if never stopped, the same for a seed, blind to cells that they must not see."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from scbench.annotation.scrobust import checkpoints, training
from scbench.annotation.scrobust.compare import compare
from scbench.annotation.scrobust.method import ScRobust
from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.annotation.scrobust.settings import settings
from scbench.data.normalise import log1p_normalised
from scbench.errors import UserError
from scbench.simulate.cells import cell_types

SMALL = {"width": 16, "heads": 2, "pretrain_epochs": 4, "finetune_epochs": 4, "pretrain_batch": 32}
SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def cells():
    adata = cell_types(n_cells=150, n_genes=60, n_types=3, seed=1)
    return log1p_normalised(adata.layers["counts"], 1e4), adata.obs["label"].to_numpy(), adata.var_names.to_numpy()


def _fit(cells, checkpoint=None, seed=0, **overrides):
    X, labels, _ = cells
    method = ScRobust(overrides=SMALL | overrides)
    method.checkpoint = checkpoint
    return method.fit(X[:100], labels[:100], seed=seed)


def _same(one, two, X):
    np.testing.assert_array_equal(one.predict(X).confidence, two.predict(X).confidence)
    for key in one.extras_:
        np.testing.assert_array_equal(one.extras_[key], two.extras_[key])


# --- resume -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [2, 6])  # writes: in pre-training, and in fine-tuning
def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(cells, tmp_path, monkeypatch, stop):
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 0)
    whole = _fit(cells)
    save, written = checkpoints.save, []

    def failing(*args):
        save(*args)
        written.append(args[0])
        if len(written) == stop:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "save", failing)
    with pytest.raises(KeyboardInterrupt):
        _fit(cells, tmp_path)
    monkeypatch.setattr(checkpoints, "save", lambda *args: (save(*args), written.append(args[0])))
    resumed = _fit(cells, tmp_path)
    assert len(written) <= 2 * (SMALL["pretrain_epochs"] + 1) + 1, "no epoch is trained twice"
    _same(whole, resumed, cells[0][100:])


def test_a_killed_process_leaves_a_state_to_go_on_from(cells, tmp_path):
    code = f"""
import sys; sys.path.insert(0, {str(SCRIPTS)!r})
import numpy as np, scipy.sparse as sp
from pathlib import Path
from scbench.annotation.scrobust.method import ScRobust
X = sp.load_npz({str(tmp_path / "X.npz")!r}); y = np.load({str(tmp_path / "y.npy")!r})
method = ScRobust(overrides={SMALL | {"pretrain_epochs": 400}!r})
method.checkpoint = Path({str(tmp_path / "state")!r})
method.fit(X, y, seed=0)
"""
    sp.save_npz(tmp_path / "X.npz", cells[0][:100])
    np.save(tmp_path / "y.npy", cells[1][:100].astype(str))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "state").glob("[!.]*.npz")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    [state] = (tmp_path / "state").glob("[!.]*.npz")
    with np.load(state, allow_pickle=False) as arrays:
        assert len(str(arrays["fingerprint"])) == 64
        assert 0 < arrays["epoch"][0] <= 400


def test_the_state_of_another_training_is_left_out(cells, tmp_path, capsys):
    _fit(cells, tmp_path, seed=1)
    _same(_fit(cells), _fit(cells, tmp_path), cells[0][100:])
    assert "another training" in capsys.readouterr().out
    for file in tmp_path.glob("*.npz"):
        file.write_bytes(b"PK broken")
    _same(_fit(cells), _fit(cells, tmp_path), cells[0][100:])
    assert "cannot be read" in capsys.readouterr().out


# --- what is learned ----------------------------------------------------------------------------------------------


def test_history_has_both_losses_of_both_parts(cells):
    method = _fit(cells)
    found = {key: method.extras_[f"history_{key}"] for key in ("epoch", "part", "loss", "value")}
    assert set(found["part"]) == {"train", "validation"}
    assert set(found["loss"]) == {"contrastive", "expression"}
    assert len(found["epoch"]) == 4 * SMALL["pretrain_epochs"]
    assert np.isfinite(found["value"]).all()
    assert "macro_f1" in set(method.extras_["finetune_loss"])
    without = ScRobust(pretrain=False, overrides=SMALL | {"scratch_epochs": 2}).fit(*cells[:2], seed=0)
    assert "history_epoch" not in without.extras_


def test_a_frozen_encoder_stays_as_pre_training_left_it(cells):
    X, labels, genes = cells
    method = ScRobust(frozen=True, overrides=SMALL).fit(X, labels, seed=3)
    alone = Pretrained.fit(X, genes, settings=settings(None, SMALL), seed=3)
    np.testing.assert_array_equal(
        method.classifier_.encoder.table.detach().numpy(), alone.encoder.table.detach().numpy()
    )
    with pytest.raises(UserError, match="cannot be frozen without pre-training"):
        ScRobust(frozen=True, pretrain=False).fit(X, labels, seed=0)


def test_unlabelled_cells_are_seen_by_pre_training_only_where_they_are_given(cells):
    X, labels, _ = cells
    strict = ScRobust(overrides=SMALL).fit(X[:100], labels[:100], seed=0)
    given = ScRobust(overrides=SMALL).fit(X[:100], labels[:100], seed=0, X_unlabelled=X[100:])
    assert not np.array_equal(strict.extras_["history_value"], given.extras_["history_value"])


def test_a_pre_trained_encoder_is_read_as_it_was_written(cells, tmp_path):
    X, _, genes = cells
    one = Pretrained.fit(X, genes, settings=settings(None, SMALL | {"layers": 2}), seed=0)
    one.save(tmp_path / "encoder.npz")
    two = Pretrained.load(tmp_path / "encoder.npz")
    np.testing.assert_array_equal(one.embed(X), two.embed(X))
    assert one.embed(X).shape == (2, 150, 16)
    assert two.settings == one.settings
    assert list(two.genes) == list(genes)
    np.testing.assert_array_equal(one.history["value"], two.history["value"])
    attention = one.attention(X)
    assert attention.shape == X.shape
    assert (attention.sum(axis=1) <= 1 + 1e-5).all()
    assert one.pathway([1, 2, 3]).shape == (16,)
    assert one.pathway_cells(X, [1, 2, 3]).shape == (150, 16)
    (tmp_path / "encoder.npz").write_bytes(b"no")
    with pytest.raises(UserError, match="cannot be read as a pre-trained encoder"):
        Pretrained.load(tmp_path / "encoder.npz")
    with pytest.raises(UserError, match=r"knows 60 genes\. Got cells with 10"):
        one.embed(X[:, :10])


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "overrides", "message"),
    [
        ("authors", {}, "'variant' must be 'faithful' or None. Got 'authors'"),
        (None, {"layer": 2}, "no setting 'layer'. Did you mean 'layers'"),
        (None, {"layers": 0}, "'layers' must be a whole number from 1. Got 0"),
        (None, {"layers": True}, "'layers' must be a whole number from 1. Got True"),
        (None, {"values": "raw"}, "'values' must be one of faithful, after_norm, embedding. Got 'raw'"),
        (None, {"mask_pads": 1}, "'mask_pads' must be true or false. Got 1"),
        (None, {"dropout": 1.0}, "'dropout' must be a number from 0 to 0.99. Got 1.0"),
        (None, {"width": 100}, "'width' must be a multiple of 'heads'"),
    ],
)
def test_a_setting_that_is_not_allowed_is_named(variant, overrides, message):
    with pytest.raises(UserError, match=message):
        settings(variant, overrides)


def test_the_released_settings_are_those_of_the_code():
    chosen = settings("faithful", {})
    assert (chosen.values, chosen.mask_pads, chosen.replacement) == ("faithful", False, True)
    assert (chosen.n_genes, chosen.duplicate_summary, chosen.finetune_batch) == (800, True, 32)
    assert chosen.pretrain_lr == chosen.finetune_lr == 5e-5
    assert (chosen.temperature, chosen.dropout, chosen.weight_decay, chosen.balance) == (0.07, 0.1, 0, 0)


def test_settings_are_compared_on_held_out_cells(cells):
    X, labels, _ = cells
    candidates = {
        "trained": SMALL | {"finetune_lr": 1e-2, "finetune_epochs": 60, "finetune_batch": 16},
        "barely": SMALL | {"finetune_lr": 1e-8},
    }
    table = compare(X, labels, candidates, seed=0)
    assert list(table["candidate"]) == ["trained", "barely"]
    assert table["macro_f1"][0] > 0.8 > table["macro_f1"][1]
    assert (table["cpu_s"] > 0).all()
