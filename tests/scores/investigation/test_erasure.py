"""After an erasure no table holds a word of the person, or ties an address to the player; what is left verifies."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from audit import chain
from audit.models import AuditEntry, Refusal
from audit.refusals import flush_refusals, record_refusal
from scores.catalogue import set_action
from scores.integrity import recovery
from scores.integrity.verification import verify
from scores.investigation import corrections, flags
from scores.models import Flag, Score
from tests.support.acting import access_token, make_player, update
from tests.support.tampering import WHY, run_verify, tampering
from tests.support.threads import in_another_thread, wait_until_blocked

OWN, SHARED, OTHERS = "203.0.113.9", "198.51.100.7", "192.0.2.77"
#: Whatever an auditor may look for.
WORDS = ("Augusta", "augusta", "Lovelace", "engine@example.org", OWN, "Difference Engine")


@pytest.fixture
def reviewer(db: None) -> str:
    return str(make_player("Grace").pk)


@pytest.fixture
def augusta(reviewer: str) -> Score:
    """Played from an address of her own and one she shares with Ben, was refused, suspected, looked into and noted by an admin."""
    set_action(actor="system", slug="daily-quiz", label="Daily quiz", points=10)
    augusta, ben = make_player("Augusta"), make_player("Ben")
    User.objects.filter(pk=augusta.user_id).update(email="engine@example.org", last_name="Lovelace")
    for player, key, address in ((augusta, "1", OWN), (augusta, "2", SHARED), (ben, "1", SHARED), (ben, "2", OTHERS)):
        agent = {"User-Agent": "Difference Engine" if player is augusta else "curl"}
        sent = update({"action": "daily-quiz"}, token=access_token(player), key=key, address=address, headers=agent)
        assert sent.status_code == 200
    for subject in (str(augusta.pk), OWN, SHARED, str(ben.pk)):
        Refusal.objects.create(minute=datetime.now(UTC), reason="cooldown", subject=subject)
    for player in (augusta, ben):
        raise_flag(Flag.Rule.PACE, str(player.pk), f"{player.name} is fast.", [player], player=player.pk)
    for address in (OWN, SHARED, OTHERS):
        raise_flag(
            Flag.Rule.SHARED_ADDRESS,
            address,
            f"2 players acted from {address}.",
            [augusta, ben] if address != OTHERS else [ben],
        )
    for flag in Flag.objects.order_by("pk"):
        flags.dismiss(
            flag=flag.pk, actor=reviewer, note=f"Of {flag.subject}: " + ("Ben." if is_bens(flag) else "Lovelace.")
        )
    corrections.freeze(player=augusta.pk, reason="Lovelace wrote in", actor=reviewer)
    for kind, pk in ((User, augusta.user_id), (Score, augusta.pk)):
        LogEntry.objects.create(
            user_id=augusta.user_id, content_type=ContentType.objects.get_for_model(kind), object_id=str(pk),
            object_repr="Augusta", action_flag=CHANGE if kind is User else ADDITION, change_message="Lovelace",
        )  # fmt: skip
    augusta.refresh_from_db()
    return augusta


def is_bens(flag: Flag) -> bool:
    return flag.subject == OTHERS or flag.why.startswith("Ben")


def raise_flag(rule: Flag.Rule, subject: str, why: str, players: list[Score], **about: Any) -> None:
    entries = [[str(player.pk), 1] for player in players]
    Flag.objects.create(rule=rule, subject=subject, why=why, entries=entries, opened_at=datetime.now(UTC), **about)


def find_words(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """In which table which of them stands, over every column of every row."""
    rows = [(model._meta.label, str(list(model._default_manager.values()))) for model in apps.get_models()]
    return [(label, word) for label, text in rows for word in words if word in text]


def test_no_table_holds_a_word_of_the_person(augusta: Score) -> None:
    assert {word for _, word in find_words(WORDS)} == set(WORDS)
    corrections.erase_player(player=augusta.pk, **WHY)
    assert find_words(WORDS) == []
    assert run_verify() == []


def test_no_row_ties_an_address_to_the_player(augusta: Score) -> None:
    corrections.erase_player(player=augusta.pk, **WHY)
    rows = [str(row) for model in (Flag, Refusal, AuditEntry, LogEntry) for row in model.objects.values()]
    assert [
        row for row in rows if str(augusta.pk) in row and any(address in row for address in (OWN, SHARED, OTHERS))
    ] == []


def test_what_is_others_stays(augusta: Score, reviewer: str) -> None:
    ben = Score.objects.get(name="Ben")
    before = list(Flag.objects.filter(note__endswith="Ben.").order_by("pk").values())
    entries = list(AuditEntry.objects.filter(player=ben.pk).values())
    corrections.erase_player(player=augusta.pk, **WHY)
    assert list(Flag.objects.filter(note__endswith="Ben.").order_by("pk").values()) == before
    assert len(before) == 2
    assert list(AuditEntry.objects.filter(player=ben.pk).values()) == entries
    assert sorted(Refusal.objects.values_list("subject", flat=True)) == sorted([SHARED, str(ben.pk)])
    shared = Flag.objects.get(subject=SHARED)
    assert (shared.entries, shared.why) == ([[str(ben.pk), 1]], f"2 players acted from {SHARED}.")
    assert (shared.note, shared.state, shared.reviewed_by) == ("Erased with the person.", "dismissed", reviewer)


def test_a_person_leaves_the_acts_of_a_flag_that_lists_others_only(augusta: Score) -> None:
    ben = Score.objects.get(name="Ben")
    acts = [[str(augusta.pk), 1, 3], [str(ben.pk), 1, 1]]
    raise_flag(Flag.Rule.ISSUER_VOLUME, "quiz-backend", "Far above the usual.", [ben], acts=acts)
    corrections.erase_player(player=augusta.pk, **WHY)
    assert Flag.objects.get(subject="quiz-backend").acts == [[str(ben.pk), 1, 1]]


def test_an_address_of_two_goes_with_the_second(augusta: Score) -> None:
    ben = Score.objects.get(name="Ben")
    for player in (augusta, ben):
        corrections.erase_player(player=player.pk, **WHY)
    assert find_words((*WORDS, SHARED, OTHERS, "Ben", "ben")) == []
    assert run_verify() == []


def test_the_erasure_says_which_reviews_went_along_and_no_other_may_be_missing(augusta: Score) -> None:
    entry = corrections.erase_player(player=augusta.pk, **WHY)
    system = AuditEntry.objects.filter(player=chain.SYSTEM_CHAIN)
    missing = list(system.filter(context__isnull=True).order_by("seq").values_list("seq", flat=True))
    assert len(missing) == 3
    assert (entry.context or {})["reviews"] == " ".join(map(str, missing))
    assert list(verify()) == []
    with tampering():
        other = system.filter(action__startswith="flag:", context__isnull=False).first()
        assert other is not None
        AuditEntry.objects.filter(pk=other.pk).update(context=None)
        assert [(found["rule"], found["seq"]) for found in run_verify()] == [("context", other.seq)]


def test_why_an_identity_was_accepted_goes_with_the_person(augusta: Score) -> None:
    recovery.accept_identity(player=augusta.pk, reason="Augusta King is Lovelace now", actor="system")
    corrections.erase_player(player=augusta.pk, **WHY)
    assert find_words(WORDS) == []
    assert run_verify() == []


def test_what_servers_still_hold_of_refusals_goes_too_and_others_is_kept(augusta: Score) -> None:
    ben = Score.objects.get(name="Ben")
    Refusal.objects.all().delete()
    for subject in (str(augusta.pk), str(ben.pk), OTHERS):
        record_refusal("cooldown", subject)
    corrections.erase_player(player=augusta.pk, **WHY)
    flush_refusals()
    record_refusal("token_invalid:inactive", str(augusta.pk))
    flush_refusals()
    assert sorted(Refusal.objects.values_list("subject", flat=True)) == sorted([str(ben.pk), OTHERS])


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_what_is_written_while_a_person_is_erased_waits_and_is_left_out() -> None:
    ada = make_player("Ada")
    record_refusal("cooldown", str(ada.pk))
    with transaction.atomic():
        corrections.erase_player(player=ada.pk, **WHY)
        thread, outcome = in_another_thread(flush_refusals)
        wait_until_blocked("WITH fold")
    thread.join(30)
    assert outcome == [None]
    assert not Refusal.objects.exists()
