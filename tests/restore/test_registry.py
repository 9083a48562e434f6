"""restore/registry.py: checkpoints are found by name and alias; official ones are fetched, or it says how to."""

import sys
import zipfile
from pathlib import Path

import pytest

from restore import registry
from restore.errors import CheckpointError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_bundled_checkpoint_is_there_without_a_home():
    assert registry.DEFAULT_NAME in registry.checkpoints()
    assert registry.choose().checkpoint.name == registry.DEFAULT_NAME
    assert (registry.BUNDLED_FOLDER / f"{registry.DEFAULT_NAME}.md").is_file()  # its model card


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Deblur-MSSNet-RealBlurJ", "realblur-j"),
        ("deblur_mssnet_realblurr", "realblur-r"),
        ("RealBlur-J", "realblur-j"),
        ("GOPRO", "gopro"),
        ("mine", "mine"),
    ],
)
def test_names_of_the_briefs_mean_the_checkpoints(written, name):
    assert registry.canonical_name(written) == name


def test_an_added_checkpoint_is_found_by_name_and_alias(home, tiny_checkpoint):
    added = registry.add(tiny_checkpoint.path, "realblur-j", home)
    assert added.path == home / "checkpoints" / "realblur-j.safetensors"
    assert registry.find("Deblur-MSSNet-RealBlurJ", home) == added
    assert registry.choose("Deblur-MSSNet-RealBlurJ", home) == registry.Choice(added)
    assert tiny_checkpoint.path.name in added.origin
    with pytest.raises(CheckpointError, match="--overwrite"):
        registry.add(tiny_checkpoint.path, "realblur-j", home)


def test_where_official_weights_are_not_at_hand_the_bundled_ones_run_and_it_says_so(home):
    choice = registry.choose("Deblur-MSSNet-RealBlurR", home)
    assert choice.checkpoint.name == registry.DEFAULT_NAME
    assert "realblur-r are not at hand" in choice.note
    assert "fetch realblur" in choice.note


def test_an_unknown_name_is_refused_with_those_at_hand(home):
    with pytest.raises(CheckpointError, match=registry.DEFAULT_NAME):
        registry.choose("esrgan", home)


@pytest.mark.parametrize("name", ["", "../escape", "a b", "x" * 65, registry.DEFAULT_NAME])
def test_a_name_that_cannot_be_a_file_or_is_taken_is_refused(name, home, official_file):
    with pytest.raises(CheckpointError, match="name"):
        registry.add(official_file, name, home)
    assert not home.exists()


def test_a_damaged_file_hides_no_other_and_is_named(home, tiny_checkpoint):
    registry.add(tiny_checkpoint.path, "good", home)
    (home / "checkpoints" / "bad.safetensors").write_bytes(b"\xff" * 99)
    assert "good" in registry.checkpoints(home)
    assert "bad" not in registry.checkpoints(home)
    assert list(registry.damaged(home)) == ["bad"]


def test_fetching_adds_the_authors_file(home, tiny_checkpoint):
    def get(official, out):
        assert official.drive_id == "1DFYjlW6uCGIoND2fqE03_ZzSl3Kt73Ul"
        out.write_bytes(tiny_checkpoint.path.read_bytes())

    (added,) = registry.fetch("gopro", home, get=get)
    assert added.name == "gopro"
    assert "drive.google.com" in added.origin


def test_fetching_an_archive_adds_both_realblur_weights(home, tiny_checkpoint):
    def get(official, out):
        with zipfile.ZipFile(out, "w") as archive:
            archive.write(tiny_checkpoint.path, "RealBlur/MSSNet_RealBlur_J.pt")
            archive.write(tiny_checkpoint.path, "RealBlur/MSSNet_RealBlur_R.pt")

    assert [added.name for added in registry.fetch("realblur", home, get=get)] == ["realblur-j", "realblur-r"]


def test_one_realblur_file_serves_both_names_and_it_says_so(home, tiny_checkpoint):
    registry.fetch("realblur", home, get=lambda official, out: out.write_bytes(tiny_checkpoint.path.read_bytes()))
    choice = registry.choose("Deblur-MSSNet-RealBlurJ", home)
    assert choice.checkpoint.name == "realblur"
    assert "realblur-j" in choice.note


def test_without_gdown_it_says_what_to_do_by_hand(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(
        CheckpointError, match=r"1sXFzGosChS-nBd5k4zxVxTAm68sfCY_o.*checkpoints add FILE --name realblur-j"
    ):
        registry.fetch("realblur", home)


def test_without_a_network_it_says_what_to_do_by_hand(home, monkeypatch):
    class Gdown:
        @staticmethod
        def download(**asked):
            raise ConnectionError("no route to host")

    monkeypatch.setitem(sys.modules, "gdown", Gdown)
    with pytest.raises(CheckpointError, match=r"no route to host.*download https://drive\.google\.com"):
        registry.fetch("gopro", home)


def test_only_what_the_authors_share_can_be_fetched(home):
    with pytest.raises(CheckpointError, match="gopro and realblur"):
        registry.fetch("imagenet", home)
