"""Names of before are found without their accents after `migrate`; on the way back that is forgotten."""

from pathlib import Path

from tests.support.own_database import manage_own_database, succeeding
from tests.support.plugin import Profile

#: One more than a batch takes, and some whose key serves.
MAKE = """
from django.contrib.auth.models import User
from scores.models import Score
names = [f"Zoë {number}" for number in range(5001)] + ["Ada", "Straße", "Łukasz", "Émile"]
users = User.objects.bulk_create([User(username=name) for name in names])
Score.objects.bulk_create([Score(user=user, name=name, name_key=name.casefold()) for user, name in zip(users, names)])
"""
#: Without the model, which knows columns of later migrations.
READ = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT name_key, search_key FROM scores_score WHERE search_key <> '' AND name_key NOT LIKE 'zo%'")
    others = cursor.fetchall()
    cursor.execute("SELECT count(*) FROM scores_score WHERE search_key LIKE 'zoe %'")
    print(others, cursor.fetchone()[0])
"""


def test_names_of_before_are_searched_and_the_way_back_is_a_true_one(profile: Profile, tmp_path: Path) -> None:
    manage = succeeding(manage_own_database(profile, tmp_path))

    def shell(code: str) -> str:
        return manage("shell", "--no-imports", "--command", code)

    manage("migrate", "--verbosity", "0")
    shell(MAKE)
    assert shell(READ) == "[] 0"
    for _ in range(2):
        manage("migrate", "scores", "0014", "--verbosity", "0")
        assert shell(READ) == "[] 0"
        manage("migrate", "--verbosity", "0")
        assert shell(READ) == "[('émile', 'emile')] 5001"
