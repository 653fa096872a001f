"""Every name stands apart on every page: in the direction of its text, and from what a browser translates."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import AuditEntry
from scores.models import Action, Score
from tests.support.acting import PASSWORD, make_player
from tests.support.desk_pages import act
from tests.support.processes import ROOT

pytestmark = pytest.mark.django_db

#: A word of German too, which a translation would change.
NAME, USERNAME = "Bäcker Herbst", "herbst-im-amt"
SHOWN_VALUE = re.compile(r"\{\{ *[\w.]*(?:\bplayer|_name|\.name|username)(?:\|[^}]*)? *\}\}|\{% firstof user[^%]*%\}")
APART = '<bdi class="notranslate" translate="no"'
#: Of fields and periods, and players' identifiers: none of these is anybody's name.
OTHER_NAMES = {
    "{{ entry.player }}",
    "{{ finding.player }}",
    "{{ period.name }}",
    "{{ input.name }}",
    "{{ you.player }}",
    "{{ entry.player|default_if_none:'' }}",
}


class Reader(HTMLParser):
    """Finds a text outside of what is marked as not to be translated."""

    def __init__(self, sought: str) -> None:
        super().__init__()
        self.sought = sought
        self.open: list[bool] = []
        self.apart = self.exposed = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "link", "input", "br", "img", "hr"}:
            self.open.append(("translate", "no") in attributes or (tag == "title") or bool(self.open and self.open[-1]))

    def handle_endtag(self, tag: str) -> None:
        if self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.sought in data and self.open[-1]:
            self.apart += 1
        elif self.sought in data:
            self.exposed += 1


def templates() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_in_every_template_a_name_is_alone_in_an_element_of_its_own() -> None:
    exposed = []
    for path, text in templates():
        for match in SHOWN_VALUE.finditer(text):
            before = text[: match.start()]
            inside_a_tag = before.rfind("<") > before.rfind(">")
            if match.group() not in OTHER_NAMES and not inside_a_tag and not before.rpartition("<bdi")[2].endswith(">"):
                exposed.append((path, match.group()))
    assert exposed == []


def test_such_an_element_is_never_translated() -> None:
    sources = [text for _, text in templates()]
    sources += [path.read_text(encoding="utf-8") for path in (ROOT / "scores").rglob("*.py")]
    # An element's attributes may stand in lines of their own.
    texts = [" ".join(text.split()) for text in sources]
    marked = [text.count(APART) + text.count('<bdi class="who notranslate" translate="no"') for text in texts]
    # The title of an embed is its site's, the label of a board or an action too, what was searched is the reader's, and what points
    # were imported from is another board: nobody's names.
    others = [
        len(re.findall(r"<bdi>\{\{ (?:title|text|entry\.proof|[\w.]*(?:board|way)\.label)", text)) for text in texts
    ]
    assert marked == [text.count("<bdi") - other for text, other in zip(texts, others, strict=True)]
    assert sum(marked) > 15


@pytest.fixture
def player() -> Score:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    player = make_player(NAME)
    player.user.username = USERNAME
    player.user.save()
    act(player, 1)
    return player


def pages(player: Score) -> list[str]:
    entry = AuditEntry.objects.get(player=player.pk)
    return [
        "/",
        "/embed",
        "/admin/",
        "/admin/scores/score/",
        f"/admin/scores/score/{player.pk}/player/",
        f"/admin/scores/score/{player.pk}/act/freeze/",
        f"/admin/scores/score/{player.pk}/act/void/?entries=1",
        "/admin/audit/auditentry/",
        f"/admin/audit/auditentry/{entry.pk}/change/",
    ]


def test_on_no_page_a_name_is_open_to_translation(player: Score) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser(USERNAME + "-2", password=PASSWORD))
    for page in pages(player):
        response = client.get(page)
        assert response.status_code == 200, page
        for sought in (NAME, USERNAME):
            reader = Reader(sought)
            reader.feed(response.content.decode())
            assert (page, sought, reader.exposed) == (page, sought, 0)
        assert NAME in response.content.decode(), page
