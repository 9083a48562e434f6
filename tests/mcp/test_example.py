"""The example in docs/mcp.md works as it stands, and its server says nothing on standard output but the protocol."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
WATCHED = """#!/bin/sh
"{python}" -m bot "$@" 2>"{folder}/said" | tee "{folder}/protocol"
"""


def test_the_example_asks_goes_on_and_restores_over_standard_input_and_output(tmp_path: Path):
    example = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "mcp.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    command = tmp_path / "unblur"
    command.write_text(WATCHED.format(python=sys.executable, folder=tmp_path))
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    sample = next((ROOT / "bot" / "page" / "samples").glob("*.jpg"))
    Image.open(sample).resize((150, 100)).save(tmp_path / "blurry.jpg")
    environment = os.environ | {
        "UNBLUR_HOME": str(tmp_path / "home"),
        "UNBLUR_LOG_LEVEL": "info",
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=285
    )
    assert done.returncode == 0, done.stderr + (tmp_path / "said").read_text()
    *said, result = done.stdout.rstrip("\n").splitlines()
    assert "[1]" in said[0]
    assert any(line.startswith("[1] model:") for line in said)
    assert "https://github.com/kky7/MSSNet" in "\n".join(said)
    assert Image.open(result).size == (150, 100)
    spoken = (tmp_path / "protocol").read_text(encoding="utf-8").splitlines()
    assert len(spoken) >= 4
    assert {json.loads(line)["jsonrpc"] for line in spoken} == {"2.0"}
    logged = (tmp_path / "said").read_text(encoding="utf-8")
    assert "MSSNet" not in logged
    assert "blurry" not in logged
    assert "Traceback" not in logged
