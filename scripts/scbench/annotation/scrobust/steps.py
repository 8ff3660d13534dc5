"""A step of training: one operation after the other, or, on a GPU, replayed as a whole.

A step of scRobust is some three hundred small operations. A GPU is done with each of them before Python has asked for
the next, so it waits most of the time; recorded once and replayed as one CUDA graph, it does not.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Losses = Callable[[Tensor], dict[str, Tensor]]

_EAGER = 3  # steps before one is recorded: libraries choose and load their kernels in the first


def adamw(module: nn.Module, lr: float, weight_decay: float, *, record: bool) -> torch.optim.AdamW:
    """AdamW; where its steps are to be recorded, its learning rate lies on the device too."""
    parameters = list(module.parameters())
    rate = torch.tensor(lr, device=parameters[0].device) if record else lr
    return torch.optim.AdamW(parameters, lr=rate, weight_decay=weight_decay, fused=True, capturable=record)


class Step:
    """Take steps of an optimiser.

    Parameters
    ----------
    losses
        Losses of a batch by name; their sum is minimised.
    optimizer
        From `adamw`.
    precision
        ``bfloat16`` or ``float32``: of products of matrices.
    """

    def __init__(self, losses: Losses, optimizer: torch.optim.Optimizer, precision: str) -> None:
        self.losses, self.optimizer, self.precision = losses, optimizer, precision

    def __call__(self, cells: Tensor, rate: float) -> dict[str, Tensor]:
        """Take a step with a batch of cells and a learning rate; the losses before it."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        return self._take(cells)

    def _take(self, cells: Tensor) -> dict[str, Tensor]:
        with autocast(cells.device, self.precision):
            losses = self.losses(cells)
        self.optimizer.zero_grad()
        sum(losses.values()).backward()
        self.optimizer.step()
        return {name: loss.detach() for name, loss in losses.items()}


class RecordedStep(Step):
    """Steps on a GPU that are recorded once for the size of the first batch; others are taken one by one.

    Nothing in the step may depend on numbers that the host has to look at. The losses that a replay gives are
    overwritten by the next.

    Parameters
    ----------
    losses, optimizer, precision
        See `Step`.
    generator
        From which the step draws, beside torch's own.

    Notes
    -----
    Memory on the device: that of one step, kept as long as this object. Replays draw the numbers that steps taken one
    by one would draw.
    """

    def __init__(
        self, losses: Losses, optimizer: torch.optim.Optimizer, precision: str, generator: torch.Generator
    ) -> None:
        super().__init__(losses, optimizer, precision)
        self.generator = generator
        self.graph: torch.cuda.CUDAGraph | None = None
        self.cells: Tensor | None = None
        self.eager = 0

    def _take(self, cells: Tensor) -> dict[str, Tensor]:
        if self.cells is None:
            self.cells = torch.empty_like(cells)
        if cells.shape != self.cells.shape:
            return super()._take(cells)
        if self.eager < _EAGER:
            self.eager += 1
            return self._aside(cells)
        self.cells.copy_(cells)
        if self.graph is None:
            self._record()
        self.graph.replay()
        return self.recorded

    def _aside(self, cells: Tensor) -> dict[str, Tensor]:
        """Take a step on a stream of its own, as torch wants it before a recording."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            losses = super()._take(cells)
        torch.cuda.current_stream().wait_stream(stream)
        return losses

    def _record(self) -> None:
        """Record a step, which is not taken by that."""
        self.optimizer.zero_grad()  # the gradients of a replay are the recording's own
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.generator)
        with torch.cuda.graph(graph):
            self.recorded = super()._take(self.cells)
        self.graph = graph


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Context in which products of matrices have a precision."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")
