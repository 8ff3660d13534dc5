"""Dropout, several times faster on CPU than torch's."""

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor
from torch.autograd.function import FunctionCtx

_STEPS = 2**16


def dropout(x: Tensor, p: float) -> Tensor:
    """Set values to zero with probability p, independently, and divide the others by 1 - p.

    On CPU, torch draws a number for each value and takes longer for it than for a small matrix product. Here one draw
    of 64 bits decides about four values; p is rounded to a multiple of 1 / 65536.
    """
    if x.device.type != "cpu":
        return F.dropout(x, p)
    return _Dropout.apply(x, round(p * _STEPS)) if p > 0 else x


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, dropped: int) -> Tensor:
        bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        keep = bits.view(torch.int16)[: x.numel()].view(x.shape) >= dropped - _STEPS // 2
        ctx.save_for_backward(keep)
        ctx.scale = _STEPS / (_STEPS - dropped)
        return (x * keep).mul_(ctx.scale)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        (keep,) = ctx.saved_tensors
        return (grad * keep).mul_(ctx.scale), None
