"""The lock files name exact versions, none of them too old to be safe, and all of them within pyproject's ranges."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
FLOORS = {  # the first versions without holes that are known
    "gradio": "6.20",
    "langgraph-checkpoint": "4.0",
    "langgraph-checkpoint-sqlite": "3.0.1",
    "mcp": "1.23",
    "pillow": "12.2",
    "torch": "2.10",
}


def locked(file: str) -> dict[str, Version]:
    """The versions in a lock file by name."""
    lines = [
        line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)==(\S+)", line) for line in lines]
    assert all(found), f"{file} names a version that is not exact"
    return {canonicalize_name(one[1]): Version(one[2]) for one in found if one}


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_locked_version_is_too_old(name: str, floor: str):
    versions = [one[name] for one in map(locked, LOCKS) if name in one]
    assert versions
    assert min(versions) >= Version(floor)


def test_what_runs_and_what_tests_are_locked_once():
    run, test = map(locked, LOCKS)
    assert not run.keys() & test.keys()


def test_the_locked_versions_are_within_the_ranges():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = locked("requirements-dev.lock") | locked("requirements.lock")
    needed = [Requirement(line) for line in project["dependencies"]]
    extras = [Requirement(line) for lines in project["optional-dependencies"].values() for line in lines]
    missing = [one.name for one in needed if canonicalize_name(one.name) not in locked("requirements.lock")]
    assert missing == []
    outside = [
        str(one)
        for one in needed + extras
        if (version := versions.get(canonicalize_name(one.name)))
        and not one.specifier.contains(version, prereleases=True)
    ]
    assert outside == []
