"""Every refusal has a code that clients decide by, and says enough to whoever gets it."""

import pytest

from scores import errors
from scores.errors import Cooldown, InvalidBody, Refused, Unavailable


def list_refusals(kind: type[Refused] = Refused) -> list[type[Refused]]:
    return [each for child in kind.__subclasses__() for each in (child, *list_refusals(child))]


def test_codes_and_statuses_are_those_of_the_contract() -> None:
    assert sorted({(each.status, each.code) for each in list_refusals() if each.__module__ == errors.__name__}) == [
        (400, "idempotency_key_required"),
        (400, "invalid_body"),
        (400, "invalid_idempotency_key"),
        (400, "invalid_name"),
        (401, "login_failed"),
        (401, "not_authenticated"),
        (401, "token_invalid"),
        (403, "player_frozen"),
        (403, "receipt_subject"),
        (404, "unknown_action"),
        (408, "request_timeout"),
        (409, "receipt_used"),
        (413, "payload_too_large"),
        (422, "balance_out_of_range"),
        (422, "correction_refused"),
        (422, "idempotency_conflict"),
        (422, "receipt_invalid"),
        (422, "receipt_required"),
        (429, "cooldown"),
        (429, "daily_cap"),
        (429, "rate_limited"),
        (503, "outcome_unknown"),
        (503, "unavailable"),
    ]


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
