"""Whoever watches sees how far a command is; a log file gets a line now and then, or none."""

import io
import sys
import time

import pytest
from django.core.management.base import BaseCommand

from scores.management.progress import Progress


@pytest.mark.parametrize(
    ("is_watched", "seconds", "options", "text"),
    [
        (True, 2, {}, "\r\x1b[K4 entries\r\x1b[K"),
        (True, 0.5, {}, "\r\x1b[K"),
        (True, 2, {"total": 6}, "\r\x1b[K4 of about 6 entries, 2 a second\r\x1b[K"),
        (False, 2000, {}, ""),
        (False, 9, {"unwatched_seconds": 10}, ""),
        (False, 20, {"unwatched_seconds": 10, "counted": "players"}, "4 players\n"),
    ],
)
def test_who_watches_sees_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, is_watched: bool, seconds: float, options: dict, text: str
) -> None:
    now = 100.0
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_watched)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    stream = io.StringIO()
    progress = Progress(BaseCommand(stderr=stream, no_color=True), **options)
    progress(1)
    now += seconds
    progress(3)
    progress(1)
    progress.clear()
    assert (stream.getvalue(), progress.entries, progress.seconds) == (text, 5, seconds)
