"""Pre-training of the released form beside the reference's losses on CITE-seq."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.annotation.scrobust.pretrain import new_encoder, pretrain
from scbench.annotation.scrobust.settings import settings
from scbench.data.normalise import log1p_normalised


@pytest.mark.slow
def test_losses_of_pre_training_fall_as_those_of_the_reference(shared):
    """Three epochs of its short budget; which tenth is held out, the initial weights and the views differ."""
    counts = sp.csr_matrix(ad.read_h5ad(shared / "data/citeseq_cbmc.h5ad").X).astype(np.int32)
    X = log1p_normalised(counts, 1e4)
    chosen = settings("faithful", {"pretrain_epochs": 3, "pretrain_lr": 3e-4, "genes_per_view": 50})
    history = pretrain(new_encoder(X.shape[1], chosen, seed=0, device="cpu"), X, chosen, seed=0)
    ours = history[history["part"] == "validation"].pivot_table(index="epoch", columns="loss", values="value")
    table = pd.read_csv(shared / "reference/scrobust/citeseq_scrobust_pretrain_losses.csv")
    theirs = table[table["ratio"] == 0].head(3)
    np.testing.assert_allclose(ours["contrastive"], theirs["heldout_cl"], atol=0.12)
    # New views in each epoch make single values of this loss jump.
    np.testing.assert_allclose(ours["expression"].mean(), theirs["heldout_ge"].mean(), rtol=0.2)
