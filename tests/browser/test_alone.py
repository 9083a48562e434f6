"""On a machine without a network: from an empty data folder to a cited answer within a minute, and nothing tries to get out."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def _in_a_network_of_its_own(command: list[str]) -> list[str]:
    """A command that may make network devices of its own; the test is left out where the system forbids that."""
    for options in (["--net"], ["--net", "--map-root-user"]):
        alone = ["unshare", *options]
        if shutil.which("unshare") and shutil.which("ip"):
            tried = subprocess.run(
                [*alone, "ip", "link", "add", "one", "type", "veth", "peer", "name", "other"],
                capture_output=True,
                check=False,
            )
            if tried.returncode == 0:
                return [*alone, *command]
    pytest.skip("no network of its own can be made here: that takes util-linux, iproute2 and the right to")


def test_without_a_network_it_begins_answers_and_restores_and_sends_nothing(
    tmp_path: Path, all_sending_asked_for: dict[str, str], pace
):
    command = [sys.executable, str(Path(__file__).with_name("alone.py")), str(tmp_path)]
    done = subprocess.run(
        _in_a_network_of_its_own(command),
        capture_output=True, text=True, env={**os.environ, **all_sending_asked_for}, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["seconds"] < pace.limit(60)
    assert told["markers"] >= 1
    assert told["packets"] == 0
    assert told["counted"] == 1
