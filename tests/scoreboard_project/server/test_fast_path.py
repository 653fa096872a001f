"""What answers in front of Django says, counts, logs and keeps exactly what its view does, over a table of requests good and bad.

Whoever gives a view another class, or changes what it answers, finds here that its fast path has to follow.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import override_settings
from prometheus_client import REGISTRY
from pytest_django import Settings
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from audit.models import AuditEntry, Refusal
from audit.refusals import flush_refusals
from scoreboard_project.server.fast_path import PASS_TO_VIEW, FastPath, Response
from scoreboard_project.server.fast_top import TopFastPath
from scoreboard_project.server.fast_update import UpdateFastPath
from scoreboard_project.server.wsgi_bridge import Bridge, build_environ
from scores.api.authentication import BearerAuthentication
from scores.api.parsing import OnlyJSON, StrictJSONParser
from scores.api.views import TopView, UpdateView
from scores.http.limits import PlayerLimit
from scores.http.logs import TextFormatter
from scores.models import Action, Score
from tests.support.acting import access_token, make_player, make_receipt

TOP = "/api/score/top"
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


def test_the_views_ask_for_nothing_that_their_fast_paths_forget() -> None:
    common = {
        "permission_classes": [],
        "parser_classes": [StrictJSONParser],
        "renderer_classes": [JSONRenderer],
        "content_negotiation_class": OnlyJSON,
        "versioning_class": None,
    }
    asked: list[tuple[type[APIView], dict[str, Any]]] = [
        (UpdateView, {"authentication_classes": (BearerAuthentication,), "throttle_classes": (PlayerLimit,)}),
        (TopView, {"authentication_classes": [], "throttle_classes": ()}),
    ]
    for view, own in asked:
        for name, value in (common | own).items():
            assert getattr(view, name) == value, f"{view.__name__}.{name}: its fast path has to ask for the same"


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
            (entry.kind, entry.action, entry.seq, entry.delta, entry.balance, sorted(public(entry.context or {})))
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


@pytest.fixture
def site(
    request: pytest.FixtureRequest, transactional_db: None, caplog: pytest.LogCaptureFixture, settings: Settings
) -> Iterator[Site]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # no server is asked
    caplog.set_level(logging.INFO)
    caplog.handler.setFormatter(TextFormatter())
    catalogue: dict[str, dict[str, Any]] = {
        "daily-quiz": {},
        "other": {},
        "proved": {"receipt_required": True},
        "rare": {"cooldown_seconds": 80_000},
        "once": {"daily_cap": 1},
        "gone": {"enabled": False},
    }
    for slug, terms in catalogue.items():
        Action.objects.create(slug=slug, label=slug, points=10, **terms)
    fast_path = request.param()
    yield Site(fast_path, caplog)
    fast_path._batcher._thread.submit(connections.close_all).result()


def act(name: str) -> dict[str, str]:
    return {"action": name}


def prove(**claims: Any) -> Callable[[Score], dict[str, str]]:
    return lambda player: {"receipt": make_receipt(player, **claims)}


def deactivate(player: Score) -> None:
    player.user.is_active = False
    player.user.save()


def change_password(player: Score) -> None:
    player.user.set_password("another long enough password")
    player.user.save()


def freeze(player: Score) -> None:
    Score.objects.filter(pk=player.pk).update(frozen=True)


KEY, TYPE = "Idempotency-Key", "Content-Type"
UPDATES: dict[str, Row] = {
    "an act": Row(200),
    "an act with a quoted key": Row(200, headers={KEY: '"key"'}),
    "an act in a spelled-out charset": Row(200, headers={TYPE: "application/json; charset=utf-8"}),
    "an act in a charset spelled otherwise": Row(200, "view", headers={TYPE: 'application/json; charset="UTF-8"'}),
    "an act with a query": Row(200, "view", query="by=view"),
    "an act without a limit": Row(200, settings={"SCORE_UPDATE_RATE": None}),
    "an act with an insane id": Row(200, headers={"User-Agent": "\tquiz/1"}),
    "a receipt": Row(200, headers={KEY: ""}, body=prove()),
    "an act again": Row(200, earlier=[QUIZ]),
    "an act again by one who is frozen": Row(200, earlier=[QUIZ], happens=freeze),
    "no token": Row(401, "view", headers={"Authorization": ""}),
    "another scheme": Row(401, "view", headers={"Authorization": "Basic YTpi"}),
    "a broken token": Row(401, "view", headers={"Authorization": "Bearer a.b.c"}),
    "a deactivated player": Row(401, happens=deactivate),
    "a token older than the password": Row(401, happens=change_password),
    "no key": Row(400, "view", headers={KEY: ""}),
    "a key with a space": Row(400, "view", headers={KEY: "a b"}),
    "a key of another act": Row(422, earlier=[act("other")]),
    "another type": Row(415, "view", headers={TYPE: "text/plain"}),
    "no type": Row(415, "view", headers={TYPE: ""}),
    "another charset": Row(415, "view", headers={TYPE: "application/json; charset=latin-1"}),
    "a field too many": Row(400, "view", body=QUIZ | {"points": 5}),
    "both": Row(400, "view", body=QUIZ | {"receipt": "x"}),
    "none": Row(400, "view", body={}),
    "a list": Row(400, "view", body=["daily-quiz"]),
    "a number": Row(400, "view", body={"action": 5}),
    "an empty action": Row(400, "view", body=act("")),
    "no slug": Row(404, "view", body=act("daily quiz")),
    "a slug with a null": Row(400, "view", body=act("daily\x00quiz")),
    "a field twice": Row(400, "view", body=b'{"action":"daily-quiz","action":"daily-quiz"}'),
    "half a body": Row(400, "view", body=b'{"action":"daily-quiz"'),
    "no body": Row(400, "view", body=b""),
    "a byte order mark": Row(400, "view", body="\ufeff{}".encode()),
    "no UTF-8": Row(400, "view", body=b'{"action":"\xff"}'),
    "an unknown action": Row(404, body=act("unknown")),
    "a disabled action": Row(404, body=act("gone")),
    "an action that wants proof": Row(422, body=act("proved")),
    "a frozen player": Row(403, happens=freeze),
    "an act in its cooldown": Row(429, headers={KEY: "second"}, body=act("rare"), earlier=[act("rare")]),
    "an act above its cap": Row(429, headers={KEY: "second"}, body=act("once"), earlier=[act("once")]),
    "a limit that is reached": Row(429, headers={KEY: "second"}, earlier=[QUIZ], settings={"SCORE_UPDATE_RATE": "1/d"}),
    "a body that is wrong above the limit": Row(429, "view", body={}, earlier=[QUIZ], settings={"SCORE_UPDATE_RATE": "1/d"}),
    "a receipt that is none": Row(422, "view", headers={KEY: ""}, body={"receipt": "a.b.c"}),
    "a receipt that is too long": Row(400, "view", headers={KEY: ""}, body={"receipt": "x" * 5000}),
    "a receipt of somebody else": Row(
        403, headers={KEY: ""}, body=prove(sub="00000000-0000-4000-8000-000000000000")
    ),
    "a receipt above what its issuer may give": Row(422, headers={KEY: ""}, body=prove(pts=101)),
    "a stranger's host": Row(400, "view", headers={"Host": "stranger.example"}),
    "a proxy's client": Row(200, headers={"X-Forwarded-For": "203.0.113.5"}, settings={"TRUSTED_PROXIES": 1}),
}  # fmt: skip


@pytest.mark.postgresql
@pytest.mark.parametrize("site", [UpdateFastPath], indirect=True)
def test_updates_are_answered_as_by_their_view(site: Site) -> None:
    plain = Row(200)
    first = site.build(plain, usual(make_player("First")), QUIZ)
    site.fast_path.learn(first, site.ask_view(first)[1])
    wrong = {}
    for number, (name, row) in enumerate(UPDATES.items()):
        outcomes, by = list[Outcome](), list[str]()
        for kind in ("slow", "fast"):
            player = make_player(f"{kind} {number}")
            with override_settings(**{"SCORE_UPDATE_RATE": "60/d"} | row.settings):
                for earlier in row.earlier:
                    assert site.ask_view(site.build(plain, usual(player), earlier))[1]["status"] == 200
                headers = usual(player)
                row.happens(player)
                body = row.body(player) if callable(row.body) else row.body
                environ = site.build(row, headers, body)
                ask = site.ask_view if kind == "slow" else partial(site.ask_fast_path, by=by)
                outcomes.append(site.watch(partial(ask, environ), player))
        if differing := compare(row, outcomes, by):
            wrong[name] = differing
    assert not wrong, json.dumps(wrong, indent=1)


def usual(player: Score) -> dict[str, str]:
    return {TYPE: "application/json", "Authorization": f"Bearer {access_token(player)}", KEY: "key"}


ENTITY = "If-None-Match"
TOPS: dict[str, Row] = {
    "a look": Row(200),
    "with another tag": Row(200, headers={ENTITY: '"other"'}),
    "whatever there is": Row(304, headers={ENTITY: "*"}),
    "with its tag": Row(304, headers={ENTITY: "{tag}"}),
    "with its tag, weakly": Row(304, headers={ENTITY: "W/{tag}"}),
    "with its tag among others": Row(304, headers={ENTITY: '"other", {tag}'}),
    "without a limit": Row(200, settings={"READ_RATE": None}),
    "with a token, which is nothing to it": Row(200, headers={"Authorization": "Bearer a.b.c"}),
    "with a cookie that no page would take": Row(200, headers={"Cookie": r'theme="\000"'}),
    "with a query": Row(200, "view", query="by=view"),
    "with a body": Row(200, "view", body=b"{}"),
    "a limit that is reached": Row(429, earlier=[{}], settings={"READ_RATE": "1/d"}),
    "a limit of nothing new that is reached": Row(
        429, headers={ENTITY: "*"}, earlier=[{ENTITY: "*"}] * 10, settings={"READ_RATE": "1/d"}
    ),
    "nothing new above the limit of reads": Row(304, headers={ENTITY: "*"}, earlier=[{}], settings={"READ_RATE": "1/d"}),
    "a stranger's host": Row(400, "view", headers={"Host": "stranger.example"}),
    "a proxy's client": Row(200, headers={"X-Forwarded-For": "203.0.113.5"}, settings={"TRUSTED_PROXIES": 1}),
}  # fmt: skip


@pytest.mark.parametrize("site", [TopFastPath], indirect=True)
def test_looks_at_the_board_are_answered_as_by_their_view(site: Site, board: dict[str, Score]) -> None:
    first = site.build(Row(200), {})
    _, start = site.ask_view(first)
    site.fast_path.learn(first, start)
    tag = dict(start["headers"])[b"etag"].decode()
    wrong = {}
    for name, row in TOPS.items():
        sent = row._replace(headers={header: value.replace("{tag}", tag) for header, value in row.headers.items()})
        outcomes, by = list[Outcome](), list[str]()
        for kind in ("slow", "fast"):
            caches["limits"].clear()
            with override_settings(**{"READ_RATE": "60/d"} | row.settings):
                for earlier in row.earlier:
                    site.ask_view(site.build(Row(200), earlier))
                environ = site.build(sent, {}, row.body if row.body is not QUIZ else None)
                ask = site.ask_view if kind == "slow" else partial(site.ask_fast_path, by=by)
                outcomes.append(site.watch(partial(ask, environ)))
        if differing := compare(row, outcomes, by):
            wrong[name] = differing
    assert not wrong, json.dumps(wrong, indent=1)


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
