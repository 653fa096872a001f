"""A token speaks for a player as long as the account may be used and the password is the one it was issued under."""

from uuid import uuid4

import pytest

from scores.callers import Caller, check_caller, password_stamp
from scores.errors import TokenInvalid
from scores.models import Score
from tests.support.awards import caller_of


def test_who_signed_in_with_this_password_is_let_in(player: Score) -> None:
    check_caller(player, caller_of(player))


def test_a_new_password_ends_it(player: Score) -> None:
    caller = caller_of(player)
    player.user.set_password("another long enough password")
    with pytest.raises(TokenInvalid) as refusal:
        check_caller(player, caller)
    assert refusal.value.reason == "password_changed"
    check_caller(player, caller_of(player))


def test_a_token_of_elsewhere_knows_no_password_but_the_account_must_be_active(player: Score) -> None:
    caller = Caller(player.pk, "t-1", password_stamp=None, external_name="Ada")
    check_caller(player, caller)
    player.user.is_active = False
    with pytest.raises(TokenInvalid) as refusal:
        check_caller(player, caller)
    assert refusal.value.reason == "inactive"


def test_the_stamp_tells_nothing_of_the_password(player: Score) -> None:
    stamp = password_stamp(player.password)
    assert len(stamp) == 32
    assert stamp not in player.user.password


def test_without_its_name_it_is_the_same_caller() -> None:
    caller = Caller(uuid4(), "t-1", password_stamp=None, external_name="Ada", named_us=5)
    assert caller.without_name() == Caller(caller.player, "t-1", password_stamp=None, named_us=5)
