"""An encoder that never learned anything, to compare a pre-trained one with."""

from scbench.annotation.scrobust.pretrain import new_encoder
from scbench.annotation.scrobust.pretrained import Pretrained


def untrained(like: Pretrained, seed: int) -> Pretrained:
    """Make an encoder of the same genes and settings with random weights.

    What it can do as well is owed to the form of the encoder and to its input, not to pre-training.

    Parameters
    ----------
    like
        The pre-trained encoder.
    seed
        Of the weights.

    Returns
    -------
    Pretrained
        On the same device, without a history.
    """
    encoder = new_encoder(len(like.genes), like.settings, seed=seed, device=like.encoder.table.device)
    return Pretrained(encoder, like.genes, like.settings, like.history.iloc[:0])
