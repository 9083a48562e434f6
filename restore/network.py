"""MSSNet: three scales, coarse to fine, of one, two and three light U-Nets (stages) in RGB.

Source: Kim, Lee, Cho, *MSSNet: Multi-Scale-Stage Network for Single Image Deblurring*, ECCV 2022
Workshops, arXiv 2202.09652. The state_dict has the official checkpoints' names (kky7/MSSNet), so they
load strictly. Tensors are float (B, C, H, W), RGB in [0, 1]; H and W are multiples of 16.

The same function is computed with less work than its plain reading:

- a bilinear x0.5 (align_corners False) on even sides is a mean of 2x2 pixels;
- a 1x1 convolution commutes with bilinear upsampling, so it runs first, on a quarter of the pixels,
  and what two 1x1 convolutions add up to is upsampled once;
- `forward` runs one tail of the six and, without gradients, activates and adds in place.
"""

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restore.configuration import Configuration

SIDE_MULTIPLE = 16  # pixels: two halvings to the coarsest scale, two more inside its U-Net


def _conv(inputs: int, outputs: int, side: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=False)


def _halve(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class Features(NamedTuple):
    """What an encoder or a decoder of a stage gives at its three levels, finest first."""

    level1: Tensor  # (B, c1, H, W)
    level2: Tensor  # (B, c2, H/2, W/2)
    level3: Tensor  # (B, c3, H/4, W/4)


class ResidualBlock(nn.Module):
    """conv3x3, PReLU, conv3x3, plus the input."""

    def __init__(self, channels: int, activation: nn.PReLU) -> None:
        super().__init__()
        self.body = nn.Sequential(_conv(channels, channels, 3), activation, _conv(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return cast(Tensor, x + self.body(x))
        first, activation, second = self.body
        slope = cast(nn.PReLU, activation).weight
        y = first(x)
        # torch has no PReLU in place; with one slope for all channels this is the same
        y = torch.where(y > 0, y, y * slope) if slope.is_cuda else F.leaky_relu_(y, float(slope))
        return cast(Tensor, second(y).add_(x))


def _two_blocks(channels: int, activation: nn.PReLU) -> nn.Sequential:
    return nn.Sequential(ResidualBlock(channels, activation), ResidualBlock(channels, activation))


class Down(nn.Module):
    """Half the size, then a 1x1 convolution; index 0 of the official module is the resizing."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Identity(), _conv(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.down(_halve(x)))


class Up(nn.Module):
    """A 1x1 convolution, then twice the size (the official order is the other way round; the result is the same)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up = nn.Sequential(nn.Identity(), _conv(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        return _double(self.up(x))


class ScaleUp(nn.Module):
    """Like `Up`, between two scales; only the name in the state_dict differs."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scaleUp = nn.Sequential(nn.Identity(), _conv(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return _double(self.scaleUp(x))


class Encoder(nn.Module):
    """The way down of a U-Net; features of an earlier stage are added after each level's blocks."""

    def __init__(self, channels: tuple[int, int, int], activation: nn.PReLU, fuses: bool) -> None:
        super().__init__()
        c1, c2, c3 = channels
        self.encoder_level1 = _two_blocks(c1, activation)
        self.encoder_level2 = _two_blocks(c2, activation)
        self.encoder_level3 = _two_blocks(c3, activation)
        self.down12 = Down(c1, c2)
        self.down23 = Down(c2, c3)
        if fuses:
            self.csff_enc1, self.csff_dec1 = _conv(c1, c1, 1), _conv(c1, c1, 1)
            self.csff_enc2, self.csff_dec2 = _conv(c2, c2, 1), _conv(c2, c2, 1)
            self.csff_enc3, self.csff_dec3 = _conv(c3, c3, 1), _conv(c3, c3, 1)

    def forward(self, x: Tensor, earlier: Features | None = None) -> Features:
        """x: (B, c1, H, W); `earlier`: what `carry_over` made of an earlier stage, at this size."""
        e1 = self.encoder_level1(x)
        if earlier is not None:
            e1 = e1 + earlier.level1
        e2 = self.encoder_level2(self.down12(e1))
        if earlier is not None:
            e2 = e2 + earlier.level2
        e3 = self.encoder_level3(self.down23(e2))
        if earlier is not None:
            e3 = e3 + earlier.level3
        return Features(e1, e2, e3)

    def carry_over(self, encoded: Features, decoded: Features, double: bool) -> Features:
        """Mix an earlier stage's features for this encoder; `double` when they come from the coarser scale."""
        mixed = (
            self.csff_enc1(encoded.level1) + self.csff_dec1(decoded.level1),
            self.csff_enc2(encoded.level2) + self.csff_dec2(decoded.level2),
            self.csff_enc3(encoded.level3) + self.csff_dec3(decoded.level3),
        )
        return Features(*(_double(level) for level in mixed)) if double else Features(*mixed)


class Decoder(nn.Module):
    """The way up of a U-Net, with a residual block on each skip connection."""

    def __init__(self, channels: tuple[int, int, int], activation: nn.PReLU) -> None:
        super().__init__()
        c1, c2, c3 = channels
        self.decoder_level1 = _two_blocks(c1, activation)
        self.decoder_level2 = _two_blocks(c2, activation)
        self.decoder_level3 = _two_blocks(c3, activation)
        self.skip_attn1 = ResidualBlock(c1, activation)
        self.skip_attn2 = ResidualBlock(c2, activation)
        self.up21 = Up(c2, c1)
        self.up32 = Up(c3, c2)

    def forward(self, encoded: Features) -> Features:
        d3 = self.decoder_level3(encoded.level3)
        d2 = self.decoder_level2(self.up32(d3) + self.skip_attn2(encoded.level2))
        d1 = self.decoder_level1(self.up21(d2) + self.skip_attn1(encoded.level1))
        return Features(d1, d2, d3)


class Tail(nn.Module):
    """Features to an RGB residual of twice their size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.tail = _conv(channels, 12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.tail(x), 2)


class Outputs(NamedTuple):
    """The restored photo after each of the six stages; training supervises all of them, (B, 3, H, W)."""

    scale1_stage1: Tensor  # of half the photo's size
    scale2_stage1: Tensor
    scale2_stage2: Tensor
    scale3_stage1: Tensor
    scale3_stage2: Tensor
    scale3_stage3: Tensor  # the result


def half_size(photo: Tensor) -> Tensor:
    """The photo as the coarsest scale sees it: half the size, bilinear, corners aligned."""
    return F.interpolate(photo, scale_factor=0.5, mode="bilinear", align_corners=True)


def _nothing() -> None:
    """What happens between stages unless the caller wants something."""


class MSSNet(nn.Module):
    """The network in a configuration of its widths; see the module's text for shapes and sources."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__()
        self.configuration = configuration
        channels = configuration.channels
        c = configuration.width
        activation = nn.PReLU()  # one for the whole network, so it stands in the state_dict under every block

        self.shallow_feat1 = nn.Sequential(_conv(12, c, 3), ResidualBlock(c, activation))
        self.shallow_feat2 = nn.Sequential(_conv(12, c, 3), ResidualBlock(c, activation))
        self.shallow_feat3 = nn.Sequential(_conv(3, c, 3), ResidualBlock(c, activation))

        self.E1_1 = Encoder(channels, activation, fuses=False)
        self.D1_1 = Decoder(channels, activation)
        self.up_scale1_feat = ScaleUp(c)
        self.fusion12 = _conv(2 * c, c, 3)

        self.E2_1 = Encoder(channels, activation, fuses=True)
        self.D2_1 = Decoder(channels, activation)
        self.E2_2 = Encoder(channels, activation, fuses=True)
        self.D2_2 = Decoder(channels, activation)
        self.up_scale2_feat = ScaleUp(c)
        self.fusion23 = _conv(2 * c, c, 3)

        self.E3_1 = Encoder(channels, activation, fuses=True)
        self.D3_1 = Decoder(channels, activation)
        self.E3_2 = Encoder(channels, activation, fuses=True)
        self.D3_2 = Decoder(channels, activation)
        self.E3_3 = Encoder(channels, activation, fuses=True)
        self.D3_3 = Decoder(channels, activation)

        self.tail1_1 = Tail(c)
        self.tail2_1 = Tail(c)
        self.tail2_2 = Tail(c)
        self.tail3_1 = _conv(c, 3, 3)
        self.tail3_2 = _conv(c, 3, 3)
        self.tail3_3 = _conv(c, 3, 3)

    def forward(self, photo: Tensor, between_stages: Callable[[], None] = _nothing) -> Tensor:
        """Restore a photo, (B, 3, H, W) in, the same out, not clipped.

        `between_stages` is called before each of the six stages; it may raise to stop the work.
        """
        return cast(Tensor, self.tail3_3(self._last_features(photo, between_stages)[-1])) + photo

    def all_outputs(self, photo: Tensor) -> Outputs:
        """Restore a photo and give what each stage made of it, for training."""
        d11, d21, d22, d31, d32, d33 = self._last_features(photo, _nothing)
        return Outputs(
            self.tail1_1(d11) + half_size(photo),
            self.tail2_1(d21) + photo,
            self.tail2_2(d22) + photo,
            self.tail3_1(d31) + photo,
            self.tail3_2(d32) + photo,
            self.tail3_3(d33) + photo,
        )

    def _last_features(self, photo: Tensor, between_stages: Callable[[], None]) -> tuple[Tensor, ...]:
        """The six decoders' finest features, in the stages' order."""
        between_stages()
        e11 = self.E1_1(self.shallow_feat1(F.pixel_unshuffle(half_size(photo), 2)))
        d11 = self.D1_1(e11)

        between_stages()
        x = torch.cat([self.shallow_feat2(F.pixel_unshuffle(photo, 2)), self.up_scale1_feat(d11.level1)], 1)
        e21 = self.E2_1(self.fusion12(x), self.E2_1.carry_over(e11, d11, double=True))
        d21 = self.D2_1(e21)
        between_stages()
        e22 = self.E2_2(d21.level1, self.E2_2.carry_over(e21, d21, double=False))
        d22 = self.D2_2(e22)

        between_stages()
        x = torch.cat([self.shallow_feat3(photo), self.up_scale2_feat(d22.level1)], 1)
        e31 = self.E3_1(self.fusion23(x), self.E3_1.carry_over(e22, d22, double=True))
        d31 = self.D3_1(e31)
        between_stages()
        e32 = self.E3_2(d31.level1, self.E3_2.carry_over(e31, d31, double=False))
        d32 = self.D3_2(e32)
        between_stages()
        e33 = self.E3_3(d32.level1, self.E3_3.carry_over(e32, d32, double=False))
        d33 = self.D3_3(e33)
        return d11.level1, d21.level1, d22.level1, d31.level1, d32.level1, d33.level1


def in_channels_last(network: MSSNet) -> MSSNet:
    """The network with its weights laid out as the fastest convolutions want them (changed in place)."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
