"""manage.py make_players: what goes in, what comes out, and what is refused whole."""

import time
import unicodedata
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from scores.api.authentication import read_claims
from scores.models import Action, Score
from tests.support.acting import make_player, read_problem, update


def make(*arguments: str) -> list[list[str]]:
    out = StringIO()
    call_command("make_players", *arguments, stdout=out)
    assert out.getvalue() == "" or out.getvalue().endswith("\n")
    return [line.split("\t") for line in out.getvalue().split("\n")[:-1]]


@pytest.fixture
def names(tmp_path: Path) -> Path:
    return tmp_path / "names.txt"


def test_count_makes_that_many_numbered_players(db: None) -> None:
    lines = make("--count", "3")
    assert [name for name, _ in lines] == ["Player 000001", "Player 000002", "Player 000003"]
    assert [player for _, player in lines] == [str(score.pk) for score in Score.objects.order_by("name")]
    assert {score.user.username for score in Score.objects.all()} == {f"player-{player}" for _, player in lines}
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_a_second_time_prints_the_same_players_and_makes_the_missing_ones(db: None) -> None:
    first = make("--count", "2")
    assert make("--count", "3")[:2] == first
    assert Score.objects.count() == 3


def test_names_of_a_file_come_out_in_its_order_as_they_are_shown(db: None, names: Path) -> None:
    known = make_player("Grace")
    decomposed = unicodedata.normalize("NFD", "Zoë")
    names.write_bytes(f"Zora\r\n{decomposed}\ngrace\nلیلا\nAda".encode())
    lines = make("--file", str(names))
    assert [name for name, _ in lines] == ["Zora", "Zoë", "Grace", "لیلا", "Ada"]
    assert lines[2] == ["Grace", str(known.pk)]
    assert [str(Score.objects.get(name=name).pk) for name, _ in lines] == [player for _, player in lines]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_makes_nobody(db: None, names: Path, content: bytes) -> None:
    names.write_bytes(content)
    assert make("--file", str(names)) == []


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (b"Ada\n\nBob\n", ["line 2: A name has 1 to 64 characters."]),
        (b"Ada\n Ada  \n", ["line 2: the same name as in line 1."]),
        ("Ada\nami\u034fna\n".encode(), ["line 2: A name may not hold the character U+034F."]),
        (b"Ada\nada@example.org\n", ["line 2: An e-mail address is no name to show."]),
        ("Ada\u202e\n".encode(), ["line 1: A name may not hold the character U+202E."]),
        ("Ada\u2028Bob\n".encode(), ["line 1: A name may not hold the character U+2028."]),
        (b"Ada\tBob\n", ["line 1: A name may not hold the character U+0009."]),
        (b"Ada\rBob\n", ["line 1: A name may not hold the character U+000D."]),
        (b"Ada\n\xff\n", ["line 2: not UTF-8."]),
        ("Ada\nBob\nＡＤＡ\n".encode(), ["line 3: the same name as in line 1."]),
        (
            b"a" * 65 + b"\nBob\nBob\n",
            ["line 1: A name has 1 to 64 characters.", "line 3: the same name as in line 2."],
        ),
    ],
)
def test_a_bad_name_refuses_the_whole_file_and_names_the_lines(
    db: None, names: Path, content: bytes, faults: list[str]
) -> None:
    names.write_bytes(content)
    out = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("make_players", "--file", str(names), stdout=out)
    assert str(refusal.value).split("\n") == ["No player was made.", *faults]
    assert out.getvalue() == ""
    assert (Score.objects.count(), User.objects.count()) == (0, 0)


def test_a_thousand_bad_names_are_told_briefly(db: None, names: Path) -> None:
    names.write_bytes(b" \n" * 1000)
    with pytest.raises(CommandError) as refusal:
        make("--file", str(names))
    lines = str(refusal.value).split("\n")
    assert (len(lines), lines[-1]) == (22, "... and 980 more.")


def test_tokens_speak_for_their_players_for_as_long_as_asked(db: None) -> None:
    Action.objects.create(slug="forum-post", label="Forum post", points=5)
    now = int(time.time())
    ((_, player, token),) = make("--count", "1", "--tokens", "--lifetime", "3600")
    claims = read_claims(token, "access")
    assert claims["sub"] == player
    assert 3600 <= claims["exp"] - now <= 3610
    response = update({"action": "forum-post"}, token=token, key="k1")
    assert (response.status_code, response.json()["score"]) == (200, 5)


def test_a_token_of_one_second_is_over_after_it(db: None, settings: Settings) -> None:
    settings.SCORE_UPDATE_RATE = None  # it asks as often as it can until the second is over
    ((_, _, token),) = make("--count", "1", "--tokens", "--lifetime", "1")
    deadline = time.monotonic() + 5
    while update({"action": "forum-post"}, token=token, key="k1").status_code == 404:
        assert time.monotonic() < deadline
    read_problem(update({"action": "forum-post"}, token=token, key="k1"), 401, "token_invalid")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--count", "0"], "--count must be from 1 to 10000000."),
        (["--count", "9" * 30], "--count must be from 1 to 10000000."),
        (["--count", "1", "--lifetime", "0"], "--lifetime must be from 1 to 316224000 seconds."),
        (["--file", "/nowhere/names.txt"], "/nowhere/names.txt cannot be read: No such file or directory."),
        ([], "Error: one of the arguments --count --file is required"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(db: None, arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refusal:
        make(*arguments)
    assert str(refusal.value) == sentence
    assert Score.objects.count() == 0
