"""restore/train.py: a training of seconds improves on blur, goes on where it stopped, and follows its schedule."""

import dataclasses
from pathlib import Path

import pytest
import torch
from made import TINY, made_photo

from restore.checkpoint import load_network, read_checkpoint
from restore.configuration import Configuration
from restore.degradation import Degradation
from restore.errors import TrainingError
from restore.losses import decibels_lost, pixel_and_frequency, six_outputs
from restore.muon import orthogonal
from restore.network import Outputs, half_size
from restore.train import Recipe, begin_with, main, new_state, recipe_from, scheduled_rate, step, train
from restore.training_photos import Crops, load_photos, split

CPU = torch.device("cpu")
LENS_BLUR = Degradation(longest_shake=2, largest_defocus=2, second_motion=0, enlarged=0, noise=0, jpeg=0, kernels=30)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sharp")
    for seed in range(4):
        made_photo(150, 130, seed=seed).save(folder / f"{seed}.png")
    made_photo(40, 40).save(folder / "too-small.png")
    return folder


@pytest.fixture
def recipe(photos: Path, tmp_path: Path) -> Recipe:
    return Recipe(
        photos, tmp_path / "run", minutes=5, configuration=TINY, batch=2, patch=32, most_steps=3, degradation=LENS_BLUR
    )


def test_a_short_training_makes_blurred_photos_better(recipe):
    lines: list[str] = []
    outcome = train(dataclasses.replace(recipe, most_steps=25, learning_rate=4e-2), lines.append)
    assert outcome.steps == 25
    assert outcome.restored_db > outcome.blurred_db + 0.02
    assert "restored" in lines[-1]
    ema = read_checkpoint(recipe.out / "ema.safetensors")
    assert ema.configuration == TINY
    assert "25 steps" in ema.origin
    load_network(ema)


def test_a_training_goes_on_where_it_stopped(recipe, tmp_path):
    train(recipe, lambda line: None)
    on = dataclasses.replace(recipe, out=tmp_path / "on", resume=recipe.out, most_steps=0)
    outcome = train(dataclasses.replace(on, most_steps=2), lambda line: None)
    assert outcome.steps == 5
    state = new_state(TINY, 1e-3, CPU)
    state.load(recipe.out)
    assert state.steps == 3
    moments = state.optimizer.state_dict()["state"]
    assert len(moments) == len(list(state.network.parameters()))
    assert float(moments[0]["exp_avg"].abs().sum()) > 0
    saved = load_network(read_checkpoint(recipe.out / "raw.safetensors"))
    for mine, theirs in zip(state.network.parameters(), saved.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=2e-3)  # the checkpoint has half the precision


def test_a_training_by_muon_makes_photos_better_and_goes_on(recipe, tmp_path):
    muon = dataclasses.replace(recipe, optimizer="muon", decibels=0.003, learning_rate=4e-2)
    outcome = train(dataclasses.replace(muon, most_steps=25), lambda line: None)
    assert outcome.restored_db > outcome.blurred_db + 0.02
    assert train(dataclasses.replace(muon, out=tmp_path / "on", resume=recipe.out), lambda line: None).steps == 28
    state = new_state(TINY, 1e-3, CPU, "muon")
    state.load(recipe.out)
    moments = state.optimizer.state_dict()["state"]
    assert len(moments) == len(list(state.network.parameters()))
    assert float(moments[0]["momentum_buffer"].abs().sum()) > 0
    with pytest.raises(TrainingError, match="give the same --optimizer"):
        train(dataclasses.replace(muon, optimizer="adamw", resume=recipe.out), lambda line: None)


@pytest.mark.parametrize("shape", [(16, 144), (48, 16), (8, 8)])
def test_muon_makes_every_direction_of_a_step_about_equally_long(shape):
    matrix = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    lengths = torch.linalg.svdvals(orthogonal(matrix))
    assert float(lengths.min()) > 0.5 and float(lengths.max()) < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    assert float((orthogonal(matrix) * (left @ right)).sum()) > 0.9 * float(lengths.sum())  # its own directions


def test_decibels_weigh_an_error_by_its_share():
    sharp = torch.full((1, 3, 16, 16), 0.5)
    lost = [float(decibels_lost(sharp + error, sharp)) for error in (0.02, 0.04, 0.2, 0.4)]
    assert lost[1] - lost[0] == pytest.approx(6.02, abs=0.2)
    assert lost[3] - lost[2] == pytest.approx(6.02, abs=0.01)
    assert float(decibels_lost(sharp, sharp)) == pytest.approx(-50)


def test_going_on_with_other_widths_or_from_nothing_is_refused(recipe, tmp_path):
    train(recipe, lambda line: None)
    with pytest.raises(TrainingError, match="widths"):
        train(dataclasses.replace(recipe, configuration=Configuration(5, 2, 2), resume=recipe.out), lambda line: None)
    with pytest.raises(TrainingError, match="cannot go on"):
        train(dataclasses.replace(recipe, resume=tmp_path / "nowhere"), lambda line: None)


def test_a_training_can_begin_with_a_checkpoints_weights(tiny_checkpoint, recipe):
    state = new_state(TINY, 1e-3, CPU)
    begin_with(state, tiny_checkpoint.path)
    for mine, theirs in zip(state.average.parameters(), load_network(tiny_checkpoint).parameters(), strict=True):
        assert torch.equal(mine, theirs)
    other = dataclasses.replace(recipe, configuration=Configuration(5, 2, 2), start=tiny_checkpoint.path)
    with pytest.raises(TrainingError, match="give them as --config"):
        train(other, lambda line: None)


def test_ctrl_c_ends_a_training_with_all_saved(recipe):
    def say(line: str) -> None:
        if "min, step" in line:
            raise KeyboardInterrupt

    outcome = train(dataclasses.replace(recipe, most_steps=50, report_s=0), say)
    assert outcome.steps == 1
    assert (recipe.out / "state.safetensors").is_file()


def test_the_time_budget_is_kept(recipe):
    outcome = train(dataclasses.replace(recipe, minutes=0.02, most_steps=None), lambda line: None)
    assert outcome.steps >= 1


def test_a_new_network_leaves_photos_as_they_are():
    state = new_state(TINY, 1e-3, CPU)
    photo = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(state.network(photo), photo)


def test_a_batch_that_overflows_changes_nothing():
    state = new_state(TINY, 1e-3, CPU)
    before = [parameter.clone() for parameter in state.network.parameters()]
    step(state, torch.full((1, 3, 16, 16), float("inf")), torch.zeros(1, 3, 16, 16), 1e-3)
    assert all(torch.equal(a, b) for a, b in zip(before, state.network.parameters(), strict=True))


def test_the_rate_warms_up_and_follows_one_cosine_over_all_spans():
    assert scheduled_rate(1, (0, 1), 0, 0) == pytest.approx(1 / 300, rel=0.01)
    assert scheduled_rate(1, (0, 1), 0.5, 1000) == pytest.approx(0.5, abs=0.01)
    assert scheduled_rate(1, (0.5, 1), 0, 1000) == scheduled_rate(1, (0, 0.5), 1, 1000)
    assert scheduled_rate(1, (0, 1), 1, 1000) < 0.01


def test_equal_images_lose_nothing_and_the_result_counts_most():
    sharp = torch.rand(1, 3, 32, 32)
    assert float(pixel_and_frequency(sharp, sharp)) == 0
    outputs = Outputs(half_size(sharp), sharp, sharp, sharp, sharp, sharp)
    with torch.no_grad():
        last_off = outputs._replace(scale3_stage3=outputs.scale3_stage3 + 0.5)
        first_off = outputs._replace(scale2_stage1=outputs.scale2_stage1 + 0.5)
        assert six_outputs(last_off, sharp) > six_outputs(first_off, sharp) > six_outputs(outputs, sharp)


def test_photos_too_small_are_left_out_and_some_held_back(photos):
    loaded = load_photos(photos, 100, 1600, CPU)
    assert len(loaded) == 4
    training, held_back = split(loaded)
    assert len(training) + len(held_back) == 4
    assert Crops(training, 100, seed=1).batch(2).shape == (2, 3, 100, 100)
    assert torch.equal(Crops(training, 100, seed=1).batch(2), Crops(training, 100, seed=1).batch(2))


def test_a_folder_without_photos_large_enough_is_a_mistake(photos, tmp_path, capsys):
    assert main([str(photos), str(tmp_path / "out"), "--minutes", "1", "--patch", "512"]) == 2
    assert main([str(tmp_path / "none"), str(tmp_path / "out"), "--minutes", "1"]) == 2
    assert capsys.readouterr().err.count("error: ") == 2


@pytest.mark.parametrize("wrong", [["--span", "0.5:0.2"], ["--patch", "100"], ["--config", "huge"], ["--batch", "0"]])
def test_numbers_that_make_no_training_are_refused(wrong):
    with pytest.raises(TrainingError):
        recipe_from(["photos", "out", "--minutes", "1", *wrong])


def test_the_command_line_reaches_the_recipe():
    options = ["--config", "small", "--span", "0.34:0.67", "--resume", "run1", "--longest-shake", "48"]
    recipe = recipe_from(["photos", "out", "--minutes", "8", *options])
    assert recipe.configuration == Configuration(20, 40, 40)
    assert recipe.span == (0.34, 0.67)
    assert recipe.resume == Path("run1")
    assert recipe.degradation.longest_shake == 48
