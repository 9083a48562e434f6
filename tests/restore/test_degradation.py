"""restore/kernels.py and restore/degradation.py: photos are spoiled as a phone would, the same for the same seed."""

import io

import numpy as np
import pytest
import torch
from made import made_photo
from PIL import Image

from restore.degradation import MARGIN, Degradation, Degrader, convolved, jpeg, softened
from restore.kernels import SIDE, drawn, kernel_bank
from restore.metrics import psnr

CPU = torch.device("cpu")


def crops(count: int = 3, side: int = 48) -> torch.Tensor:
    whole = side + 2 * MARGIN
    photos = [np.array(made_photo(whole, whole, seed=seed)) for seed in range(count)]
    return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).float() / 255


def test_kernels_share_light_out_and_lose_none():
    bank = kernel_bank(60, 1, longest_shake=30, largest_defocus=4)
    assert bank.shape == (60, SIDE, SIDE)
    assert np.allclose(bank.sum((1, 2)), 1, atol=1e-5)
    assert bank.min() >= 0


def test_a_straight_path_is_drawn_as_a_line():
    kernel = drawn(np.linspace(-3, 3, 500) + 0j)
    assert np.allclose(np.nonzero(kernel.sum(1) > 1e-9)[0], [SIDE // 2])
    assert np.count_nonzero(kernel.sum(0) > 0.01) == 7


def test_the_middle_pixel_alone_changes_nothing_and_a_moved_one_moves():
    images = crops(2)
    kernels = torch.zeros(2, SIDE, SIDE)
    kernels[0, SIDE // 2, SIDE // 2] = 1
    kernels[1, SIDE // 2, SIDE // 2 + 5] = 1
    blurred = convolved(images, kernels)
    assert torch.allclose(blurred[0], images[0], atol=1e-5)
    assert torch.allclose(blurred[1, :, :, 5:], images[1, :, :, :-5], atol=1e-5)


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_jpeg_errs_about_as_much_as_a_real_encoder(quality):
    photo = made_photo(64, 48)
    encoded = io.BytesIO()
    photo.save(encoded, "JPEG", quality=quality, subsampling=0)
    exact = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None].float() / 255
    real = torch.from_numpy(np.array(Image.open(encoded))).permute(2, 0, 1)[None].float() / 255
    made = jpeg(exact, torch.tensor([float(quality)]))
    assert abs(psnr(made, exact) - psnr(real, exact)) < 2


def test_what_comes_out_is_smaller_blurred_and_of_256_levels():
    blurred, sharp = Degrader(Degradation(kernels=20, untouched=0, soft=0), 1, CPU).spoil(crops())
    assert blurred.shape == sharp.shape == (3, 3, 48, 48)
    assert torch.equal(sharp, crops()[..., MARGIN:-MARGIN, MARGIN:-MARGIN])
    assert 10 < psnr(blurred, sharp) < 40
    assert blurred.min() >= 0
    assert blurred.max() <= 1
    assert torch.allclose(blurred * 255, (blurred * 255).round(), atol=1e-4)


def test_the_sharp_side_may_be_soft_itself_each_picture_by_its_own_measure():
    images = crops(2)
    soft = softened(images, torch.tensor([0.0, 1.0]).view(2, 1, 1, 1))
    assert torch.allclose(soft[0], images[0], atol=1e-5)
    assert soft[1].diff(dim=2).abs().mean() < images[1].diff(dim=2).abs().mean()
    assert torch.allclose(soft.mean((2, 3)), images.mean((2, 3)), atol=0.01)


def test_blur_of_the_photos_own_levels_differs_from_blur_of_light():
    levels, light = (
        Degrader(Degradation(kernels=20, averaged=share, soft=0), 1, CPU).spoil(crops()) for share in (1, 0)
    )
    assert torch.equal(levels[1], light[1])
    assert not torch.equal(levels[0], light[0])


def test_the_same_seed_spoils_the_same():
    first, second, other = (Degrader(Degradation(kernels=20), seed, CPU).spoil(crops())[0] for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_what_is_left_untouched_stays_sharp():
    blurred, sharp = Degrader(Degradation(kernels=5, untouched=1, jpeg=0), 1, CPU).spoil(crops())
    assert (blurred - sharp).abs().max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("wrong", [{"jpeg": 1.5}, {"longest_shake": 0.1}, {"largest_defocus": 99}, {"kernels": 0}])
def test_a_degradation_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"between 0 and 1|choose"):
        Degradation(**wrong)
