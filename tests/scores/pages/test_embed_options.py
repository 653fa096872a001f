"""What an embed's address may say: each parameter once and of its form, or nothing is shown."""

from html.parser import HTMLParser

import pytest
from django.test import RequestFactory

from scores.errors import InvalidQuery
from scores.pages.embed_options import EmbedOptions, parse_options, read_options, write_snippet

pytestmark = pytest.mark.any_database
PLAIN = EmbedOptions("", "current", "auto", 10, "")


class Reader(HTMLParser):
    """Collects the elements of a text with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", PLAIN),
        ("rows=3", PLAIN._replace(rows=3)),
        ("theme=dark&title=Quiz+%3Cb%3E", PLAIN._replace(theme="dark", title="Quiz <b>")),
        ("board=daily&period=2026-11-26", PLAIN._replace(board="daily", period="2026-11-26")),
        ("title=" + "W" * 80, PLAIN._replace(title="W" * 80)),
    ],
)
def test_what_is_of_its_form_is_read(query: str, options: EmbedOptions) -> None:
    assert read_options(RequestFactory().get(f"/embed?{query}")) == options


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ("rows=2", "rows", "A whole number from 3 to 10."),
        ("rows=11", "rows", "A whole number from 3 to 10."),
        ("rows=03", "rows", "A whole number from 3 to 10."),
        ("rows=%D9%A3", "rows", "A whole number from 3 to 10."),
        ("rows=3&rows=4", "rows", "Given twice."),
        ("theme=purple", "theme", "One of auto, light, dark."),
        ("title=", "title", "Empty, or with U+0000."),
        ("title=a%0Ab", "title", "At most 80 characters in one line."),
        ("title=" + "W" * 81, "title", "At most 80 characters in one line."),
        ("period=current", "period", "Only with a board."),
        ("lang=tlh", "lang", "One of ar, de, en, es, fr, ja, pt."),
        ("utm_source=x", "utm_source", "Unknown parameter."),
    ],
)
def test_what_is_not_is_refused_by_name(query: str, field: str, detail: str) -> None:
    with pytest.raises(InvalidQuery) as raised:
        read_options(RequestFactory().get(f"/embed?{query}"))
    assert raised.value.errors == [{"field": field, "detail": detail}]


def test_an_address_says_what_it_was_read_from() -> None:
    for query in (
        {"theme": "auto", "rows": "10"},
        {"board": "daily", "period": "2026-11-26", "theme": "dark", "rows": "3", "title": "a&b=<c>"},
    ):
        options = parse_options(query)
        assert read_options(RequestFactory().get(options.address)) == options
    assert PLAIN.address == "/embed?theme=auto&rows=10"


def test_the_html_holds_whatever_the_title_says() -> None:
    options = PLAIN._replace(rows=3, title='"><script>')
    html = write_snippet("https://board.example", options, options.title)
    reader = Reader()
    reader.feed(html)
    assert reader.found == [
        (
            "iframe",
            {
                "src": "https://board.example/embed?theme=auto&rows=3&title=%22%3E%3Cscript%3E",
                "title": '"><script>',
                "width": "100%",
                "height": "344",
                "style": "border: 0; color-scheme: normal",
            },
        )
    ]
