"""The standings of a period as a file from the desk, for whoever may look."""

import csv
import io
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from audit import entry_export
from scores.counting import plans
from scores.models import Board, Period
from tests.support.acting import make_player
from tests.support.boards import make_board, make_period, stand
from tests.support.desk_boards import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def days() -> Period:
    plans.make_built_in()
    period = make_period(make_board("days"), "2025-11-27")
    stand("Zoë", period, 7)
    return period


def url(board: Board, period: str = "2025-11-27", form: str = "csv") -> str:
    return f"/admin/scores/board/{board.pk}/export/{period}/{form}"


def read(client: Client, path: str) -> tuple[Any, bytes]:
    answer: Any = client.get(path)
    body = b"".join(answer.streaming_content)
    return answer, body


@pytest.mark.parametrize("group", ["Viewers", "Moderators", "Catalogue managers"])
def test_who_may_look_takes_them_along(days: Period, group: str) -> None:
    client = sign_in(group)
    answer, body = read(client, url(days.board))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'attachment; filename="days-2025-11-27-' in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert [row[:1] + row[2:4] for row in rows[1:-1]] == [["1", "Zoë", "7"]]
    page = client.get(f"/admin/scores/board/{days.board_id}/change/").content.decode()
    assert [f'href="{url(days.board, form=form)}"' in page for form in ("csv", "json")] == [True, True]


def test_who_may_not_look_takes_nothing(days: Period) -> None:
    assert sign_in("nobody").get(url(days.board)).status_code == 403
    answer = Client().get(url(days.board))
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize(("form", "status"), [("ctftime", 404), ("xlsx", 404)])
def test_there_is_no_other_form(days: Period, form: str, status: int) -> None:
    assert sign_in("Viewers").get(url(days.board, form=form)).status_code == status


def test_what_cannot_be_exported_is_said_on_the_page(days: Period) -> None:
    client = sign_in("Viewers")
    told = []
    off, filling = make_board("off", enabled=False), make_board("filling", filling=True)
    for board, period in ((off, "current"), (filling, "current"), (days.board, "yesterday")):
        answer = client.get(url(board, period))
        assert answer.headers["Location"] == f"/admin/scores/board/{board.pk}/change/"
        told += [str(message) for message in get_messages(answer.wsgi_request)]
    assert told[-1] == "The board has no period of this name."
    assert "This board is off: switch it on first." in told
    assert "This board is still being filled from the log; try again after the pause." in told


def test_one_export_runs_at_a_time(days: Period) -> None:
    make_player("Ada")
    client = sign_in("Viewers")
    running = entry_export.exclusive(iter([b""]))
    answer = client.get(url(days.board))
    assert answer.status_code == 302
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "Another export is running. Try again when it is done."
    ]
    running.close()
    assert read(client, url(days.board))[0].status_code == 200
