"""A round of detection opens a flag once, and none again for what a review has settled."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEntry, Refusal
from audit.refusals import OTHERS
from audit.times import HOUR_US, SECOND_US
from scores.investigation import detection_round, flags
from scores.models import Flag, Score
from tests.support.acting import make_player, read_state
from tests.support.histories import human_pauses, play

REVIEWER = str(UUID(int=99))


def read_flags() -> list[tuple[str, str, str]]:
    return sorted(Flag.objects.values_list("rule", "subject", "state"))


def test_a_timer_is_flagged_once_with_its_entries(db: None) -> None:
    play(UUID(int=1), [4.0] * 40)
    play(UUID(int=2), human_pauses(40, 60, 1))
    opened = detection_round.detect()
    assert (opened.players, [flag.rule for flag in opened.opened]) == (2, [Flag.Rule.REGULAR_INTERVALS])
    assert detection_round.detect().opened == []
    flag = Flag.objects.get()
    assert (flag.player, flag.subject, flag.state) == (UUID(int=1), str(UUID(int=1)), "open")
    assert flag.why.startswith("32 acts came 4.00 s after one another")
    assert [(entry.player, entry.seq) for entry in flag.linked_entries()] == [
        (UUID(int=1), seq) for seq in range(1, 33)
    ]


def test_nothing_suspicious_opens_nothing(db: None) -> None:
    for number in range(12):
        play(UUID(int=number + 1), human_pauses(30, 60, number), address=f"192.0.2.{number}")
    assert (detection_round.detect().opened, Flag.objects.count()) == ([], 0)


def test_an_empty_log_is_looked_at_too(db: None) -> None:
    assert detection_round.detect() == detection_round.Round(0, [])


def test_what_lies_before_the_window_is_past(db: None) -> None:
    play(UUID(int=1), [4.0] * 40)
    assert detection_round.detect(window=timedelta(seconds=50)).players == 0
    assert Flag.objects.count() == 0


def test_players_of_one_address_are_flagged_together(db: None) -> None:
    for number in range(1, 21):
        play(UUID(int=number), [0.0], address="192.0.2.9" if number <= 5 else f"198.51.100.{number}")
    assert [flag.subject for flag in detection_round.detect().opened] == ["192.0.2.9"]
    flag = Flag.objects.get()
    assert (flag.rule, flag.player) == (Flag.Rule.SHARED_ADDRESS, None)
    assert flag.entries == [[str(UUID(int=number)), 1] for number in range(1, 6)]


def test_an_address_that_was_erased_accuses_nobody(db: None) -> None:
    for number in range(1, 21):
        play(UUID(int=number), [0.0], address="192.0.2.9" if number <= 5 else f"198.51.100.{number}")
    AuditEntry.objects.filter(player=UUID(int=1)).update(context=None)
    assert detection_round.detect().opened == []


def test_an_address_that_cannot_be_read_accuses_nobody(db: None) -> None:
    for number in range(1, 21):
        play(UUID(int=number), [0.0], address="unknown" if number <= 9 else f"198.51.100.{number}")
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
    Refusal.objects.create(minute=minute, reason="rate_limited", subject="unknown", count=9000)
    assert detection_round.detect().opened == []


def test_a_burst_of_refusals_is_flagged_by_player_or_address(db: None) -> None:
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=2)
    for subject, reason, count in (
        (str(UUID(int=1)), "receipt_invalid:signature", 20),
        ("192.0.2.9", "rate_limited", 200),
        (str(UUID(int=2)), "cooldown", 199),
        (OTHERS, "rate_limited", 5_000),
    ):
        Refusal.objects.create(minute=minute, reason=reason, subject=subject, count=count)
    play(UUID(int=1), [60.0] * 5, ago=timedelta(days=2))
    play(UUID(int=1), [60.0] * 2, seq=5)
    detection_round.detect()
    assert list(Flag.objects.order_by("subject").values_list("rule", "subject", "player", "entries")) == [
        ("refusals", str(UUID(int=1)), UUID(int=1), [[str(UUID(int=1)), 7], [str(UUID(int=1)), 6]]),
        ("refusals", "192.0.2.9", None, []),
    ]


def test_an_issuers_busiest_hour_is_flagged_with_its_receipts(db: None) -> None:
    hour = HOUR_US // SECOND_US
    play(UUID(int=1), [26.0 * hour, 0.0], issuer="quiz-backend")
    for number in range(2, 13):
        play(UUID(int=number), human_pauses(10, 0.2, number), issuer="quiz-backend", address=f"192.0.2.{number}")
    opened = {flag.rule: flag for flag in detection_round.detect().opened}
    flag = opened[Flag.Rule.ISSUER_VOLUME]
    assert (flag.subject, flag.player, len(flag.entries)) == ("quiz-backend", None, 50)


def test_a_round_asks_as_often_for_many_players_as_for_few(db: None) -> None:
    counts = []
    for begin, end in ((1, 20), (20, 200)):
        for number in range(begin, end):
            play(UUID(int=number), human_pauses(5, 60, number), address=f"192.0.2.{number % 3}")
        Flag.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            assert detection_round.detect().players == end - 1
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_a_dismissed_flag_stays_dismissed_until_newer_entries_are_as_suspicious(db: None) -> None:
    player = UUID(int=1)
    play(player, [4.0] * 40, ago=timedelta(days=1))
    detection_round.detect()
    flags.dismiss(flag=Flag.objects.get().pk, actor=REVIEWER, note="A kiosk.")
    assert detection_round.detect().opened == []
    Flag.objects.update(reviewed_at=datetime.now(UTC) - timedelta(hours=12))
    play(player, [4.0] * 20, seq=40, ago=timedelta(minutes=5))
    assert detection_round.detect().opened == []
    play(player, [4.0] * 20, seq=60)
    assert [entry[1] for entry in detection_round.detect().opened[0].entries] == list(range(41, 73))
    assert read_flags() == [
        ("regular-intervals", str(player), "dismissed"),
        ("regular-intervals", str(player), "open"),
    ]


def test_players_seen_in_the_review_of_an_address_do_not_open_it_again(db: None) -> None:
    for number in range(1, 31):
        play(UUID(int=number), [0.0], address="192.0.2.9" if number <= 5 else f"198.51.100.{number}")
    detection_round.detect()
    flags.dismiss(flag=Flag.objects.get().pk, actor=REVIEWER, note="A school.")
    for number in range(6, 10):
        play(UUID(int=number), [0.0], seq=1, address="192.0.2.9")
    assert detection_round.detect().opened == []
    play(UUID(int=10), [0.0], seq=1, address="192.0.2.9")
    assert [entry[0] for entry in detection_round.detect().opened[0].entries] == [
        str(UUID(int=n)) for n in range(6, 11)
    ]


def test_a_round_reads_no_review_that_binds_nothing_any_more(db: None) -> None:
    play(UUID(int=1), [4.0] * 40)
    detection_round.detect()
    flags.dismiss(flag=Flag.objects.get().pk, actor=REVIEWER, note="A kiosk.")
    with CaptureQueriesContext(connection) as queries:
        assert detection_round.detect(window=timedelta(hours=2)).opened == []
    asked = [query["sql"] for query in queries if 'FROM "scores_flag"' in query["sql"]]
    assert [sql.partition(" WHERE ")[2].count("state") for sql in asked] == [1, 1]
    assert [sql for sql in asked if '"entries"' in sql] == []
    # A review of what lies before the window says nothing about what lies in it.
    Flag.objects.update(reviewed_at=datetime.now(UTC) - timedelta(hours=4))
    assert [flag.rule for flag in detection_round.detect(window=timedelta(hours=2)).opened] == [
        Flag.Rule.REGULAR_INTERVALS
    ]


def test_players_seen_in_a_review_of_long_ago_stay_seen(db: None) -> None:
    for number in range(1, 31):
        play(UUID(int=number), [0.0], address="192.0.2.9" if number <= 5 else f"198.51.100.{number}")
    detection_round.detect()
    flags.dismiss(flag=Flag.objects.get().pk, actor=REVIEWER, note="A school.")
    Flag.objects.update(reviewed_at=datetime.now(UTC) - timedelta(days=400))
    assert detection_round.detect().opened == []


def test_a_real_players_honest_acts_are_left_alone(db: None) -> None:
    score: Score = make_player()
    play(score.pk, human_pauses(100, 60, 3))
    state = read_state()
    assert detection_round.detect().opened == []
    assert read_state() == state
