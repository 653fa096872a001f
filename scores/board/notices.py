"""What is said in public of corrections: which kind, how many and when; never of whom, by whom or why (docs/contract.md 17.8)."""

import time
from typing import TypedDict

from django.core.cache import cache
from django.db.models import Count, F

from audit.models import AuditEntry
from audit.times import DAY_US, SECOND_US, format_time, to_moment
from scores.board.documents import MOVING_SECONDS, Document, write_document

#: What changes points or hides a place. A rename or an erasure is the player's own affair.
KINDS = (
    AuditEntry.Kind.VOID,
    AuditEntry.Kind.RESTORE,
    AuditEntry.Kind.ADJUST,
    AuditEntry.Kind.FREEZE,
    AuditEntry.Kind.UNFREEZE,
)
LATELY_US = DAY_US
MINUTE_US = 60 * SECOND_US
MAXIMUM_NOTICES = 10


class Notice(TypedDict):
    """So many corrections of a kind within the minute that begins then."""

    kind: str
    count: int
    at: str


class Notices(TypedDict):
    """The newest first."""

    corrections: list[Notice]


def read_notices() -> Notices:
    """Read the notices of the last 24 hours: one query a second of each process, however many ask. Raises what the database raises."""
    return cache.get_or_set("corrections", _read, MOVING_SECONDS) or Notices(corrections=[])


def write_notices() -> Document:
    """Write them as the API answers them."""
    return write_document(read_notices())


def _read() -> Notices:
    # By this process's clock: the edge of a day judges nothing, and the log's would keep the index from being used.
    since_us = time.time_ns() // 1000 - LATELY_US
    entries = AuditEntry.objects.filter(kind__in=KINDS, at_us__gt=since_us)
    counted = (
        entries.annotate(minute_us=F("at_us") - F("at_us") % MINUTE_US)
        .values_list("minute_us", "kind")
        .annotate(count=Count("pk"))
        .order_by("-minute_us", "kind")[:MAXIMUM_NOTICES]
    )
    return {
        "corrections": [
            {"kind": kind, "count": count, "at": format_time(to_moment(minute_us))}
            for minute_us, kind, count in counted
        ]
    }
