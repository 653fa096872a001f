"""Commands that go on: a fault ends the first round, is told in the later ones, and a stop lets a round end."""

import io
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.management.repeating import RepeatingCommand


class Refused(Exception):
    """What a round may end with."""


class Rounds(RepeatingCommand):
    """Does what it is told, round by round; the last one asks it to stop, as an operator does."""

    fatal_faults = (Refused,)
    passing_faults = (Refused,)

    def __init__(self, *outcomes: Exception | None) -> None:
        super().__init__(stdout=io.StringIO(), stderr=io.StringIO(), no_color=True)
        self.outcomes = list(outcomes)

    def run_round(self, **options: Any) -> None:
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            signal.raise_signal(signal.SIGTERM)
        if outcome is not None:
            raise outcome
        self.stdout.write("a round")


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def said(command: Rounds) -> tuple[str, str]:
    return command.stdout.getvalue(), command.stderr.getvalue()


@pytest.mark.django_db
def test_it_goes_on_over_a_fault_until_it_is_stopped() -> None:
    command = Rounds(None, Refused("the first\nof them"), None)
    call_command(command, every=0.001)
    assert said(command) == ("a round\na round\n", "the first of them\n")


def test_a_first_round_that_is_refused_ends_it_with_the_sentence() -> None:
    command = Rounds(Refused("nothing can be done"), None)
    with pytest.raises(CommandError, match=r"^nothing can be done$"):
        call_command(command, every=0.001)
    assert len(command.outcomes) == 1


@pytest.mark.django_db
def test_a_fault_of_ours_ends_it_in_any_round() -> None:
    command = Rounds(None, ZeroDivisionError("ours"), None)
    with pytest.raises(ZeroDivisionError):
        call_command(command, every=0.001)


def test_without_an_interval_there_is_one_round() -> None:
    command = Rounds(None, None)
    call_command(command)
    assert (said(command), len(command.outcomes)) == (("a round\n", ""), 1)


@pytest.mark.parametrize("every", [0, -1, float("inf"), float("nan")])
def test_an_interval_that_is_none_is_refused(every: float) -> None:
    with pytest.raises(CommandError, match=r"^--every must be more than 0 seconds\.$"):
        call_command(Rounds(None), every=every)
