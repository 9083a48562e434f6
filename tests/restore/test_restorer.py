"""restore/restorer.py: a photo comes back with its size, mode, alpha, colours and metadata, and can be stopped."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from made import made_photo
from PIL import ExifTags, Image

import restore
from restore.errors import CheckpointError, PhotoError, RestorationCancelledError, RestoreError
from restore.photo import read_photo, write_photo
from restore.registry import DEFAULT_NAME
from restore.restorer import Restorer
from restore.tiling import Tiling


def levels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(float)


def test_restorer_can_be_had_from_the_package_and_importing_that_is_quick():
    program = "import sys, restore; assert 'torch' not in sys.modules and 'PIL' not in sys.modules; restore.Restorer"
    root = str(Path(restore.__file__).parent.parent)
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)
    assert restore.Restorer is Restorer
    with pytest.raises(AttributeError):
        _ = restore.nothing_of_this_name


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16", "CMYK"])
@pytest.mark.parametrize("size", [(17, 23), (1, 1), (40, 33)])
def test_size_mode_alpha_and_metadata_stay(mode, size, tiny_restorer):
    photo, exif = made_photo(*size, mode), Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    photo.info = {"icc_profile": b"profile", "exif": exif.tobytes(), "dpi": (300.0, 300.0)}
    restoration = tiny_restorer.restore(photo)
    assert restoration.image.size == photo.size == (restoration.width, restoration.height)
    assert restoration.image.mode == mode
    assert restoration.image.info.items() >= photo.info.items()
    assert restoration.tiles == 1
    assert restoration.checkpoint == "tiny"
    if mode in ("LA", "RGBA"):
        assert np.array_equal(levels(restoration.image)[..., -1], levels(photo)[..., -1])


def test_a_photo_three_pixels_high_comes_back(tiny_restorer):
    assert tiny_restorer.restore(made_photo(4001, 3)).image.size == (4001, 3)


@pytest.mark.parametrize("mode", ["RGB", "I;16", "CMYK"])
def test_the_network_changes_the_photo_and_does_not_turn_it(mode, tiny_restorer):
    photo = made_photo(64, 48, mode)
    restored = levels(tiny_restorer.restore(photo).image)
    largest = 65535 if mode == "I;16" else 255
    change = np.abs(restored - levels(photo)).mean() / largest
    assert 0.0005 < change < 0.1


def test_a_lying_photo_given_as_an_image_comes_back_upright(tiny_restorer):
    photo = made_photo(40, 20)
    photo.getexif()[ExifTags.Base.Orientation] = 6
    restored = tiny_restorer.restore(photo).image
    assert restored.size == (20, 40)
    assert ExifTags.Base.Orientation not in restored.getexif()


def test_palettes_are_restored_in_full_colour(tiny_restorer):
    assert tiny_restorer.restore(made_photo(20, 20).quantize(8)).image.mode == "RGB"


def test_pixels_of_no_known_kind_are_refused(tiny_restorer):
    with pytest.raises(PhotoError, match="8 or 16 bits"):
        tiny_restorer.restore(Image.new("F", (9, 9)))


def test_tiled_and_whole_agree_to_50_db_with_the_bundled_weights():
    photo = made_photo(272, 240)
    tiled = Restorer(tiling=Tiling(tile=192, overlap=96)).restore(photo)
    whole = Restorer(tiling=Tiling(tile=512, overlap=96)).restore(photo)
    assert (tiled.tiles, whole.tiles) == (4, 1)
    error = ((levels(tiled.image) - levels(whole.image)) ** 2).mean()
    assert 10 * np.log10(255**2 / max(error, 1e-9)) > 50


def test_colours_stay_where_the_photos_are_though_the_network_shifts_them(tiny_checkpoint, monkeypatch):
    restorer = Restorer(tiny_checkpoint)
    redder = torch.tensor([0.08, -0.02, 0.0]).view(1, 3, 1, 1)
    monkeypatch.setattr(restorer, "_network", lambda photo, between_stages: photo + redder)
    photo = made_photo(90, 70)
    inside = (levels(photo) > 25) & (levels(photo) < 230)  # what is clipped at black and white may move
    assert np.abs(levels(restorer.restore(photo).image) - levels(photo))[inside].max() <= 1


def test_strength_mixes_with_the_photo(tiny_restorer):
    photo = made_photo(60, 50)
    none, half, full = (levels(tiny_restorer.restore(photo, strength=s).image) for s in (0, 0.5, 1))
    assert np.array_equal(none, levels(photo))
    assert np.abs(half - (none + full) / 2).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "I;16"])
def test_enlarging_is_lanczos_before_the_network(mode, tiny_restorer):
    photo = made_photo(20, 15, mode)
    restoration = tiny_restorer.restore(photo, enlarge=3, strength=0)
    assert (restoration.width, restoration.height, restoration.enlarge) == (60, 45, 3)
    assert np.array_equal(levels(restoration.image), levels(photo.resize((60, 45), Image.Resampling.LANCZOS)))


def test_enlarging_beyond_the_limit_is_refused(tiny_checkpoint):
    with pytest.raises(PhotoError, match="enlarge it less"):
        Restorer(tiny_checkpoint, max_megapixels=0.01).restore(made_photo(40, 40), enlarge=4)


@pytest.mark.parametrize("wrong", [{"enlarge": 0}, {"enlarge": 5}, {"strength": 1.5}, {"strength": -0.1}])
def test_arguments_out_of_range_are_refused(wrong, tiny_restorer):
    with pytest.raises(ValueError, match="choose"):
        tiny_restorer.restore(made_photo(9, 9), **wrong)


def test_progress_runs_from_none_to_all_and_tells_the_time_left(tiny_checkpoint):
    seen = []
    restorer = Restorer(tiny_checkpoint, tiling=Tiling(tile=64, overlap=32))
    restoration = restorer.restore(made_photo(100, 90), progress=seen.append)
    assert [step.done for step in seen] == list(range(restoration.tiles + 1))
    assert seen[0].remaining_s is None
    assert seen[-1].remaining_s == 0
    assert seen[-1].fraction == 1
    assert all(step.remaining_s > 0 for step in seen[1:-1])


def test_it_stops_between_the_stages_of_a_tile(tiny_restorer):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) == 4

    with pytest.raises(RestorationCancelledError):
        tiny_restorer.restore(made_photo(64, 64), cancelled=cancelled)
    assert len(asked) == 4


def test_the_photo_given_is_not_changed(tiny_restorer):
    photo = made_photo(30, 30)
    before = photo.tobytes(), dict(photo.info)
    tiny_restorer.restore(photo)
    assert (photo.tobytes(), dict(photo.info)) == before


def test_a_restorer_takes_a_name_a_file_or_nothing(tiny_checkpoint, tmp_path):
    assert Restorer().checkpoint.name == DEFAULT_NAME
    assert Restorer(tiny_checkpoint.path).checkpoint.name == "tiny"
    assert Restorer("Deblur-MSSNet-RealBlurJ", home=tmp_path).checkpoint.name == DEFAULT_NAME
    with pytest.raises(CheckpointError):
        Restorer("no-such-checkpoint")


def test_a_missing_device_is_refused(tiny_checkpoint):
    with pytest.raises(RestoreError, match="choose auto"):
        Restorer(tiny_checkpoint, device="abacus")


def test_from_file_to_file_everything_stays(tiny_restorer, tmp_path):
    source, out = tmp_path / "in.png", tmp_path / "out.png"
    made_photo(31, 17, "RGBA").save(source, icc_profile=b"a profile of some bytes", dpi=(300, 300))
    write_photo(tiny_restorer.restore(read_photo(source).image).image, out)
    before, after = read_photo(source).image, read_photo(out)
    assert after.ours
    assert after.image.mode == "RGBA"
    assert np.array_equal(levels(after.image)[..., 3], levels(before)[..., 3])
    assert after.image.info["icc_profile"] == b"a profile of some bytes"
    assert after.image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_restored_tensor_keeps_any_size(tiny_restorer):
    photo = torch.rand(2, 3, 19, 45)
    assert tiny_restorer.restore_tensor(photo).shape == photo.shape
