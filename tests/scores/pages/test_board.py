"""What the pages' answers say to browsers: who may frame what, and what may be kept."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def directive(path: str, name: str) -> str:
    policy = Client().get(path).headers["Content-Security-Policy"]
    [found] = [part.strip() for part in policy.split(";") if part.split()[0] == name]
    return found


@pytest.mark.parametrize("path", ["/", "/login", "/embed", "/no-such-page", "/api/score/top"])
def test_without_embed_origins_nothing_may_be_framed(path: str) -> None:
    assert directive(path, "frame-ancestors") == "frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/", "/login", "/admin/login/"])
def test_only_the_embed_is_exempt_from_the_older_header(path: str) -> None:
    assert Client().get(path).headers["X-Frame-Options"] == "DENY"
    assert "X-Frame-Options" not in Client().get("/embed").headers


def test_what_a_page_says_of_its_reader_is_not_kept() -> None:
    for path in ("/", "/login"):
        assert "no-store" in Client().get(path).headers["Cache-Control"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", 'data-limit="10"'),
        ("rows=3", 'data-limit="3"'),
        ("rows=2", 'data-limit="3"'),
        ("rows=11", 'data-limit="10"'),
        ("rows=-5", 'data-limit="10"'),
        ("rows=%D9%A3", 'data-limit="10"'),
        ("theme=dark", 'data-embed="dark"'),
        ("theme=purple", 'data-embed="auto"'),
        ("title=Quiz+%3Cb%3E", "<bdi>Quiz &lt;b&gt;</bdi>"),
    ],
)
def test_the_embed_brings_what_is_out_of_range_into_it(query: str, said: str) -> None:
    assert said in Client().get(f"/embed?{query}").content.decode()
