"""Linear maps of many tokens."""

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor

_MANY = 1024  # rows, from which on the way to oneDNN's memory format and back pays


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply a linear map to the last axis.

    On CPU in float32, many rows go through oneDNN, whose kernel is a sixth faster than torch's default on AMD.
    """
    many = x.numel() >= _MANY * x.shape[-1] and x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32
    if many and torch.backends.mkldnn.is_available() and not torch.is_autocast_enabled("cpu"):
        return F.linear(x.to_mkldnn(), weight, bias).to_dense()
    return F.linear(x, weight, bias)
