"""bot/commands/restore.py and checkpoints.py: manners of the command line, exit statuses, and that nothing is lost."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from PIL import Image

import restore
from bot.commands import checkpoints as checkpoints_command
from bot.commands import restore as restore_command
from bot.errors import UserError
from restore.checkpoint import save_checkpoint
from restore.configuration import Configuration
from restore.network import MSSNet

ROOT = Path(restore.__file__).parent.parent
Run = Callable[..., int]


def photo(width: int = 24, height: int = 18, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    out = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    return save_checkpoint(MSSNet(Configuration(4, 2, 2)).state_dict(), out, origin="made for a test").path


@pytest.fixture
def home(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "tiny.safetensors").write_bytes(weights.read_bytes())
    monkeypatch.setenv("UNBLUR_HOME", str(folder))
    return folder


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the commands as the command line does; a user's mistake gives 2 and one line on standard error."""
    app = typer.Typer()
    app.command()(restore_command.restore)
    app.add_typer(checkpoints_command.app)

    def run_with(*arguments: object) -> int:
        try:
            status = app([str(argument) for argument in arguments], standalone_mode=False)
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        return status if isinstance(status, int) else 0

    return run_with


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    (made / "deeper").mkdir(parents=True)
    photo(seed=1).save(made / "a.png")
    photo(seed=2).save(made / "b.jpg")
    photo(seed=3).save(made / "deeper" / "c.png")
    (made / "notes.txt").write_text("no photo")
    return made


TINY = ("--checkpoint", "tiny")


def test_a_photo_becomes_another_file_and_stays_as_it_was(run, folder, tmp_path, capsys):
    before = (folder / "a.png").read_bytes()
    out = tmp_path / "new" / "out.png"
    assert run("restore", folder / "a.png", "-o", out, *TINY) == 0
    assert Image.open(out).size == (24, 18)
    assert (folder / "a.png").read_bytes() == before
    said = capsys.readouterr()
    assert said.out == ""
    assert "weights tiny" in said.err


def test_a_folder_becomes_a_folder_of_the_same_names(run, folder, tmp_path, capsys):
    assert run("restore", folder, "-o", tmp_path / "out", *TINY) == 0
    made = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert made == ["a.png", "b.jpg", "deeper/c.png"]
    assert "3 restored, 0 skipped, 0 failed" in capsys.readouterr().err


def test_one_bad_photo_in_a_folder_stops_no_other_and_the_status_tells(run, folder, tmp_path, capsys):
    (folder / "bad.jpg").write_bytes(b"no photo")
    assert run("restore", folder, "-o", tmp_path / "out", *TINY) == 1
    assert len(list((tmp_path / "out").rglob("*.*"))) == 3
    assert f"3 restored, 0 skipped, 1 failed: {folder / 'bad.jpg'}" in capsys.readouterr().err


def test_a_lone_bad_photo_is_a_mistake_told_in_one_line(run, tmp_path, capsys):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"%!PS-Adobe")
    assert run("restore", bad, "-o", tmp_path / "out.jpg", *TINY) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "bad.jpg" in said
    assert not (tmp_path / "out.jpg").exists()


def test_an_existing_result_is_kept_unless_told_otherwise(run, folder, tmp_path, capsys):
    out = tmp_path / "out.png"
    out.write_bytes(b"precious")
    assert run("restore", folder / "a.png", "-o", out, *TINY) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run("restore", folder / "a.png", "-o", out, "--skip-existing", *TINY) == 0
    assert out.read_bytes() == b"precious"
    assert run("restore", folder / "a.png", "-o", out, "--overwrite", "--skip-existing", *TINY) == 2
    assert run("restore", folder / "a.png", "-o", out, "--overwrite", *TINY) == 0
    assert Image.open(out).size == (24, 18)


def test_the_photo_itself_is_never_overwritten(run, folder, capsys):
    before = (folder / "a.png").read_bytes()
    assert run("restore", folder / "a.png", "-o", folder / "a.png", "--overwrite", *TINY) == 2
    assert run("restore", folder, "-o", folder, "--overwrite", *TINY) == 1
    assert "the photo itself" in capsys.readouterr().err
    assert (folder / "a.png").read_bytes() == before


def test_a_second_run_over_a_folder_skips_what_we_wrote(run, folder, tmp_path, capsys):
    assert run("restore", folder, "-o", tmp_path / "out", *TINY) == 0
    assert run("restore", tmp_path / "out", "-o", tmp_path / "again", *TINY) == 0
    assert "0 restored, 3 skipped" in capsys.readouterr().err
    assert run("restore", folder, "-o", tmp_path / "out", "--skip-existing", *TINY) == 0


def test_a_result_folder_inside_the_photos_is_not_restored_again(run, folder):
    assert run("restore", folder, "-o", folder / "sharp", *TINY) == 0
    assert run("restore", folder, "-o", folder / "sharp", "--overwrite", *TINY) == 0
    assert not (folder / "sharp" / "sharp").exists()


def test_two_photos_that_would_become_one_file_are_refused(run, folder, tmp_path, capsys):
    assert run("restore", folder / "a.png", folder / "deeper" / ".." / "a.png", "-o", tmp_path / "out") == 2
    assert "would both become" in capsys.readouterr().err


def test_json_is_one_document_and_nothing_else_on_standard_output(run, folder, tmp_path, capsys):
    (folder / "bad.jpg").write_bytes(b"no photo")
    assert run("restore", folder, "-o", tmp_path / "out", "--json", "-q", *TINY) == 1
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert [Path(done["in"]).name for done in report["restored"]] == ["a.png", "b.jpg", "c.png"]
    assert report["restored"][0]["checkpoint"] == "tiny"
    assert report["restored"][0]["sharpness_after"] > 0
    assert report["failed"][0]["in"] == str(folder / "bad.jpg")
    assert said.err.count("\n") == 1  # quiet: only the error


def test_enlarging_and_strength_reach_the_restorer(run, folder, tmp_path):
    assert run("restore", folder / "a.png", "-o", tmp_path / "o.png", "--enlarge", 2, "--strength", 0, *TINY) == 0
    expected = photo(seed=1).resize((48, 36), Image.Resampling.LANCZOS)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "o.png")), np.asarray(expected))


def test_the_result_has_the_format_that_its_name_asks_for(run, folder, tmp_path, capsys):
    assert run("restore", folder / "a.png", "-o", tmp_path / "o.webp", *TINY) == 0
    assert Image.open(tmp_path / "o.webp").format == "WEBP"
    assert run("restore", folder / "a.png", "-o", tmp_path / "o.xyz", *TINY) == 2
    assert "format" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-file.jpg", "-o", "out.jpg"),
        ("photos", "-o", "-"),
        ("photos/a.png", "photos/b.jpg", "-o", "-"),
        ("-", "photos/a.png", "-o", "out"),
        ("empty", "-o", "out"),
        ("photos/a.png", "-o", "-", "--json"),
        ("photos/a.png", "-o", "out.png", "--checkpoint", "esrgan"),
        ("photos", "-o", "out", "--checkpoint", "esrgan"),
    ],
)
def test_mistakes_are_told_in_one_line_and_write_nothing(arguments, run, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run("restore", *arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert not list(tmp_path.glob("out*"))


def test_weights_that_are_not_at_hand_are_replaced_and_it_says_so(run, folder, tmp_path, capsys):
    assert run("restore", folder / "a.png", "-o", tmp_path / "o.png", "--checkpoint", "Deblur-MSSNet-RealBlurJ") == 0
    said = capsys.readouterr().err
    assert "realblur-j are not at hand" in said
    assert "weights compact" in said


def process(home: Path, *arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, with real standard streams."""
    program = (
        "import sys, typer; sys.path.insert(0, sys.argv.pop(1)); from bot.commands.restore import restore;"
        "app = typer.Typer(rich_markup_mode=None); app.command()(restore); app()"
    )
    command = [sys.executable, "-c", program, str(ROOT), *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=False, env={"UNBLUR_HOME": str(home)})


def test_it_pipes_and_the_first_byte_is_the_photos(home):
    given = io.BytesIO()
    photo().save(given, "PNG")
    ran = process(home, "-", "-o", "-", *TINY, data=given.getvalue())
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(b"\x89PNG")
    ran = process(home, "-", "-o", "-", "--format", "jpg", *TINY, data=given.getvalue())
    assert ran.stdout.startswith(b"\xff\xd8")


def test_help_is_quick_and_shows_examples(home):
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        ran = process(home, "--help")
        times.append(time.perf_counter() - begin)
    assert b"unblur restore holiday.jpg" in ran.stdout
    assert min(times) < 1.5  # 0.2 s on an idle machine


def test_help_and_listing_load_no_torch(home):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from bot.commands import checkpoints, restore;"
        "assert 'torch' not in sys.modules and 'PIL' not in sys.modules and 'numpy' not in sys.modules;"
        "checkpoints.show(False); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(ROOT)], check=True, env={"UNBLUR_HOME": str(home)})


def test_the_checkpoints_at_hand_are_listed_with_their_origin(run, home, capsys):
    (home / "checkpoints" / "broken.safetensors").write_bytes(b"?" * 50)
    assert run("checkpoints") == 0
    said = capsys.readouterr()
    assert "tiny: widths 4,2,2; made for a test" in said.out
    assert "broken cannot be used" in said.err
    assert run("checkpoints", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [item["name"] for item in listed] == ["compact", "tiny"]
    assert listed[0]["bundled"] and listed[0]["default"]


def test_weights_are_added_under_a_name_and_run_by_it(run, folder, weights, tmp_path, capsys):
    assert run("checkpoints", "add", weights, "--name", "RealBlur-J") == 0
    assert run("checkpoints", "add", weights, "--name", "realblur-j") == 2
    assert run("checkpoints", "add", folder / "a.png", "--name", "other") == 2
    assert "not a torch file" in capsys.readouterr().err
    options = ("--checkpoint", "Deblur-MSSNet-RealBlurJ", "--json")
    assert run("restore", folder / "a.png", "-o", tmp_path / "o.png", *options) == 0
    assert json.loads(capsys.readouterr().out)["restored"][0]["checkpoint"] == "realblur-j"


def test_fetching_without_gdown_says_what_to_do(run, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gdown", None)
    assert run("checkpoints", "fetch", "gopro") == 2
    assert "drive.google.com" in capsys.readouterr().err
    assert run("checkpoints", "fetch", "imagenet") == 2
