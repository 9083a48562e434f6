"""Muon, an optimizer for matrices: each step is the momentum with all its directions made equally long.

Source: Jordan et al., *Muon: An optimizer for hidden layers in neural networks*, 2024; the length of a step is matched to
AdamW's as in Liu et al., *Muon is Scalable for LLM Training*, 2025, so that the same learning rates do. A convolution
(out, in, height, width) is taken as the matrix (out, in x height x width). torch's own takes two-dimensional parameters alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

ADAMW_RMS = 0.2  # how large a step of AdamW's is, as a share of the learning rate
_ROUNDS = 5  # of the Newton-Schulz iteration
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # bring every singular value near 1 in that many rounds


class Muon(torch.optim.Optimizer):
    """Steps for convolutions; parameters that are no matrices, such as a slope, move by the sign of their momentum."""

    def __init__(
        self, parameters: Iterable[Tensor], lr: float, *, momentum: float = 0.95, weight_decay: float = 1e-4
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                direction = self._direction(parameter, group["momentum"])
                if parameter.ndim < 2:
                    self._move(parameter, direction.sign() * ADAMW_RMS, group)
                else:
                    matrix = direction.reshape(parameter.shape[0], -1).float()
                    alike[matrix.shape[0], matrix.shape[1]].append((parameter, matrix))
            for shape, members in alike.items():  # matrices of one shape go together, which is quicker
                steps = orthogonal(torch.stack([matrix for _, matrix in members])) * (ADAMW_RMS * max(shape) ** 0.5)
                for (parameter, _), one in zip(members, steps, strict=True):
                    self._move(parameter, one.reshape(parameter.shape), group)

    def _direction(self, parameter: Tensor, momentum: float) -> Tensor:
        """The gradient, smoothed, and looked ahead by Nesterov's rule."""
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        smoothed: Tensor = state["momentum_buffer"]
        assert parameter.grad is not None
        smoothed.lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(smoothed, momentum)

    @staticmethod
    def _move(parameter: Tensor, step: Tensor, group: dict[str, Any]) -> None:
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(step.to(parameter.dtype), alpha=-group["lr"])


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices (B, rows, columns) with the same directions, each singular value near 1 (between about 0.7 and 1.2)."""
    a, b, c = _COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_ROUNDS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    turned: Tensor = x.mT if tall else x
    return turned
