"""manage.py sign_statement: a call of many awards for trying things."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from audit.keys import encode_base64url
from scores.models import Action, Score
from tests.support.acting import ISSUER_KEY, read_problem
from tests.support.commands import call
from tests.support.stated import read_results, send_awards

SEED = f"--seed={encode_base64url(ISSUER_KEY.private_bytes_raw())}"


def test_what_it_prints_is_a_call(
    player: Score, daily_quiz: Action, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awards = f"{player.pk} daily-quiz 25\n\n  {player.pk} daily-quiz 5\n"
    (tmp_path / "awards.txt").write_text(awards, encoding="utf-8")
    printed = call("sign_statement", SEED, f"--file={tmp_path / 'awards.txt'}")
    assert read_results(send_awards(json.loads(printed))) == [(200, 25), (200, 30)]
    assert read_results(send_awards(json.loads(printed))) == [(200, 25), (200, 30)]
    monkeypatch.setattr("sys.stdin", io.StringIO(awards))
    assert read_results(send_awards(json.loads(call("sign_statement", SEED)))) == [(200, 55), (200, 60)]


def test_a_bad_one_can_be_tried_too(player: Score, daily_quiz: Action, tmp_path: Path) -> None:
    path = tmp_path / "awards.txt"
    path.write_text(f"{player.pk} daily-quiz 25\n", encoding="utf-8")
    expired = json.loads(call("sign_statement", SEED, f"--file={path}", "--lifetime=-40"))
    read_problem(send_awards(expired), 422, "statement_invalid")
    path.write_text("nobody\n", encoding="utf-8")
    read_problem(send_awards(json.loads(call("sign_statement", SEED, f"--file={path}"))), 400, "invalid_body")


def test_no_award_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "awards.txt"
    for text in ("", " \n", "\u00e4 b 1\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(CommandError, match="There is no award"):
            call("sign_statement", SEED, f"--file={path}")
    with pytest.raises(CommandError, match="cannot be read"):
        call("sign_statement", SEED, f"--file={tmp_path / 'none'}")
