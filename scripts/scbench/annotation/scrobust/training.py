"""The loop that both trainings of scRobust share: steps, validation, the best epoch, checkpoints and progress."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from scbench.annotation.scrobust import checkpoints
from scbench.annotation.scrobust.allocation import keep_freed_memory
from scbench.annotation.scrobust.state import Run
from scbench.annotation.scrobust.steps import RecordedStep, Step, adamw

# A state is the parameters four times over (two moments, the best epoch): seconds between two of them, so that writing
# stays a small part of the time.
CHECKPOINT_EVERY = 20.0
_QUIET = 5.0  # seconds between lines of progress
_WARM_UP = 0.05  # share of the steps in which the learning rate rises


class Task(ABC):
    """What is trained, on what.

    Attributes
    ----------
    module
        All that is trained.
    cells
        (n,) numbers of the cells to train on, on the device.
    generator
        Source of all randomness but dropout, on the device.
    recordable
        Whether `losses` never asks the device for a number.
    """

    module: nn.Module
    cells: Tensor
    generator: torch.Generator
    recordable: bool = True

    @abstractmethod
    def losses(self, cells: Tensor) -> dict[str, Tensor]:
        """Losses of a batch by name; their sum is minimised."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Measure on the held-out cells."""

    @abstractmethod
    def score(self, epoch: int, measured: dict[str, float]) -> float:
        """Tell how good an epoch is from what was measured after it, the higher the better."""


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    Attributes
    ----------
    epochs, batch, lr, weight_decay, decay, patience, precision, record
        See `scbench.annotation.scrobust.settings.Settings`.
    """

    epochs: int
    batch: int
    lr: float
    weight_decay: float
    decay: bool
    patience: int | None
    precision: str
    record: bool


def train(
    task: Task, plan: Plan, *, name: str, seed: int, checkpoint: Path | None = None, fingerprint: str = ""
) -> pd.DataFrame:
    """Train, and leave the module with the parameters of its best epoch (the earliest of equals).

    Parameters
    ----------
    name
        Of the training, for its progress.
    seed
        Of dropout; whatever else is random comes from the task.
    checkpoint
        File with the state, from which a training with the same `fingerprint` goes on as if it had never stopped.

    Returns
    -------
    pandas.DataFrame
        One row per epoch (from 1), part (``train``, ``validation``) and ``loss`` or other measure, with its ``value``.
        Those of the training part are means over the cells, while they were trained on, with dropout.

    Raises
    ------
    FloatingPointError
        If a loss is not finite.

    Notes
    -----
    The same seed gives the same numbers on one device with one number of threads.
    """
    keep_freed_memory()
    device = task.cells.device
    step = step_of(task, plan.lr, plan.weight_decay, plan.precision, plan.record)
    with _dropout_seed(seed, device):
        run = Run(task.module, step.optimizer, task.generator)
        saved = None if checkpoint is None else checkpoints.load(checkpoint, fingerprint)
        if saved is not None:
            run.restore(saved)
        written = time.monotonic()
        bar = tqdm(
            total=plan.epochs, initial=run.epoch, desc=name, unit="epoch", mininterval=_QUIET, delay=_QUIET, ascii=True
        )
        with bar:
            while run.epoch < plan.epochs and not run.waited(plan.patience):
                began = time.monotonic()
                run.record("train", _epoch(task, plan, step, run.epoch))
                measured = task.validate()
                run.record("validation", measured)
                run.end_epoch(task.score(run.epoch + 1, measured))
                bar.set_postfix_str(run.line(len(task.cells) / (time.monotonic() - began)), refresh=False)
                bar.update()
                if checkpoint is not None and time.monotonic() - written >= CHECKPOINT_EVERY:
                    checkpoints.save(checkpoint, fingerprint, run.state())
                    written = time.monotonic()
    if checkpoint is not None:
        checkpoints.save(checkpoint, fingerprint, run.state())
    task.module.load_state_dict(run.best)
    task.module.eval()
    return run.history()


def step_of(task: Task, lr: float, weight_decay: float, precision: str, record: bool) -> Step:
    """Steps of a task, recorded where that is wanted and possible; see `Plan`."""
    record = record and task.cells.device.type == "cuda" and task.recordable
    optimizer = adamw(task.module, lr, weight_decay, record=record)
    if record:
        return RecordedStep(task.losses, optimizer, precision, task.generator)
    return Step(task.losses, optimizer, precision)


def _epoch(task: Task, plan: Plan, step: Step, epoch: int) -> dict[str, float]:
    """Take the steps of one epoch; the mean losses over its cells."""
    task.module.train()
    order = torch.randperm(len(task.cells), generator=task.generator, device=task.cells.device)
    batches = task.cells[order].split(plan.batch)
    total: dict[str, Tensor] = {}
    for i, cells in enumerate(batches):
        share = _share_of_rate(i + epoch * len(batches), plan.epochs * len(batches)) if plan.decay else 1.0
        for key, loss in step(cells, plan.lr * share).items():
            total[key] = total.get(key, 0) + loss * len(cells)
    return {key: float(value) / len(task.cells) for key, value in total.items()}


def _share_of_rate(step: int, steps: int) -> float:
    """Share of the learning rate in a step: a linear rise, then half a cosine."""
    rise = max(_WARM_UP * steps, 1.0)
    return min((step + 1) / rise, 0.5 + 0.5 * math.cos(math.pi * step / steps))


@contextmanager
def _dropout_seed(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generator, which dropout draws from, and give it back as it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@contextmanager
def cpu_threads(n: int) -> Iterator[None]:
    """Let torch use a number of CPU threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
