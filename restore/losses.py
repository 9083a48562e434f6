"""What training makes small: six outputs against the sharp photo, in pixels and in frequencies."""

import torch
from torch import Tensor

from restore.network import Outputs, half_size

FREQUENCY_WEIGHT = 0.1
EARLIER_STAGES = 0.35  # weight of the five outputs that inference throws away


def pixel_and_frequency(restored: Tensor, sharp: Tensor) -> Tensor:
    """L1 of the pixels plus 0.1 x L1 of the Fourier transform (real and imaginary part), a scalar.

    restored, sharp: float (B, C, H, W). The transform is orthonormal, so the two parts are of one size.
    Source: the loss of kky7/MSSNet, after Cho et al., *Rethinking Coarse-to-Fine Approach*, ICCV 2021.
    """
    pixels = (restored - sharp).abs().mean()
    spectrum = torch.view_as_real(torch.fft.rfft2((restored - sharp).float(), norm="ortho"))
    return pixels + FREQUENCY_WEIGHT * spectrum.abs().mean()


def six_outputs(outputs: Outputs, sharp: Tensor) -> Tensor:
    """The loss over what every stage made of the photo; the last stage, the result, counts most. A scalar."""
    half = half_size(sharp)
    earlier = pixel_and_frequency(outputs[0].float(), half)
    for output in outputs[1:-1]:
        earlier = earlier + pixel_and_frequency(output.float(), sharp)
    return pixel_and_frequency(outputs[-1].float(), sharp) + EARLIER_STAGES * earlier
