"""Updates that are answered in front of Django and by their view: the same, over a table of requests good and bad."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import override_settings

from scoreboard_project.server.fast_update import UpdateFastPath
from scores.models import Score
from tests.support.acting import access_token, make_player, make_receipt
from tests.support.fast_paths import QUIZ, Outcome, Row, Site, compare


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
    "a receipt with a value": Row(200, headers={KEY: ""}, body=prove(act="bug-bounty", val=-61_234)),
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
    "a receipt without the value it needs": Row(422, headers={KEY: ""}, body=prove(act="bug-bounty")),
    "a receipt with a value that nobody asked for": Row(422, headers={KEY: ""}, body=prove(val=1)),
    "a receipt with a value that is none": Row(422, "view", headers={KEY: ""}, body=prove(act="bug-bounty", val=True)),
    "an action that takes a value, of one's own word": Row(422, body=act("bug-bounty")),
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
