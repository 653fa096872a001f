"""What <score-board> says on other sites is what the pages say here, in every language that they speak."""

import gettext
import json
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

LOCALE = ROOT / "scores/locale"
#: The pages say that otherwise, in a page of its own.
OF_ITS_OWN = {"refused", "missing"}


@pytest.fixture(scope="module")
def words() -> dict[str, dict[str, str]]:
    module = (ROOT / "static/scoreboard/score-board-words.js").as_uri()
    script = f'import {{ WORDS }} from "{module}"; console.log(JSON.stringify(WORDS));'
    command = [str(ROOT / ".venv/bin/node"), "--no-warnings", "--input-type=module", "--eval", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def list_languages() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.mo"))


def test_every_language_of_the_pages_has_all_its_words(words: dict[str, dict[str, str]]) -> None:
    assert {path.parts[-3] for path in list_languages()} <= set(words) - {"en"}
    assert {tuple(each) for each in words.values()} == {tuple(words["en"])}
    assert [text for each in words.values() for text in each.values() if not text.strip()] == []


@pytest.mark.parametrize("path", list_languages(), ids=lambda path: path.parts[-3])
def test_they_are_the_words_of_the_catalogue(words: dict[str, dict[str, str]], path: Path) -> None:
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    said = {key: text for key, text in words[path.parts[-3]].items() if key not in OF_ITS_OWN}
    assert said == {key: catalogue.gettext(words["en"][key]) for key in said}
