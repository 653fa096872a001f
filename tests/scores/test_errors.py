"""Every refusal has a code that clients decide by, and says enough to whoever gets it."""

import re

import pytest

from scores.errors import Cooldown, InvalidBody, Refused, Unavailable, describe_pause


def list_refusals(kind: type[Refused] = Refused) -> list[type[Refused]]:
    return [each for child in kind.__subclasses__() for each in (child, *list_refusals(child))]


def test_a_code_is_one_that_a_client_can_decide_by_and_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for each in list_refusals():
        assert re.fullmatch("[a-z_]+", each.code)
        statuses.setdefault(each.code, set()).add(each.status)
    assert [code for code, own in statuses.items() if len(own) > 1] == []
    assert Refused.code not in statuses
    assert {status // 100 for own in statuses.values() for status in own} == {4, 5}


@pytest.mark.parametrize("refusal", list_refusals())
def test_each_says_something_of_its_own(refusal: type[Refused]) -> None:
    assert refusal.title != Refused.title
    assert refusal.detail.endswith(".")


def test_what_investigators_are_told_a_player_is_not() -> None:
    refusal = Unavailable(reason="chain_broken", explanation="Entry 3 was changed.", retry_after=60)
    assert (str(refusal), refusal.explanation) == (Unavailable.detail, "Entry 3 was changed.")
    assert (refusal.reason, refusal.retry_after, refusal.errors) == ("chain_broken", 60, [])


def test_without_words_of_its_own_it_says_what_its_kind_does() -> None:
    assert (str(Cooldown()), Cooldown().explanation) == (Cooldown.detail, Cooldown.detail)
    assert str(InvalidBody("Send an object.")) == "Send an object."
    assert InvalidBody.detail == "The body is not what this route takes."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 second"), (42, "42 seconds"), (119, "119 seconds"), (120, "2 minutes"), (121, "3 minutes"),
        (7199, "120 minutes"), (7200, "2 hours"), (7201, "3 hours"), (86_400, "24 hours"),
    ],
)  # fmt: skip
def test_a_pause_is_told_as_people_count_and_never_too_short(seconds: int, said: str) -> None:
    assert describe_pause(seconds) == f"Try again in {said}."
