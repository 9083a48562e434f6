"""restore/colour.py: low frequencies follow the photo, detail stays as restored."""

import pytest
import torch

from restore.colour import follow_low_frequencies

GENERATOR = torch.Generator().manual_seed(2)


@pytest.mark.parametrize("size", [(64, 64), (17, 23), (1, 1), (3, 401)])
def test_a_shift_of_colour_is_taken_out(size):
    photo = torch.rand(1, 3, *size, generator=GENERATOR)
    shift = torch.tensor([0.1, -0.05, 0.02]).view(1, 3, 1, 1)
    assert torch.allclose(follow_low_frequencies(photo + shift, photo), photo, atol=1e-5)


def test_a_slow_change_of_brightness_is_mostly_taken_out():
    photo = torch.rand(1, 3, 256, 256, generator=GENERATOR)
    vignette = torch.linspace(0, 0.2, 256).view(1, 1, 1, 256)
    left = follow_low_frequencies(photo + vignette, photo) - photo
    assert left[..., 32:-32].abs().max() < 0.002
    assert left.abs().max() < 0.02


def test_fine_detail_stays_as_restored():
    photo = torch.full((1, 3, 128, 128), 0.5)
    y, x = torch.meshgrid(torch.arange(128), torch.arange(128), indexing="ij")
    detail = 0.1 * torch.sin(x * 1.6) * torch.sin(y * 1.3)
    assert (follow_low_frequencies(photo + detail, photo) - (photo + detail)).abs().max() < 0.003
