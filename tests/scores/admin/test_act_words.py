"""What an act says when it is done: what it came to, for whom, and what may come next."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User

from audit.models import AuditEntry
from scores.admin.act_steps import Done, Step, perform
from scores.admin.act_words import count_entries, describe_done
from scores.investigation import corrections
from scores.models import Flag, Score
from tests.support.desk_acting import read_text


@pytest.mark.parametrize(("count", "words"), [(1, "the entry"), (2, "the 2 entries"), (1200, "the 1,200 entries")])
def test_entries_are_counted_in_words(count: int, words: str) -> None:
    assert count_entries(count) == words


def test_an_act_on_a_few_players_says_where_each_is(board: dict[str, Score], investigator: User) -> None:
    everybody = [*board.values()]
    ranks = {score.pk: rank for rank, score in enumerate(everybody, start=1)}
    entries = [AuditEntry(player=score.pk, seq=9, kind="void", delta=-1000) for score in everybody]
    said = read_text(describe_done(Done([*entries, entries[0]], ranks, ranks), investigator, None))
    assert said == "4 entries of 3 players voided, -4,000 points, Ada stays 1st, Ben stays 2nd, Cleo stays 3rd"


def test_who_may_not_look_gets_no_links(board: dict[str, Score], investigator: User) -> None:
    ada = board["Ada"]
    investigator.user_permissions.add(Permission.objects.get(codename="view_flag"))
    Flag.objects.create(rule="pace", subject="x", why="Fast.", opened_at=datetime.now(UTC))
    done = perform(corrections.freeze, [Step(ada.pk)], reason="seen", user=investigator, seen={})
    stranger = User.objects.create_user("stranger")
    sentence = "Done, as entry 4 of this player: freeze +0, now 30 points. Ada 1st → off the board"
    assert read_text(describe_done(done, investigator, None)) == f"{sentence}; case file; next flag"
    assert read_text(describe_done(done, stranger, None)) == sentence
    assert read_text(describe_done(done, investigator, Flag.objects.get())) == f"{sentence}; case file"
