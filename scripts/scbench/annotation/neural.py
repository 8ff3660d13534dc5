"""Small networks that classify cells: training with early stopping, and probabilities."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn

# Input of the network for some rows, (rows, ...) float32.
Rows = Callable[[np.ndarray], np.ndarray]

_BLOCK = 256  # cells of a block that is predicted


def warm_up() -> None:
    """Import torch, and what it imports when its first optimiser is made."""
    import torch

    torch.optim.Adam([torch.zeros(1)])


def device_of(wanted: str) -> str:
    """Name of a device of torch: ``"auto"`` is CUDA where there is one."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def train(
    model: "nn.Module",
    rows: Rows,
    y: np.ndarray,
    cells: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    weight_decay: float = 0.0,
    held_out: np.ndarray | None = None,
    patience: int = 0,
) -> list[float]:
    """Minimise the cross-entropy by Adam.

    Parameters
    ----------
    model
        On its device; trained in place, and left in evaluation mode.
    rows
        Input for some rows; only that of one batch is in memory.
    y
        (all rows,) class numbers.
    cells
        Rows to train on, in another random order in each epoch. The last, smaller batch is kept.
    held_out
        Rows whose loss decides when to stop: after `patience` epochs without a lower one. The weights of the best epoch
        are kept. None or empty: all epochs are trained, and the last weights kept.

    Returns
    -------
    list of float
        Loss on the held-out rows after each epoch.

    Notes
    -----
    The caller seeds torch, whose generator draws dropout; `seed` is for the order. One seed gives one result on one
    device.
    """
    import torch

    device = next(model.parameters()).device
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)
    watch = held_out is not None and len(held_out) > 0
    losses: list[float] = []
    best: dict = {}
    for _ in range(epochs):
        model.train()
        order = rng.permutation(cells)
        for batch in np.split(order, range(batch_size, len(order), batch_size)):
            target = torch.as_tensor(y[batch], device=device)
            loss = torch.nn.functional.cross_entropy(model(_tensor(rows(batch), device)), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if watch:
            shares = probabilities(model, lambda block: rows(held_out[block]), len(held_out))
            losses.append(float(-np.log(np.maximum(shares[np.arange(len(shares)), y[held_out]], 1e-30)).mean()))
            if losses[-1] == min(losses):
                best = {name: value.clone() for name, value in model.state_dict().items()}
            if len(losses) - 1 - int(np.argmin(losses)) >= patience:
                break
    if watch:
        model.load_state_dict(best)
    model.eval()
    return losses


def probabilities(model: "nn.Module", rows: Rows, n_cells: int) -> np.ndarray:
    """Probabilities of the classes, (cells, classes) float64, in evaluation mode.

    Blocks have one size, the last one filled up with its last row: what a cell gets does not depend on how many others
    there are.
    """
    import torch

    device = next(model.parameters()).device
    model.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, n_cells, _BLOCK):
            block = np.minimum(np.arange(start, start + _BLOCK), n_cells - 1)
            shares = torch.softmax(model(_tensor(rows(block), device)).double(), dim=1)
            found.append(shares[: n_cells - start].cpu().numpy())
    return np.concatenate(found)


def _tensor(values: np.ndarray, device: object) -> "Tensor":
    import torch

    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device)
