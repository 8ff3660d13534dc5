"""State of a training, as arrays that a later attempt goes on from."""

import math

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

# Columns of a history and their types.
COLUMNS = {"epoch": int, "part": str, "loss": str, "value": float}


class Run:
    """How far a training is, and what was best so far.

    Parameters
    ----------
    module
        What is trained.
    optimizer
        Of its parameters.
    generator
        From which the training draws, on its device. Dropout draws from torch's global generator of that device.
    """

    def __init__(self, module: nn.Module, optimizer: torch.optim.Optimizer, generator: torch.Generator) -> None:
        self.module, self.optimizer, self.generator = module, optimizer, generator
        self.epoch, self.best_epoch, self.best_score = 0, 0, -math.inf
        self.best: dict[str, Tensor] = {}
        self.rows: list[tuple[int, str, str, float]] = []

    def record(self, part: str, measured: dict[str, float]) -> None:
        """Note what was measured in the current epoch."""
        for key, value in measured.items():
            if not math.isfinite(value):
                raise FloatingPointError(f"{key} on the {part} cells is {value} after epoch {self.epoch + 1}")
            self.rows.append((self.epoch + 1, part, key, value))

    def end_epoch(self, score: float) -> None:
        """End the epoch; its parameters are kept if its score is the highest so far."""
        self.epoch += 1
        if score > self.best_score:
            self.best_score, self.best_epoch = score, self.epoch
            self.best = {key: value.clone() for key, value in self.module.state_dict().items()}

    def waited(self, patience: int | None) -> bool:
        """Whether the best epoch lies too far back."""
        return patience is not None and self.epoch - self.best_epoch >= patience

    def line(self, speed: float) -> str:
        """Measures of the last epoch and its speed."""
        last = [f"{part[:5]} {key} {value:.3f}" for epoch, part, key, value in self.rows if epoch == self.epoch]
        return ", ".join([*last, f"{speed:.0f} cells/s"])

    def history(self) -> pd.DataFrame:
        """Measures of all epochs."""
        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    def state(self) -> dict[str, np.ndarray]:
        """All that the next epoch depends on, as arrays."""
        history = self.history()
        arrays = {
            "epoch": np.array([self.epoch, self.best_epoch]),
            "best_score": np.array(self.best_score),
            **{f"history.{key}": history[key].to_numpy(dtype=kind) for key, kind in COLUMNS.items()},
            "random.task": self.generator.get_state().numpy(),
            "random.dropout": _random_state(self.generator.device).numpy(),
        }
        moments = self.optimizer.state_dict()["state"]
        tensors = {f"module.{key}": value for key, value in self.module.state_dict().items()}
        tensors |= {f"best.{key}": value for key, value in self.best.items()}
        tensors |= {f"adam.{i}.{key}": value for i, each in moments.items() for key, value in each.items()}
        return arrays | {key: value.cpu().numpy() for key, value in tensors.items()}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go back to a state."""
        device = self.generator.device
        self.epoch, self.best_epoch = map(int, arrays["epoch"])
        self.best_score = float(arrays["best_score"])
        columns = (arrays[f"history.{key}"].tolist() for key in COLUMNS)
        self.rows = list(zip(*columns, strict=True))
        self.module.load_state_dict(_part(arrays, "module.", device))
        self.best = _part(arrays, "best.", device)
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in _part(arrays, "adam.", device).items():
            number, _, what = key.partition(".")
            moments.setdefault(int(number), {})[what] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.generator.set_state(torch.from_numpy(arrays["random.task"]))
        _set_random_state(torch.from_numpy(arrays["random.dropout"]), device)


def _part(arrays: dict[str, np.ndarray], prefix: str, device: torch.device) -> dict[str, Tensor]:
    return {
        key.removeprefix(prefix): torch.as_tensor(value, device=device)
        for key, value in arrays.items()
        if key.startswith(prefix)
    }


def _random_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_random_state(state: Tensor, device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
