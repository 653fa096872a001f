"""Reading the pages of the desk as a person does: their words, what is in their pictures, and the entries they tell of."""

import re
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from django.test import Client

from audit.ledger import EntryDraft
from scores import chain
from scores.models import Score
from tests.support.acting import access_token, update

SVG = "{http://www.w3.org/2000/svg}"
#: The actor of corrections that no test signs in for.
ADMIN = "00000000-0000-4000-8000-00000000000a"


def read_text(html: str) -> str:
    """What is to be read on it, without the pictures."""
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL))


def read_chart(html: str, name: str) -> Element:
    """The picture of this name, which is well-formed."""
    [chart] = [svg for svg in re.findall(r"<svg[^>]*chart.*?</svg>", html, flags=re.DOTALL) if f'"{name}-title' in svg]
    return fromstring(chart)  # noqa: S314 - our own page


def titles(chart: Element, kind: str) -> list[str]:
    """What the elements of this class say when pointed at."""
    return [element.findtext(f"{SVG}title", "") for element in chart.iter() if kind in element.get("class", "").split()]


def act(player: Score, number: int, *, address: str = "192.0.2.1", agent: str = "Firefox", **body: Any) -> int:
    """One update through the API; the number of its entry."""
    response = update(
        body or {"action": "daily-quiz"},
        token=access_token(player),
        key=f"key-{number}",
        headers={"User-Agent": agent},
        address=address,
    )
    assert response.status_code == 200, response.content
    return int(response.json()["entry"]["seq"])


def award(player: Score, count: int) -> None:
    """Many entries at once."""
    player.refresh_from_db()
    for _ in range(count):
        context = {"address": "192.0.2.1", "agent": "Firefox"}
        draft = EntryDraft(kind="award", delta=1, action="daily-quiz", actor=str(player.pk), context=context)
        chain.append_entry(player, draft)


def show_player(desk: Client, player: Score) -> str:
    response = desk.get(f"/admin/scores/score/{player.pk}/player/")
    assert response.status_code == 200
    return response.content.decode()
