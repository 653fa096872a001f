"""Scores of before the seal get one by `migrate`, batch by batch, with the key that the servers have; and lose it on the way back."""

from pathlib import Path

import pytest

from tests.support.own_database import Manage, manage_own_database
from tests.support.plugin import Profile

#: One more than two batches take, as bulk_create seals nothing.
MAKE = """
from django.contrib.auth.models import User
from scores.models import Score
users = User.objects.bulk_create([User(username=f"player {number}") for number in range(10_001)])
Score.objects.bulk_create([Score(user=user, name=f"Zoë {user.pk}", name_key=f"zoë {user.pk}") for user in users])
"""
#: Without the model, which knows columns of later migrations.
COUNT_UNSEALED = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM scores_score WHERE seal = ''")
    print(cursor.fetchone()[0])
"""
COUNT_SEALED = """
from scores.models import Score
print(sum(score.is_sealed for score in Score.objects.all()))
"""
TWINS = """
from django.contrib.auth.models import User
from scores.models import Score
names = ["ami\u034fna", "amina", "Zo\u00eb", "\u3164", "ali\u200cce"]
for name, key in zip(names, ["ami\u034fna", "amina", "zo\u00eb", "\u1160", "ali\u200cce"]):
    user = User.objects.create(username=key)
    Score.objects.bulk_create([Score(user=user, name=name, name_key=key)])
"""
NAMES = """
from scores.models import Score
from scores.names import name_key
print(sorted((ascii(score.name), score.name_key == name_key(score.name)) for score in Score.objects.all()))
"""

#: Strange names, named by tokens and by nobody; one of them exchanged in the database.
STRANGE = """
from uuid import UUID
from django.contrib.auth.models import User
from scores.models import Score
from scores.players import ensure_external_player
names = ["O'Connor", '"; DROP TABLE x; --', "\\u0661%s{}", "\U0001f468\u200d\U0001f469", "علی\u200cرضا", "x" * 64, "\u0301", "%"]
for number, name in enumerate(names, start=1):
    ensure_external_player(UUID(int=number), name, number)
    ensure_external_player(UUID(int=number + 100), name)
Score.objects.filter(pk=UUID(int=3)).update(claimed_name="another")
"""
#: What is sealed wrongly, and what names there are.
IDENTITIES = """
from scores.models import Score
print([(str(score.pk)[-3:], ascii(score.name), score.is_sealed) for score in Score.objects.order_by("pk")])
"""
TRIGGERS = """
from django.db import connection
with connection.cursor() as cursor:
    if connection.vendor == "postgresql":
        cursor.execute("SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
    else:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY 1")
    print(cursor.fetchall())
"""


@pytest.fixture
def manage(profile: Profile, tmp_path: Path) -> Manage:
    return manage_own_database(profile, tmp_path)


def test_scores_of_before_are_sealed_and_the_way_back_is_a_true_one(manage: Manage, tmp_path: Path) -> None:
    def shell(code: str) -> str:
        done = manage("shell", "--no-imports", "--command", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert manage("migrate", "--verbosity", "0").returncode == 0
    shell(MAKE)
    back = ("scores", "0006")
    assert manage("migrate", *back, "--verbosity", "0").returncode == 0
    refused = manage("migrate", "--verbosity", "0", LEDGER_KEYS_FILE=str(tmp_path / "none.json"))
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith(
        "Configuration: This migration seals the scores there are, for which it needs the ledger key, and LEDGER_KEYS_FILE"
    )
    assert shell(COUNT_UNSEALED) == "10001"
    for words, unsealed in (((), "0"), (back, "10001"), ((), "0")):
        done = manage("migrate", *words, "--verbosity", "0")
        assert (done.returncode, done.stderr) == (0, "")
        assert shell(COUNT_UNSEALED) == unsealed
    assert shell(COUNT_SEALED) == "10001"


def test_names_of_before_that_look_the_same_are_told_apart(manage: Manage) -> None:
    assert manage("migrate", "--verbosity", "0").returncode == 0
    made = manage("shell", "--no-imports", "--command", TWINS)
    assert (made.returncode, made.stderr) == (0, "")
    for words in (("scores", "0004"), ()):
        done = manage("migrate", *words, "--verbosity", "0")
        assert (done.returncode, done.stderr) == (0, "")
    assert manage("shell", "--no-imports", "--command", NAMES).stdout.strip() == str(
        [
            (ascii("Zoë"), True),
            (ascii("\u3164"), True),
            (ascii("ali\u200cce"), True),
            (ascii("ami\u034fna (2)"), True),
            (ascii("amina"), True),
        ]
    )


def test_the_way_back_and_forth_loses_no_trigger_and_no_seal(manage: Manage) -> None:
    def shell(code: str) -> str:
        done = manage("shell", "--no-imports", "--command", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert manage("migrate", "--verbosity", "0").returncode == 0
    shell(STRANGE)
    triggers, identities = shell(TRIGGERS), shell(IDENTITIES)
    assert "scores_score_played_stays" in triggers
    assert identities.count("False") == 1
    for back in (("scores", "0008"), ("scores", "0007"), ("audit", "0006")):
        for words in (back, ()):
            done = manage("migrate", *words, "--verbosity", "0")
            assert (done.returncode, done.stderr) == (0, "")
        assert (shell(TRIGGERS), shell(IDENTITIES)) == (triggers, identities)
