"""The log's one clock: the same for whoever reads it, alone or within a statement."""

import time

import pytest
from django.contrib.auth.models import User

from audit.clock import ClockUs, read_us

pytestmark = pytest.mark.django_db


def test_it_tells_the_present_in_microseconds_and_goes_on() -> None:
    first, second = read_us(), read_us()
    assert abs(first - time.time_ns() // 1000) < 5_000_000
    assert first <= second < first + 5_000_000


def test_a_statement_that_reads_more_reads_the_same_clock() -> None:
    User.objects.create_user("ada")
    before = read_us()
    within = User.objects.annotate(now_us=ClockUs()).get().now_us
    assert before <= within <= read_us()


def test_it_goes_on_within_one_transaction() -> None:
    """As the time that PostgreSQL calls `now()` would not."""
    first = read_us()
    time.sleep(0.01)
    assert read_us() - first >= 10_000
