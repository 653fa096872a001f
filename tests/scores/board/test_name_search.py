"""Players found by parts of their names: whatever accents, whatever characters, and from an index however many there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scores.board.name_search import find_ids, named
from scores.models import Score
from tests.support.acting import make_player

pytestmark = pytest.mark.django_db
MANY_PLAYERS = """
    WITH users AS (
        INSERT INTO auth_user
            (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
        SELECT '!', false, 'many-' || n, '', '', '', false, true, now() FROM generate_series(1, 20000) AS n RETURNING id
    )
    INSERT INTO scores_score (id, user_id, name, name_key, points, reached_at, seq, head, frozen)
    SELECT md5(id::text)::uuid, id, 'Player ' || md5(id::text), 'player ' || md5(id::text), 1, now(), 1, '', false FROM users
"""


def found(text: str, limit: int = 10) -> list[str]:
    return [Score.objects.get(pk=player).name for player in find_ids(text, limit)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zsófia", "zsofia"), ("Zsófia", "SÓF"), ("Zsófia", "fi"), ("Ada Lovelace", "a lo"), ("김민지", "민지"),
        ("محمد بن عبد الله", "عبد"), ("W" * 64, "w" * 64), ("100% Ada_B", "% ada_"), ("back\\slash", "k\\s"), ("Q", "q"),
    ],
)  # fmt: skip
def test_a_player_is_found_by_any_part_of_the_name(name: str, text: str) -> None:
    make_player("Somebody else")
    make_player(name)
    assert found(text) == [name]


def test_the_nearest_come_first_and_no_more_than_asked_for() -> None:
    for name in ("Leda", "Eda Bo", "Eda"):
        make_player(name)
    assert found("eda") == ["Eda", "Eda Bo", "Leda"]
    assert found("eda", 2) == ["Eda", "Eda Bo"]


def test_the_begin_of_an_id_finds_the_player() -> None:
    ada = make_player("Ada")
    for begin in (str(ada.pk)[:4], str(ada.pk)[:14], ada.pk.hex[:20], str(ada.pk).upper()):
        assert found(begin) == ["Ada"], begin
    assert found(str(ada.pk)[1:9]) == []
    assert found(str(ada.pk)[:3]) == []


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "a\0da", "\ud800", "x" * 10_000, "%", "_", "\\", "%%", "__", "' OR 1=1 --"]
)
def test_any_other_text_finds_nobody(text: str) -> None:
    make_player("Ada")
    assert find_ids(text, 10) == []


@pytest.mark.postgresql
def test_names_and_ids_are_looked_up_in_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY_PLAYERS)
        cursor.execute("ANALYZE scores_score")
    with CaptureQueriesContext(connection) as queries:
        find_ids("3f2a", 10)
    by_id, *by_name = (query["sql"] for query in queries)
    assert len(by_name) == 3  # called so, beginning so, having it within
    for sql, index in ((by_id, "scores_score_pkey"), *((sql, "score_name_pieces") for sql in by_name)):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert (index in plan, "Seq Scan" in plan) == (True, False), plan


@pytest.mark.postgresql
def test_the_index_has_the_pieces_of_every_name_and_points_move_none_of_it() -> None:
    ada = make_player("Ádä")
    with connection.cursor() as cursor:
        cursor.execute("SELECT scores_name_pieces(search_key, name_key) FROM scores_score WHERE id = %s", [ada.pk])
        [[pieces]] = cursor.fetchall()
    assert sorted(pieces) == sorted(["\x02a", "\x02ad", "ad", "ada", "da", "da\x03"])
    assert named("contains", "da").get().pk == ada.pk
