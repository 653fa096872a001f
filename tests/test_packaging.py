"""What is installed, pinned and shipped."""

import re
import subprocess
from importlib.metadata import version

import pytest
from packaging.version import Version

from tests.processes import ROOT

REQUIREMENT_FILES = ("requirements.txt", "requirements-dev.txt")
PIN = re.compile(
    r"([a-z0-9]+(?:-[a-z0-9]+)*)(?:\[[a-z0-9,-]+\])?==(\S+)(?: ; [^\\]+)?((?: --hash=sha256:[0-9a-f]{64})+)"
)
# Older ones have published advisories.
MINIMUM = {"django": "5.2.19", "djangorestframework": "3.17.2", "daphne": "4.2.2", "pyjwt": "2.15.1"}
TOP_LEVEL = {
    *("manage.py", "pyproject.toml", "requirements.txt", "requirements-dev.txt", "dev", "README.md", "CONTRIBUTING.md"),
    *("CHANGELOG.md", "Dockerfile", "compose.yaml", "docs", "scoreboard_project", "scores", "audit", "templates"),
    *("static", "tests", "benchmarks"),
}


def requirements(name: str) -> list[str]:
    """The requirements of a file, each on one line."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def pins(name: str) -> dict[tuple[str, str], tuple[str, str]]:
    """(name, marker) -> (version, hashes)."""
    found = {}
    for requirement in requirements(name):
        specifier, _, hashes = requirement.partition(" --hash=")
        pin, _, marker = specifier.partition(" ; ")
        package, _, release = pin.partition("==")
        found[package.partition("[")[0], marker] = (release, hashes)
    return found


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    assert [requirement for requirement in requirements(name) if not PIN.fullmatch(requirement)] == []


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_no_requirement_names_a_place_to_get_it_from(name: str) -> None:
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_development_runs_on_the_very_releases_that_production_does() -> None:
    development, production = pins("requirements-dev.txt"), pins("requirements.txt")
    assert {requirement: development.get(requirement) for requirement in production} == production


@pytest.mark.parametrize(("package", "minimum"), MINIMUM.items())
def test_no_release_with_a_known_advisory_is_installed(package: str, minimum: str) -> None:
    assert Version(version(package)) >= Version(minimum)


def test_what_is_installed_is_what_is_pinned() -> None:
    expected = {name: release for (name, marker), (release, _) in pins("requirements-dev.txt").items() if not marker}
    assert {name: version(name) for name in expected} == expected


def test_the_top_level_holds_just_what_the_map_shows() -> None:
    # A clone that belongs to somebody else, as in a container, is none that git would look at unasked.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    top = {path.partition("/")[0] for path in listing.split("\0") if path}
    assert {name for name in top if not name.startswith(".")} - TOP_LEVEL == set()
