"""Periods in the reader's words: what one is called, and what is said where nobody stands in it."""

from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from audit.times import EPOCH, to_moment
from scores.board.lookup import CLOSED, PeriodView
from scores.counting.spans import load_zone
from scores.models import Board


def describe_period(span: str, name: str) -> str:
    """Describe a period by its span and name, as 27 November 2026; seasons have names of their own."""
    if span == Board.Span.ALL:
        return _("All time")
    if span == Board.Span.DAY:
        return date_format(date.fromisoformat(name), _("F j, Y"))
    if span == Board.Span.WEEK:
        year, week = name.split("-W")
        return _("Week %(week)s, %(year)s") % {"week": int(week), "year": year}
    if span == Board.Span.MONTH:
        return date_format(date.fromisoformat(f"{name}-01"), _("F Y"))
    return name


def describe_moment(zone: str, at_us: int) -> str:
    """Describe a moment, in microseconds since 1970, as clocks of the zone show it."""
    # Of no zone itself: Django would turn it into the site's.
    return date_format(to_moment(at_us).astimezone(load_zone(zone)).replace(tzinfo=None), _("F j, Y, g:i A"))


def describe_table(*, ascending: bool) -> str:
    """Say whose rows the table of a board has."""
    return _("The players with the fewest points.") if ascending else _("The players with the most points.")


def describe_order() -> str:
    """Say which way a board goes whose smallest comes first."""
    return _("The fewest points come first.")


def describe_emptiness(span: str, period: PeriodView) -> str:
    """Say that nobody stands in a period, in the words of its span."""
    if period.starts_us > period.at_us:
        return _("This has not begun yet.")
    if period.state == CLOSED:
        return _("Nobody took part.")
    return {
        "day": _("Nobody yet today."),
        "week": _("Nobody yet this week."),
        "month": _("Nobody yet this month."),
        "year": _("Nobody yet this year."),
        "season": _("Nobody yet this season."),
    }.get(span, _("Nobody has points yet."))


def describe_duration(seconds: int) -> str:
    """Describe a stretch of time: in seconds up to two minutes, in larger units from there on, rounded up to a minute."""
    if seconds == 1:
        return _("1 second")
    if seconds < 120:
        return _("{count} seconds").format(count=seconds)
    return timesince(EPOCH, EPOCH + timedelta(minutes=-(-seconds // 60)))
