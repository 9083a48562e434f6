"""A plain reading of MSSNet: eager, every step in the order in which the paper tells it, all six outputs.

It takes the weights by their official names and shares no code with the network that it checks.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = Mapping[str, Tensor]


def _conv(weights: Weights, name: str, x: Tensor) -> Tensor:
    weight = weights[f"{name}.weight"]
    return F.conv2d(x, weight, padding=weight.shape[-1] // 2)


def _resized(x: Tensor, factor: float, aligned: bool = False) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=aligned)


def _block(weights: Weights, name: str, x: Tensor) -> Tensor:
    y = F.prelu(_conv(weights, f"{name}.body.0", x), weights[f"{name}.body.1.weight"])
    return _conv(weights, f"{name}.body.2", y) + x


def _blocks(weights: Weights, name: str, x: Tensor) -> Tensor:
    return _block(weights, f"{name}.1", _block(weights, f"{name}.0", x))


def _encoder(weights: Weights, name: str, x: Tensor, earlier: tuple[list[Tensor], list[Tensor]] | None) -> list[Tensor]:
    levels: list[Tensor] = []
    for level in (1, 2, 3):
        if level > 1:
            x = _conv(weights, f"{name}.down{level - 1}{level}.down.1", _resized(x, 0.5))
        x = _blocks(weights, f"{name}.encoder_level{level}", x)
        if earlier is not None:
            encoded, decoded = earlier
            x = x + _conv(weights, f"{name}.csff_enc{level}", encoded[level - 1])
            x = x + _conv(weights, f"{name}.csff_dec{level}", decoded[level - 1])
        levels.append(x)
    return levels


def _decoder(weights: Weights, name: str, encoded: list[Tensor]) -> list[Tensor]:
    d3 = _blocks(weights, f"{name}.decoder_level3", encoded[2])
    up = _conv(weights, f"{name}.up32.up.1", _resized(d3, 2))
    d2 = _blocks(weights, f"{name}.decoder_level2", up + _block(weights, f"{name}.skip_attn2", encoded[1]))
    up = _conv(weights, f"{name}.up21.up.1", _resized(d2, 2))
    d1 = _blocks(weights, f"{name}.decoder_level1", up + _block(weights, f"{name}.skip_attn1", encoded[0]))
    return [d1, d2, d3]


def _shallow(weights: Weights, name: str, x: Tensor) -> Tensor:
    return _block(weights, f"{name}.1", _conv(weights, f"{name}.0", x))


def plain_reading(weights: Weights, photo: Tensor) -> list[Tensor]:
    """The six outputs for `photo` (B, 3, H, W), sides multiples of 16; the last one is the result."""

    def tail(name: str, x: Tensor) -> Tensor:
        return F.pixel_shuffle(_conv(weights, f"{name}.tail", x), 2)

    half = _resized(photo, 0.5, aligned=True)
    e11 = _encoder(weights, "E1_1", _shallow(weights, "shallow_feat1", F.pixel_unshuffle(half, 2)), None)
    d11 = _decoder(weights, "D1_1", e11)

    x = _shallow(weights, "shallow_feat2", F.pixel_unshuffle(photo, 2))
    up = _conv(weights, "up_scale1_feat.scaleUp.1", _resized(d11[0], 2))
    x = _conv(weights, "fusion12", torch.cat([x, up], 1))
    e21 = _encoder(weights, "E2_1", x, ([_resized(e, 2) for e in e11], [_resized(d, 2) for d in d11]))
    d21 = _decoder(weights, "D2_1", e21)
    e22 = _encoder(weights, "E2_2", d21[0], (e21, d21))
    d22 = _decoder(weights, "D2_2", e22)

    x = _shallow(weights, "shallow_feat3", photo)
    up = _conv(weights, "up_scale2_feat.scaleUp.1", _resized(d22[0], 2))
    x = _conv(weights, "fusion23", torch.cat([x, up], 1))
    e31 = _encoder(weights, "E3_1", x, ([_resized(e, 2) for e in e22], [_resized(d, 2) for d in d22]))
    d31 = _decoder(weights, "D3_1", e31)
    e32 = _encoder(weights, "E3_2", d31[0], (e31, d31))
    d32 = _decoder(weights, "D3_2", e32)
    e33 = _encoder(weights, "E3_3", d32[0], (e32, d32))
    d33 = _decoder(weights, "D3_3", e33)
    return [
        tail("tail1_1", d11[0]) + half,
        tail("tail2_1", d21[0]) + photo,
        tail("tail2_2", d22[0]) + photo,
        _conv(weights, "tail3_1", d31[0]) + photo,
        _conv(weights, "tail3_2", d32[0]) + photo,
        _conv(weights, "tail3_3", d33[0]) + photo,
    ]
