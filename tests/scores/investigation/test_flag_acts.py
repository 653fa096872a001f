"""Which acts a flag is about: all its rule describes, not the sample it lists, and what came since."""

from datetime import timedelta
from uuid import UUID

from audit.models import AuditEntry
from audit.times import to_us
from scores.investigation import corrections, detection_round
from scores.investigation.flag_acts import Voidable, read_acts, read_since, weigh
from scores.investigation.runs import Run
from scores.models import Flag, Score
from tests.support.histories import play
from tests.support.tampering import tampering

CHEAT = UUID(int=1)


def count_later(flag: Flag) -> Voidable:
    return weigh(read_since(read_acts(flag)), after_us=to_us(flag.opened_at))


def test_a_flag_of_many_acts_lists_a_sample_and_is_about_all(db: None) -> None:
    play(CHEAT, [4.0] * 64)
    detection_round.detect()
    flag = Flag.objects.get()
    assert len(flag.entries) == 32
    assert read_acts(flag) == [Run(CHEAT, 1, 64)]
    assert weigh(read_acts(flag)) == Voidable(64, 640, is_cut=False)


def test_what_came_after_it_was_opened_is_counted_and_taken_with_everything_since(db: None) -> None:
    play(CHEAT, [4.0] * 40, seq=10)
    detection_round.detect()
    flag = Flag.objects.get()
    assert (read_since(read_acts(flag)), count_later(flag)) == (
        [Run(CHEAT, 11, None)],
        Voidable(0, 0, is_cut=False),
    )
    play(CHEAT, [60.0] * 3, seq=50, ago=timedelta(seconds=-300))
    assert count_later(flag) == Voidable(3, 30, is_cut=False)
    assert weigh(read_since(read_acts(flag))) == Voidable(43, 430, is_cut=False)


def test_a_flag_of_before_acts_were_kept_is_about_what_it_rests_on(db: None) -> None:
    play(CHEAT, [4.0] * 40)
    detection_round.detect()
    flag = Flag.objects.get()
    flag.acts = []
    assert read_acts(flag) == [Run(CHEAT, 1, 32)]


def test_a_shared_address_is_about_all_that_its_players_did_there_with_that_agent(db: None) -> None:
    for number in range(1, 21):
        play(UUID(int=number), [0.0] * 3, address="192.0.2.9" if number <= 5 else f"198.51.100.{number}")
    play(UUID(int=1), [0.0], seq=3, address="198.51.100.99")
    detection_round.detect()
    flag = Flag.objects.get(rule=Flag.Rule.SHARED_ADDRESS)
    assert read_acts(flag) == [Run(UUID(int=number), 1, 3) for number in range(1, 6)]
    play(UUID(int=2), [0.0], seq=3, address="192.0.2.9")
    with tampering():
        third = AuditEntry.objects.filter(player=UUID(int=3), seq=2)
        third.update(context={"address": "192.0.2.9", "agent": "another"})
        assert read_acts(flag) == [
            Run(UUID(int=1), 1, 3),
            Run(UUID(int=2), 1, 4),
            Run(UUID(int=3), 1, 1),
            Run(UUID(int=3), 3, 3),
            Run(UUID(int=4), 1, 3),
            Run(UUID(int=5), 1, 3),
        ]


def test_an_issuer_is_about_all_receipts_of_its_hour(db: None) -> None:
    play(UUID(int=1), [0.0], issuer="quiz-backend", ago=timedelta(hours=30))
    play(UUID(int=2), [0.1] * 150, issuer="quiz-backend", ago=timedelta(seconds=1))
    flags = {flag.rule: flag for flag in detection_round.detect().opened}
    flag = flags[Flag.Rule.ISSUER_VOLUME]
    assert (len(flag.entries), sum(run.size for run in read_acts(flag))) == (50, 150)


def test_what_was_reversed_or_never_gained_is_not_counted(board: dict[str, Score]) -> None:
    ada = board["Ada"].pk
    corrections.void(player=ada, seq=2, reason="seen", actor="system")
    corrections.freeze(player=ada, reason="seen", actor="system")
    assert weigh([Run(ada, 1, None)]) == Voidable(2, 20, is_cut=False)
