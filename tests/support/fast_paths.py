"""A request asked of a fast path and of the view behind it, and all that becomes of it."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

import pytest
from asgiref.sync import async_to_sync
from django.core.wsgi import get_wsgi_application
from prometheus_client import REGISTRY

from audit.models import AuditEntry, Refusal
from audit.refusals import flush_refusals
from scoreboard_project.server.fast_path import PASS_TO_VIEW, FastPath, Response
from scoreboard_project.server.wsgi_bridge import Bridge, build_environ
from scores.models import Score

QUIZ = {"action": "daily-quiz"}
COUNTED = (
    "scoreboard_updates",
    "scoreboard_refusals",
    "scoreboard_chain",
    "scoreboard_request",
    "scoreboard_fast_path",
)
#: What a request of its own has anyway: a key's seal, times and pauses that go on, and the window of a limit.
OWN = [
    (r"[0-9a-f]{64}", "SEAL"),
    (r"20\d\d-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r";t=\d+", ";t=N"),
    (r"'retry-after', '\d+'", "PAUSE"),
]


class Row(NamedTuple):
    """A request beside the usual one: what else is sent and set, what happened before, and who answers it with which status."""

    status: int
    by: str = "fast path"
    headers: dict[str, str] = {}
    body: Any = QUIZ
    query: str = ""
    settings: dict[str, Any] = {}
    earlier: list[Any] = []
    happens: Callable[[Score], object] = id


class Outcome(NamedTuple):
    """All that became of a request."""

    status: int
    headers: str
    body: str
    log: str
    metrics: Mapping[str, float]
    refusals: str
    entries: list[str]


class Site:
    """One process's fast path and Django behind it, each of which can be asked."""

    def __init__(self, fast_path: FastPath, caplog: pytest.LogCaptureFixture) -> None:
        self.fast_path = fast_path
        self.caplog = caplog
        self._bridge = Bridge(get_wsgi_application())
        self._answer: Callable[[WSGIEnvironment], Any] = async_to_sync(fast_path.answer)

    def ask_view(self, environ: WSGIEnvironment) -> Response:
        return self._bridge._handle(environ)

    def ask_fast_path(self, environ: WSGIEnvironment, by: list[str]) -> Response:
        answer = self._answer(environ)
        by.append("view" if answer is PASS_TO_VIEW else "fast path")
        return self.ask_view(environ) if answer is PASS_TO_VIEW else answer

    def build(self, row: Row, headers: dict[str, str], body: Any = None) -> WSGIEnvironment:
        sent = {"Host": "localhost", "X-Request-ID": "mine-1", "User-Agent": "quiz/1"} | headers | row.headers
        scope = {
            "http_version": "1.1",
            "method": self.fast_path.method,
            "path": self.fast_path.path,
            "query_string": row.query.encode(),
            "scheme": "http",
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items() if value],
            "client": ("192.0.2.7", 4711),
        }
        text = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return build_environ(scope, text)

    def watch(self, ask: Callable[[], Response], player: Score | None = None) -> Outcome:
        """What comes of it, without what is the player's own."""
        self.caplog.clear()
        before = count_all()
        body, start = ask()
        entries = AuditEntry.objects.filter(player__in=[player.pk] if player else []).order_by("seq")
        flush_refusals()
        refusals = list(Refusal.objects.values_list("reason", "subject", "count"))
        Refusal.objects.all().delete()
        headers = sorted((name.decode(), value.decode()) for name, value in start["headers"])
        log = "\n".join(line.partition(" ")[2] for line in self.caplog.text.splitlines())
        kept = [
            (
                entry.kind,
                entry.action,
                entry.seq,
                entry.delta,
                entry.balance,
                entry.value,
                sorted(public(entry.context or {})),
            )
            for entry in entries
        ]

        def blur(value: object) -> str:
            text = str(value)
            if player is not None:
                text = text.replace(str(player.pk), "PLAYER").replace(f'"{player.name}"', '"NAME"')
            for pattern, name in OWN:
                text = re.sub(pattern, name, text)
            return text

        metrics = {name: value - before[name] for name, value in count_all().items() if value != before[name]}
        return Outcome(
            start["status"], blur(headers), blur(body.decode()), blur(log), metrics, blur(refusals), [*map(blur, kept)]
        )


def public(context: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value if name in {"address", "agent", "request"} else "") for name, value in context.items())


def count_all() -> Counter[str]:
    """Every series that counts requests."""
    return Counter(
        {
            f"{sample.name}{sample.labels}": sample.value
            for metric in REGISTRY.collect()
            if metric.name.startswith(COUNTED)
            for sample in metric.samples
            if sample.name.endswith(("_total", "_count"))
        }
    )


def compare(row: Row, outcomes: list[Outcome], by: list[str]) -> dict[str, object]:
    """What differs, of what is expected too; nothing where all is well."""
    by_view, in_front = outcomes
    differing: dict[str, object] = {
        name: (said, expected)
        for name, said, expected in zip(Outcome._fields, in_front, by_view, strict=True)
        if said != expected
    }
    if (by, in_front.status) != ([row.by], row.status):
        differing["expected"] = (by, in_front.status, in_front.body)
    if row.status >= 400 and len(in_front.entries) not in {0, len(row.earlier)}:
        differing["written"] = in_front.entries
    if "Traceback" in by_view.log + in_front.log:
        differing["traceback"] = in_front.log
    return differing
