"""What is collected for production: of ours without comments, by names of its content; the public names go to the same release."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings

from scoreboard_project.server.static_storage import PUBLIC

pytestmark = pytest.mark.any_database
Collect = Callable[[], dict[str, str]]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "scoreboard"
    folder.mkdir(parents=True)
    for name in PUBLIC:
        (tmp_path / "source" / name).write_text(
            '// A comment.\nimport { part } from "./part.js";\nexport const whole = part;\n'
        )
    (folder / "part.js").write_text("/** @type {number} */\nexport const part = `a  ${1}  b`;\n")
    (folder / "page.css").write_text('/* Why. */\nbody { background: url("picture.svg"); }\n')
    (folder / "picture.svg").write_text("<svg/>")
    return tmp_path / "source"


@pytest.fixture
def collect(source: Path, tmp_path: Path) -> Collect:
    def run() -> dict[str, str]:
        root = tmp_path / "collected"
        with override_settings(STATICFILES_DIRS=[source], STATIC_ROOT=root, WHITENOISE_USE_FINDERS=False):
            call_command(
                "collectstatic", "--noinput", "--verbosity=0", "--ignore=admin", "--ignore=drf*", "--ignore=rest*"
            )
        names: dict[str, str] = json.loads((root / "staticfiles.json").read_text())["paths"]
        return names

    return run


def test_ours_are_named_by_what_is_left_without_comments(collect: Collect, tmp_path: Path) -> None:
    names = collect()
    for name, hashed in names.items():
        assert re.fullmatch(re.escape(Path(name).stem) + r"\.[0-9a-f]{12}", Path(hashed).stem)
    read = {name: (tmp_path / "collected" / hashed).read_text() for name, hashed in names.items()}
    assert read["scoreboard/part.js"] == "export const part=`a  ${1}  b`;"
    assert read["scoreboard/page.css"] == f'body{{background:url("{Path(names["scoreboard/picture.svg"]).name}")}}'
    part = Path(names["scoreboard/part.js"]).name
    for name in PUBLIC:
        assert read[name] == f'import{{part}} from "./{part}";export const whole=part;'
        assert (tmp_path / "collected" / name).read_text() == read[name]


def test_a_changed_module_changes_the_name_of_whatever_imports_it_and_the_old_one_stays(
    collect: Collect, source: Path, tmp_path: Path
) -> None:
    before = collect()
    (source / "scoreboard/part.js").write_text("export const part = 2;\n")
    os.utime(source / "scoreboard/part.js", (time.time() + 5,) * 2)  # a file of the same second is taken for the same
    after = collect()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"scoreboard/part.js", *PUBLIC}
    assert all((tmp_path / "collected" / each[name]).exists() for each in (before, after) for name in changed)


def test_where_nothing_was_collected_names_are_plain() -> None:
    assert staticfiles_storage.url("scoreboard/board.css") == "/static/scoreboard/board.css"
