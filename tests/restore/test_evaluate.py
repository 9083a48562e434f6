"""restore/evaluate.py, alignment.py and bundle.py: numbers that mean what they say, and a card that holds them all."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from made import TINY, made_photo
from PIL import Image, ImageFilter

from restore import bundle, evaluate
from restore.alignment import align, common_part
from restore.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from restore.configuration import Configuration
from restore.degradation import Degradation
from restore.network import MSSNet

LENS = Degradation(kernels=10)


def tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


@pytest.fixture(scope="module")
def doing_nothing(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A network that leaves every photo as it is."""
    network = MSSNet(TINY)
    torch.nn.init.zeros_(network.tail3_3.weight)
    out = tmp_path_factory.mktemp("checkpoints") / "nothing.safetensors"
    return save_checkpoint(network.state_dict(), out, origin="made for a test")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    for name in ("blur", "sharp", "photos"):
        (folder / name).mkdir()
    for seed in range(2):
        photo = made_photo(130, 120, seed=seed)
        photo.save(folder / "sharp" / f"{seed}.png")
        photo.filter(ImageFilter.GaussianBlur(2)).save(folder / "blur" / f"{seed}.png")
    made_photo(130, 120, seed=5).save(folder / "photos" / "a.png")
    return folder


@pytest.mark.parametrize(("down", "right", "gain"), [(0, 0, 1), (5, -7, 0.9), (-15, 3, 1.1), (24, 24, 1)])
def test_a_shift_and_a_gain_are_found_again(down, right, gain):
    sharp = tensor(made_photo(200, 160))
    image = torch.roll(sharp, (-down, -right), (1, 2)) / gain
    found = align(image, sharp)
    assert (found.down, found.right) == (down, right)
    assert found.gain == pytest.approx(gain, abs=1e-3)
    moved, fixed = common_part(image, sharp, found)
    assert torch.allclose(moved, fixed, atol=1e-3)


def test_a_network_that_does_nothing_gains_nothing(doing_nothing, folders):
    pairs = [*evaluate.real_pairs(folders, ["1.*"]), *evaluate.synthetic_pairs(folders / "photos", 48, LENS, False)]
    assert [pair.set for pair in pairs] == ["real", "real, shift and gain fitted", *["synthetic"] * evaluate.TIMES]
    assert not torch.equal(pairs[2].blurred, pairs[3].blurred)
    for score in evaluate.evaluate({"nothing": doing_nothing}, pairs):
        assert score.gain_db == pytest.approx(0, abs=0.01)
        assert score.psnr_blurred < 40
        assert score.ssim_blurred < 1


def test_means_are_taken_over_each_set():
    scores = [evaluate.Score("a", "s", str(n), 20 + n, 22 + n, 0.5, 0.6) for n in range(3)]
    (mean,) = evaluate.means(scores)
    assert (mean.name, mean.psnr_blurred, mean.gain_db) == ("mean of 3", 21, 2)
    assert "| a | s | mean of 3 | 21.00 dB | 23.00 dB | +2.00 dB | 0.5000 | 0.6000 |" in evaluate.table([mean])


def test_a_mean_over_many_photos_has_an_interval_that_counts_each_photo_once():
    scores = [evaluate.Score("a", "s", f"{n}.{crop}", 20, 20 + n % 2, 0.5, 0.6) for n in range(16) for crop in range(9)]
    (mean,) = evaluate.means(scores)
    assert mean.gain_db == pytest.approx(0.5)
    assert mean.margin_db == pytest.approx(1.96 * (4 / 15) ** 0.5 / 4)  # 16 photos, half of them 0 and half 1 dB
    assert "+0.50 ± 0.25 dB" in evaluate.table([mean])


def test_a_trainings_folder_stands_for_its_weights_with_and_without_the_average(doing_nothing, tmp_path):
    for kind in ("ema", "raw"):
        (tmp_path / f"{kind}.safetensors").write_bytes(doing_nothing.path.read_bytes())
    assert list(evaluate.find_checkpoints(str(tmp_path))) == [f"{tmp_path.name}/ema", f"{tmp_path.name}/raw"]
    assert list(evaluate.find_checkpoints("compact")) == ["compact"]


def test_the_command_prints_every_number(doing_nothing, folders, capsys):
    assert evaluate.main([str(doing_nothing.path), "--pairs", str(folders), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [score["name"] for score in said["scores"]] == ["0", "1"]
    assert said["means"][0]["name"] == "mean of 2"


@pytest.mark.parametrize("arguments", [[], ["--pairs", "/nowhere"], ["--photos", "/nowhere"]])
def test_nothing_to_measure_on_is_a_mistake(arguments, doing_nothing, capsys):
    assert evaluate.main([str(doing_nothing.path), *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_training_becomes_a_bundled_checkpoint_in_one_step_and_again_replaces_it(doing_nothing, folders, tmp_path):
    texts = ["--training", "Not at all.", "--limits", "Anything."]
    for _ in range(2):
        arguments = ["--name", "mine", "--folder", str(tmp_path), "--pairs", str(folders), *texts]
        assert bundle.main([str(doing_nothing.path), *arguments]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.md", "mine.safetensors"]
    assert bundle.main([str(folders / "photos" / "a.png"), *texts]) == 2


def test_bundling_writes_half_precision_and_the_measured_table(doing_nothing, folders, tmp_path):
    pairs = list(evaluate.real_pairs(folders))
    card = {"training": "Not at all.", "photos": "None.", "limits": "Anything."}
    made = bundle.bundle(doing_nothing.path, "mine", pairs, card, LENS, tmp_path)
    assert read_checkpoint(made.path).configuration == Configuration(4, 2, 2)
    assert made.path.stat().st_size < doing_nothing.path.stat().st_size
    text = (tmp_path / "mine.md").read_text()
    for expected in ("Not at all.", "Apache-2.0", "| mine | real | 1 |", "mean of 2", "widths 4, 2, 2"):
        assert expected in text
