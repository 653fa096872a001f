"""Acting at the desk as an investigator does: the preview, what it shows, and the form below it."""

import re
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from scores.models import Score

WHY = {"reason": "two at once on the recording"}


def address(score: Score, act: str, query: str = "") -> str:
    return reverse("admin:scores_score_act", args=[score.pk, act]) + query


def read_board(response: Any) -> list[list[str]]:
    """The rows of the preview: rank, name and points now, name and points after, how that one got there."""
    page = response.content.decode()
    assert response.status_code == 200, page[:200]
    table = re.search(r'<table class="act-board">.*?<tbody>(.*?)</tbody>', page, re.S)
    if table is None:
        return []
    rows = re.findall(r"<tr>(.*?)</tr>", table[1], re.S)
    return [[read_text(cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S)] for row in rows]


def read_text(html: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]*>", "", html).split()))


def read_numbers(response: Any) -> list[int]:
    """The numbers of the entries that a preview lists."""
    return [int(number) for number in re.findall(r'/change/">#(\d+)</a>', response.content.decode())]


def read_hidden(response: Any) -> dict[str, str]:
    form = response.content.decode().partition('class="act-confirmation"')[2].partition("</form>")[0]
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', form)
        if name != "csrfmiddlewaretoken"
    }


def confirm(desk: Client, path: str, **changes: str) -> Any:
    """The act as an investigator does it: look at the preview, give the reason, send the form of the preview."""
    preview = desk.get(path)
    action = re.search(r'action="(.*?)" class="act-confirmation"', preview.content.decode())
    assert action is not None, read_text(preview.content.decode())
    target = path.partition("?")[0] + unescape(action[1])
    return desk.post(target, {**WHY, **read_hidden(preview), **changes}, follow=True)


def read_messages(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def read_log(score: Score) -> list[tuple[str, int, int]]:
    entries = AuditEntry.objects.filter(player=score.pk).order_by("seq")
    return [(entry.kind, entry.delta, entry.balance) for entry in entries]
