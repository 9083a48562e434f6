"""docs/api.md: its examples run as they stand, and its tables name what there is."""

import contextlib
import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from gradio_client import Client

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def beside_a_photo(served, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of somebody who has a photo there, and knows the server's address."""
    from PIL import Image

    Image.open(photo).convert("RGB").save(tmp_path / "blurry.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNBLUR_ADDRESS", served.address.rstrip("/"))
    return tmp_path


def test_the_python_examples_run_one_after_the_other(beside_a_photo: Path):
    names: dict[str, object] = {}
    said = []
    for example in examples("python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(example, "docs/api.md", "exec"), names)
        said.append(printed.getvalue())
    assert len(said) == 5
    assert "https://github.com/Mnster00/CasualSR" in said[0]
    assert said[1].endswith("\n0.4\n2\n")
    assert (beside_a_photo / "blurry-restored-2x.jpg").stat().st_size > 0
    assert all(text.strip() for text in said)
    assert said[4].endswith("\n2\n")


@pytest.mark.parametrize("example", examples("sh"))
def test_the_shell_examples_run(beside_a_photo: Path, example: str):
    bash = shutil.which("bash")
    assert bash and shutil.which("curl"), "the examples need bash and curl"
    done = subprocess.run(
        [bash, "-euo", "pipefail", "-c", example], env=os.environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "FeatSharp" in done.stdout
    assert "event: complete" in done.stdout or done.stdout.rstrip().endswith("data: [DONE]")


def test_the_table_names_every_endpoint_with_what_it_takes(served):
    client = Client(served.address, verbose=False, analytics_enabled=False)
    offered = {
        name: [parameter["parameter_name"] for parameter in about["parameters"]]
        for name, about in client.view_api(return_format="dict", print_info=False)["named_endpoints"].items()
    }
    client.close()
    rows = re.findall(r"^\| `(/\w+)` \|([^|]*)\|", TEXT, re.MULTILINE)
    assert {name: re.findall(r"`(\w+)`", takes) for name, takes in rows} == offered
