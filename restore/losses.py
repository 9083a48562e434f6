"""What training makes small: six outputs against the sharp photo, in pixels and in frequencies, and the result's decibels."""

import torch
from torch import Tensor

from restore.network import Outputs, half_size

FREQUENCY_WEIGHT = 0.1
LEAST_ERROR = 1e-5  # mean squared error (50 dB), below which a result is good enough
EARLIER_STAGES = 0.35  # weight of the five outputs that inference throws away


def pixel_and_frequency(restored: Tensor, sharp: Tensor) -> Tensor:
    """L1 of the pixels plus 0.1 x L1 of the Fourier transform (real and imaginary part), a scalar.

    restored, sharp: float (B, C, H, W). The transform is orthonormal, so the two parts are of one size.
    Source: the loss of kky7/MSSNet, after Cho et al., *Rethinking Coarse-to-Fine Approach*, ICCV 2021.
    """
    pixels = (restored - sharp).abs().mean()
    spectrum = torch.view_as_real(torch.fft.rfft2((restored - sharp).float(), norm="ortho"))
    return pixels + FREQUENCY_WEIGHT * spectrum.abs().mean()


def decibels_lost(restored: Tensor, sharp: Tensor) -> Tensor:
    """How far the results are from the sharp photos in dB, the mean of a batch (B, C, H, W): its PSNR with the sign turned.

    An error counts by its share of the crop's own: one that was nearly sharp must not be spoiled for the sake of a hopeless one.
    """
    error = (restored - sharp).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(error + LEAST_ERROR).mean()


def six_outputs(outputs: Outputs, sharp: Tensor, decibel_weight: float = 0.0) -> Tensor:
    """The loss over what every stage made of the photo; the last stage, the result, counts most. A scalar.

    decibel_weight: of a decibel that the result loses, beside the L1 losses, which are about 0.05 together.
    """
    half = half_size(sharp)
    earlier = pixel_and_frequency(outputs[0].float(), half)
    for output in outputs[1:-1]:
        earlier = earlier + pixel_and_frequency(output.float(), sharp)
    loss = pixel_and_frequency(outputs[-1].float(), sharp) + EARLIER_STAGES * earlier
    return loss + decibel_weight * decibels_lost(outputs[-1].float(), sharp) if decibel_weight else loss
