"""Makes periods: a day ahead by the sealer, else by the first who writes in one. No job decides what counts."""

from django.db import transaction

from audit import clock
from audit.times import DAY_US
from scores.board_models import MAIN_BOARD, Board, Period
from scores.counting import plans, spans
from scores.counting.spans import Bounds
from scores.system_chain import append_system_entry

#: Prefix of `action` where a period was made or changed; the board's slug follows.
PERIOD = "period:"
SYSTEM = "system"


def ensure_periods(at_us: int) -> None:
    """Make the period of this time for each enabled board that has none: one of its calendar, or none between seasons.

    Raises Unavailable when the system chain cannot be trusted.
    """
    with transaction.atomic():
        plans.lock_boards()
        calendars = Board.objects.filter(enabled=True).exclude(pk=MAIN_BOARD).exclude(span=Board.Span.SEASON)
        made = [ensure_period(board, at_us) for board in calendars.order_by("pk")]
        if any(made):
            plans.raise_version()
        else:
            plans.forget_plans()


def make_ahead() -> None:
    """Make the periods of now and of this time tomorrow. Raises what `ensure_periods` raises."""
    now_us = clock.read_us()
    for at_us in (now_us, now_us + DAY_US):
        plan = plans.read_plans()
        try:
            for board in plan.boards:
                board.locate(at_us)
        except plans.PeriodMissing:
            ensure_periods(at_us)


def ensure_period(board: Board, at_us: int) -> bool:
    """Make the period of this time where there is none; True when it was made. The caller holds `plans.lock_boards`."""
    periods = Period.objects.filter(board=board)
    before = periods.filter(starts_us__lte=at_us).order_by("-starts_us").first()
    if before is not None and before.covers(at_us):
        return False
    after = periods.filter(starts_us__gt=at_us).order_by("starts_us").first()
    bounds = _fit(board, at_us, before, after)
    write_period(Period(board=board, name=bounds.name, starts_us=bounds.starts_us, ends_us=bounds.ends_us))
    return True


def write_period(period: Period, *, actor: str = SYSTEM, reason: str = "") -> None:
    """Write a period as it is now, and its entry of the system chain. The caller holds `plans.lock_boards` and raises the version."""
    context = {
        "after": describe_period(period),
        "tzdata": spans.tzdata_version(),
        **({"reason": reason} if reason else {}),
    }
    period.change = append_system_entry(action=f"{PERIOD}{period.board.slug}", actor=actor, context=context).seq
    period.save()


def describe_period(period: Period) -> str:
    """Write a period as the log keeps it, times in microseconds since 1970."""
    return f"name={period.name} starts_us={period.starts_us} ends_us={period.ends_us}"


def _fit(board: Board, at_us: int, before: Period | None, after: Period | None) -> Bounds:
    """The calendar's period of this time, between those that there are: a changed law of a zone makes neither gap nor overlap."""
    span, zone = board.span, board.zone
    bounds = spans.period_at(span, zone, at_us)
    if before is not None and before.name == bounds.name:
        bounds = spans.next_period(span, zone, before.name)
    starts_us, ends_us = bounds.starts_us, bounds.ends_us
    if before is not None and before.ends_us is not None:
        is_adjacent = spans.next_period(span, zone, before.name).name == bounds.name
        starts_us = before.ends_us if is_adjacent else max(starts_us, before.ends_us)
    if after is not None and ends_us is not None:
        is_adjacent = spans.next_period(span, zone, bounds.name).name == after.name
        ends_us = after.starts_us if is_adjacent else min(ends_us, after.starts_us)
    return Bounds(bounds.name, starts_us, ends_us)
