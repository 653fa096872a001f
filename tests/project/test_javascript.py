"""JavaScript that breaks a rule or a type fails `./dev check`."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

DEV = (ROOT / "dev").read_text(encoding="utf-8")


def run(function: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Runs one of the functions of `dev` over what is at the path."""
    definitions = re.findall(r"^(?:\w+=tests/\S+|\w+_javascript\w*\(\) \{.*?^\})$", DEV, re.MULTILINE | re.DOTALL)
    script = "\n".join([*definitions, f'{function} "$1"'])
    command = ["sh", "-c", script, "sh", str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize(
    ("code", "said"),
    [("export const half = (whole) => whole / 2;", ""), ("export const isOdd = (n) => n === NaN;", "use-isnan")],
)
def test_a_broken_rule_fails_the_check(code: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text(code, encoding="utf-8")
    done = run("lint_javascript", tmp_path)
    assert (done.returncode == 0) is (said == ""), done.stdout + done.stderr
    assert said in done.stdout


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("/** @param {number} whole */\nexport const half = (whole) => whole / 2;", ""),
        ("/** @param {string} whole */\nexport const half = (whole) => whole / 2;", "TS2362"),
        ("export const half = (whole) => whole / 2;", "TS7006"),
    ],
)
def test_a_broken_or_missing_type_fails_the_check(code: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text(code, encoding="utf-8")
    options = ROOT / "tests/clients/typescript/tsconfig.static.json"
    project = {"extends": str(options), "include": [str(tmp_path / "*.js")]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(project), encoding="utf-8")
    done = run("check_javascript_types", tmp_path)
    assert (done.returncode == 0) is (said == ""), done.stdout + done.stderr
    assert said in done.stdout
