"""Who may do what at the desk: every route of the admin, looked at and written to by everyone."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse

from audit.models import Checkpoint, Refusal, Verification
from audit.refusals import flush_refusals, record_refusal
from scores.admin.acts import ACTS
from scores.investigation import corrections
from scores.management.commands.make_desk_groups import GROUPS
from scores.models import Action, Flag
from scores.players import ensure_player
from tests.support.acting import make_player, read_state
from tests.support.definitions import define
from tests.support.processes import ROOT

Ask = Callable[..., tuple[int, str, bool]]
#: Staff without rights, the three groups that `make_desk_groups` makes, and one who holds every permission there is.
ROLES = ("staff", "Viewers", "Moderators", "Catalogue managers", "superuser")

#: Under each sample address: what GET and POST answer to the five roles, in their order. `w`: this may write; any other may not.
MATRIX = {
    "find/?q=ada": ("200 200 200 200 200", "405 405 405 405 405"),
    "": ("200 200 200 200 200", "200 200 200 200 200"),
    "login/": ("302 302 302 302 302", "200 200 200 200 200"),
    "logout/": ("405 405 405 405 405", "302 302 302 302 302"),
    "password_change/": ("200 200 200 200 200", "200 200 200 200 200"),
    "password_change/done/": ("200 200 200 200 200", "405 405 405 405 405"),
    "autocomplete/": ("403 403 403 403 403", "405 405 405 405 405"),
    "jsi18n/": ("200 200 200 200 200", "405 405 405 405 405"),
    "r/1/1/": ("404 404 404 404 404", "404 404 404 404 404"),
    "nothing-here/": ("404 404 404 404 404", "404 404 404 404 404"),
    "auth/": ("404 404 404 404 200", "404 404 404 404 200"),
    "audit/": ("404 200 200 404 200", "404 200 200 404 200"),
    "scores/": ("404 200 200 200 200", "404 200 200 200 200"),
    "auth/group/": ("403 403 403 403 200", "403 403 403 403 302w"),
    "auth/group/add/": ("403 403 403 403 200", "403 403 403 403 200"),
    "auth/group/{group}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "auth/group/{group}/change/": ("403 403 403 403 200", "403 403 403 403 200"),
    "auth/group/{group}/history/": ("403 403 403 403 200", "403 403 403 403 200"),
    "auth/group/{group}/delete/": ("403 403 403 403 200", "403 403 403 403 302w"),
    "auth/user/": ("403 403 403 403 200", "403 403 403 403 200"),
    "auth/user/add/": ("403 403 403 403 200", "403 403 403 403 200"),
    "auth/user/{user}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "auth/user/{user}/change/": ("403 403 403 403 200", "403 403 403 403 200"),
    "auth/user/{user}/history/": ("403 403 403 403 200", "403 403 403 403 200"),
    "auth/user/{user}/delete/": ("403 403 403 403 200", "403 403 403 403 200"),
    "auth/user/{user}/password/": ("403 403 403 403 200", "403 403 403 403 200"),
    "audit/auditentry/": ("403 200 200 403 200", "403 200 302 403 302"),
    "audit/auditentry/add/": ("403 403 403 403 403", "403 403 403 403 403"),
    "audit/auditentry/{entry}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "audit/auditentry/{entry}/change/": ("403 200 200 403 200", "403 403 403 403 403"),
    "audit/auditentry/{entry}/history/": ("403 200 200 403 200", "403 200 200 403 200"),
    "audit/auditentry/{entry}/delete/": ("403 403 403 403 403", "403 403 403 403 403"),
    "audit/auditentry/export/csv": ("403 200 200 403 200", "405 405 405 405 405"),
    "audit/refusal/": ("403 200 200 403 200", "403 200 200 403 200"),
    "audit/refusal/add/": ("403 403 403 403 403", "403 403 403 403 403"),
    "audit/refusal/{refusal}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "audit/refusal/{refusal}/change/": ("403 200 200 403 200", "403 403 403 403 403"),
    "audit/refusal/{refusal}/history/": ("403 200 200 403 200", "403 200 200 403 200"),
    "audit/refusal/{refusal}/delete/": ("403 403 403 403 403", "403 403 403 403 403"),
    "audit/checkpoint/": ("403 200 200 403 200", "403 200 200 403 200"),
    "audit/checkpoint/add/": ("403 403 403 403 403", "403 403 403 403 403"),
    "audit/checkpoint/{checkpoint}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "audit/checkpoint/{checkpoint}/change/": ("403 200 200 403 200", "403 403 403 403 403"),
    "audit/checkpoint/{checkpoint}/history/": ("403 200 200 403 200", "403 200 200 403 200"),
    "audit/checkpoint/{checkpoint}/delete/": ("403 403 403 403 403", "403 403 403 403 403"),
    "audit/verification/": ("403 200 200 403 200", "403 200 200 403 200"),
    "audit/verification/add/": ("403 403 403 403 403", "403 403 403 403 403"),
    "audit/verification/{verification}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "audit/verification/{verification}/change/": ("403 200 200 403 200", "403 403 403 403 403"),
    "audit/verification/{verification}/history/": ("403 200 200 403 200", "403 200 200 403 200"),
    "audit/verification/{verification}/delete/": ("403 403 403 403 403", "403 403 403 403 403"),
    "scores/score/": ("403 200 200 403 200", "403 200 200 403 200"),
    "scores/score/add/": ("403 403 403 403 403", "403 403 403 403 403"),
    "scores/score/{ada}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "scores/score/{ada}/change/": ("403 302 302 403 302", "403 403 403 403 403"),
    "scores/score/{ada}/history/": ("403 200 200 403 200", "403 200 200 403 200"),
    "scores/score/{ada}/delete/": ("403 403 403 403 403", "403 403 403 403 403"),
    "scores/score/{ada}/player/": ("403 200 200 403 200", "405 405 405 405 405"),
    "scores/score/{ada}/case/": ("403 200 200 403 200", "405 405 405 405 405"),
    "scores/score/{ada}/act/void/?entries=3": ("403 403 200 403 200", "403 403 302w 403 302w"),
    "scores/score/{ada}/act/restore/?entries=1": ("403 403 200 403 200", "403 403 302w 403 302w"),
    "scores/score/{ada}/act/adjust/?points=5": ("403 403 200 403 200", "403 403 302w 403 302w"),
    "scores/score/{ada}/act/freeze/": ("403 403 200 403 200", "403 403 302w 403 302w"),
    "scores/score/{ben}/act/unfreeze/": ("403 403 200 403 200", "403 403 302w 403 302w"),
    "scores/score/{ada}/act/rename/?name=Byron": ("403 403 200 403 200", "403 403 302w 403 302w"),
    "scores/score/void/?entries={ada}:3": ("403 403 200 403 200", "403 403 302w 403 302w"),
    "scores/action/": ("403 200 200 200 200", "403 200 200 200 200"),
    "scores/action/add/": ("403 403 403 200 200", "403 403 403 302w 302w"),
    "scores/action/{quiz}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "scores/action/{quiz}/change/": ("403 200 200 200 200", "403 403 403 302w 302w"),
    "scores/action/{quiz}/history/": ("403 200 200 200 200", "403 200 200 200 200"),
    "scores/action/{quiz}/delete/": ("403 403 403 403 403", "403 403 403 403 403"),
    "scores/board/": ("403 200 200 200 200", "403 200 200 200 200"),
    "scores/board/add/": ("403 403 403 403 403", "403 403 403 403 403"),
    "scores/board/make/?slug=b&label=B&counts=*&rule=sum&span=day&zone=UTC": ("403 403 403 200 200", "403 403 403 302w 302w"),
    "scores/board/{board}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "scores/board/{board}/change/": ("403 200 200 200 200", "403 403 403 403 403"),
    "scores/board/{board}/history/": ("403 200 200 200 200", "403 200 200 200 200"),
    "scores/board/{board}/delete/": ("403 403 403 403 403", "403 403 403 403 403"),
    "scores/board/{board}/act/label/": ("403 403 403 405 405", "403 403 403 302w 302w"),
    "scores/board/{board}/export/current/csv": ("403 200 200 200 200", "405 405 405 405 405"),
    "scores/flag/": ("403 200 200 403 200", "403 200 200 403 200"),
    "scores/flag/add/": ("403 403 403 403 403", "403 403 403 403 403"),
    "scores/flag/{flag}/": ("302 302 302 302 302", "302 302 302 302 302"),
    "scores/flag/{flag}/change/": ("403 200 200 403 200", "403 403 403 403 403"),
    "scores/flag/{flag}/history/": ("403 200 200 403 200", "403 200 200 403 200"),
    "scores/flag/{flag}/delete/": ("403 403 403 403 403", "403 403 403 403 403"),
    "scores/flag/{flag}/review/": ("403 403 405 403 405", "403 403 302w 403 302w"),
}  # fmt: skip

#: What every POST says: enough for any of the forms.
FORM = {
    "reason": "seen on the recording",
    "seen": "3",
    "verdict": "confirm",
    "note": "seen on the recording",
    "post": "yes",
    "action": "delete_selected",
    "slug": "new-quiz",
    "label": "Daily quiz",
    "points": "11",
    "cooldown_seconds": "0",
    "daily_cap": "0",
    "enabled": "on",
}


@pytest.fixture
def samples(db: None) -> dict[str, str]:
    """One row of everything, by the name it has in the addresses of the matrix."""
    ada = make_player()
    corrections.adjust(player=ada.pk, delta=10, reason="a day's play", actor="system")
    corrections.void(player=ada.pk, seq=1, reason="by mistake", actor="system")
    entry = corrections.adjust(player=ada.pk, delta=10, reason="another day's play", actor="system")
    quiz = Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    record_refusal("daily_cap", str(ada.pk))
    flush_refusals()
    refusal = Refusal.objects.get()
    checkpoint = Checkpoint.objects.create(number=1, jws="header.claims.signature")
    verification = Verification.objects.create(
        started_at=datetime.now(UTC),
        finished_at=datetime.now(UTC),
        scope="all",
        pinned=False,
        entries=4,
        findings=0,
        report=[],
    )
    flag = Flag.objects.create(
        rule=Flag.Rule.PACE, subject=str(ada.pk), player=ada.pk, why="Fast.", entries=[], opened_at=datetime.now(UTC)
    )
    frozen = make_player("Ben")
    corrections.freeze(player=frozen.pk, reason="under review", actor="system")
    group = Group.objects.create(name="Others")
    rows = {
        "ada": ada,
        "entry": entry,
        "quiz": quiz,
        "board": define(),
        "refusal": refusal,
        "checkpoint": checkpoint,
        "verification": verification,
        "flag": flag,
    }
    return {name: str(row.pk) for name, row in {**rows, "ben": frozen, "group": group, "user": ada.user}.items()}


@pytest.fixture(scope="module")
def browser() -> Client:
    """One for all, who signs in anew for each question: making its server ready takes longer than a dozen answers."""
    return Client()


@pytest.fixture
def users(db: None) -> dict[str, User]:
    """Somebody of each role."""
    call_command("make_desk_groups", verbosity=0)
    users = {}
    for role in ROLES:
        users[role] = User.objects.create_user(role.casefold(), is_staff=True, is_superuser=role == "superuser")
        users[role].groups.set(Group.objects.filter(name=role))
    return users


def read_everything() -> list[Any]:
    tables = (Action, Flag, Refusal, Checkpoint, User, Group, LogEntry)
    return [*read_state(), *(list(table._default_manager.order_by("pk").values()) for table in tables)]


@pytest.fixture
def ask(browser: Client, samples: dict[str, str]) -> Ask:
    """`ask(user, method, path)`: the status, where it leads, and whether anything was written, which is undone again."""

    def ask_as(user: User | None, method: str, path: str, **form: Any) -> tuple[int, str, bool]:
        browser.cookies.clear()
        if user is not None:
            browser.force_login(user)
        rows = ("entry", "refusal", "flag", "checkpoint", "verification", "group", "user")
        selected = next((samples[name] for name in rows if name in path), samples["ada"])
        sent = {**FORM, "_selected_action": selected, **form} if method == "POST" else None
        with transaction.atomic():
            before = read_everything()
            response = getattr(browser, method.lower())(fill_in(path, samples), sent)
            if response.streaming:  # an export holds its place until it is read
                b"".join(response)
            wrote = read_everything() != before
            transaction.set_rollback(True)
        return response.status_code, response.headers.get("Location", ""), wrote

    return ask_as


def list_routes(patterns: Any, before: str = "admin/") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern).removeprefix("^")
        if hasattr(pattern, "url_patterns"):
            yield from list_routes(pattern.url_patterns, route)
        else:
            yield route


def fill_in(path: str, samples: dict[str, str]) -> str:
    return "/admin/" + path.format_map(samples)


def test_every_route_of_the_admin_has_a_row(samples: dict[str, str]) -> None:
    covered = {resolve(fill_in(path, samples).partition("?")[0]).route for path in MATRIX}
    assert set(list_routes(admin.site.urls[0])) - covered == set(), "Add a sample address of these to the matrix."


@pytest.mark.parametrize("path", MATRIX)
def test_everyone_may_do_what_the_matrix_says_and_no_more(path: str, users: dict[str, User], ask: Ask) -> None:
    answers = []
    for method in ("GET", "POST"):
        found = [ask(users[role], method, path) for role in ROLES]
        answers.append(" ".join(f"{status}{'w' * wrote}" for status, _, wrote in found))
    assert tuple(answers) == MATRIX[path]


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["anonymous", "player"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_no_staff_is_sent_to_the_login_from_everywhere(is_signed_in: bool, method: str, ask: Ask) -> None:
    player = User.objects.get(username="ada") if is_signed_in else None
    for path in MATRIX.keys() - {"login/", "logout/"}:
        status, location, wrote = ask(player, method, path)
        assert (status, location.partition("?")[0], wrote) == (302, "/admin/login/", False), path


@pytest.mark.parametrize("role", ["Moderators", "superuser"])
def test_ones_own_score_is_looked_at_but_not_touched(role: str, users: dict[str, User], ask: Ask) -> None:
    own = ensure_player(users[role])
    entry = corrections.adjust(player=own.pk, delta=10, reason="a day's play", actor="system")
    flag = Flag.objects.create(
        rule=Flag.Rule.PACE, subject=str(own.pk), player=own.pk, why="Fast.", entries=[], opened_at=datetime.now(UTC)
    )
    expected = {
        f"scores/score/{own.pk}/player/": (200, 405),
        f"scores/score/{own.pk}/case/": (200, 405),
        f"scores/score/{own.pk}/change/": (302, 403),
        f"audit/auditentry/{entry.place}/change/": (200, 403),
        f"audit/auditentry/{entry.pk}/change/": (200, 403),
        f"scores/flag/{flag.pk}/change/": (200, 403),
        f"scores/flag/{flag.pk}/review/": (405, 200),
        f"scores/score/void/?entries={entry.place}": (200, 200),
        **{f"scores/score/{own.pk}/act/{act}/?entries=1&points=5": (403, 403) for act in ACTS},
    }
    found = {path: [ask(users[role], method, path) for method in ("GET", "POST")] for path in expected}
    assert {path: tuple(status for status, _, _ in answers) for path, answers in found.items()} == expected
    assert not any(wrote for answers in found.values() for _, _, wrote in answers)


@pytest.mark.parametrize("role", ROLES)
def test_the_void_of_a_selection_is_offered_to_who_may_act_only(
    role: str, users: dict[str, User], samples: dict[str, str], ask: Ask
) -> None:
    query = urlencode({"entries": f"{samples['ada']}:3", "back": reverse("admin:audit_auditentry_changelist")})
    confirmation = f"{reverse('admin:scores_score_void_selection')}?{query}"
    form = {"action": "void_selection", "_selected_action": samples["entry"]}
    status, location, wrote = ask(users[role], "POST", "audit/auditentry/", **form)
    expected = {
        "staff": (403, ""),
        "Viewers": (200, ""),
        "Moderators": (302, confirmation),
        "Catalogue managers": (403, ""),
    }
    expected["superuser"] = expected["Moderators"]
    assert (status, location) == expected[role]
    assert not wrote


def test_the_guide_names_the_groups_and_acts_there_are() -> None:
    parts = re.split("^## (.*)$", (ROOT / "docs/investigation.md").read_text(encoding="utf-8"), flags=re.M)
    groups, acts = (
        re.findall(r"^\| ([\w ]+) \|", parts[parts.index(heading) + 1], re.M) for heading in ("Who may do what", "Acts")
    )
    assert groups == ["group", *GROUPS]
    assert acts == ["act", *ACTS]
