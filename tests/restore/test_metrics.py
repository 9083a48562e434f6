"""restore/metrics.py: PSNR, SSIM and sharpness mean what they say."""

import math

import numpy as np
import pytest
import torch
from made import made_photo
from PIL import Image, ImageFilter

from restore.metrics import psnr, sharpness, ssim


def test_psnr_of_a_known_error():
    sharp = torch.zeros(3, 8, 8)
    assert psnr(sharp + 0.1, sharp) == pytest.approx(20, abs=1e-5)
    assert psnr(sharp, sharp) == math.inf


def test_ssim_of_an_image_with_itself_is_one_and_less_with_noise():
    sharp = torch.from_numpy(np.array(made_photo(64, 48))).permute(2, 0, 1) / 255
    assert ssim(sharp, sharp) == pytest.approx(1)
    little, much = (
        sharp + s * torch.randn(sharp.shape, generator=torch.Generator().manual_seed(0)) for s in (0.02, 0.2)
    )
    assert 1 > ssim(little, sharp) > ssim(much, sharp) > 0


def test_ssim_of_constant_images_follows_the_formula():
    a, b = torch.full((1, 11, 11), 0.2), torch.full((1, 11, 11), 0.6)
    assert ssim(a, b) == pytest.approx((2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4), abs=1e-6)


def test_images_of_different_shapes_are_not_compared():
    with pytest.raises(ValueError, match="shapes"):
        psnr(torch.zeros(3, 8, 8), torch.zeros(3, 8, 9))
    with pytest.raises(ValueError, match="11 px"):
        ssim(torch.zeros(3, 8, 8), torch.zeros(3, 8, 8))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16", "CMYK"])
def test_a_blurred_photo_is_less_sharp(mode):
    photo = made_photo(90, 600, mode)
    small = photo.resize((30, 200)).resize((90, 600))
    assert sharpness(photo) > 2 * sharpness(small) > 0


def test_strips_make_no_difference_to_sharpness():
    photo = made_photo(40, 700).filter(ImageFilter.GaussianBlur(1))
    grey = np.asarray(photo.convert("L")).astype(float)
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    assert sharpness(photo) == pytest.approx(laplacian.var(), rel=1e-6)


def test_a_photo_too_small_to_tell_has_no_sharpness():
    assert sharpness(Image.new("RGB", (1, 1))) == 0
    assert sharpness(Image.new("RGB", (2, 50))) == 0
