"""What answers in front of Django says, counts, logs and keeps exactly what its view does, over a table of requests good and bad.

Whoever gives a view another class, or changes what it answers, finds here that its fast path has to follow. The table of updates:
test_fast_path_updates.py.
"""

import json
from functools import partial
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from scoreboard_project.server.fast_top import TopFastPath
from scores.api.authentication import BearerAuthentication
from scores.api.parsing import OnlyJSON, StrictJSONParser
from scores.api.views import TopView, UpdateView
from scores.http.limits import PlayerLimit
from scores.models import Score
from tests.support.fast_paths import QUIZ, Outcome, Row, Site, compare


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
