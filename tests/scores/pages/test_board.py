"""What the board offers, and what the pages' answers say to browsers: who may frame what, and what may be kept."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.support.board import place

pytestmark = pytest.mark.django_db


def directive(path: str, name: str) -> str:
    policy = Client().get(path).headers["Content-Security-Policy"]
    [found] = [part.strip() for part in policy.split(";") if part.split()[0] == name]
    return found


@pytest.mark.parametrize("path", ["/", "/login", "/embed", "/wall", "/no-such-page", "/api/score/top"])
def test_without_embed_origins_nothing_may_be_framed(path: str) -> None:
    assert directive(path, "frame-ancestors") == "frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/", "/login", "/wall", "/admin/login/"])
def test_only_the_embed_is_exempt_from_the_older_header(path: str) -> None:
    assert Client().get(path).headers["X-Frame-Options"] == "DENY"
    assert "X-Frame-Options" not in Client().get("/embed").headers


def test_what_a_page_says_of_its_reader_is_not_kept() -> None:
    for path in ("/", "/login"):
        assert "no-store" in Client().get(path).headers["Cache-Control"]


OFFER = '<a href="/embed/builder">Show this board on your site</a>'
WHAT_TO_SET = "No other site may show this board in a frame. To let one, set EMBED_ORIGINS to its address."


@pytest.mark.parametrize(
    ("origins", "is_staff", "offers", "says"),
    [
        ([], None, False, False),
        ([], False, False, False),
        ([], True, False, True),
        (["https://friend.example"], None, True, False),
        (["https://friend.example"], True, True, False),
    ],
)
def test_the_embed_is_offered_only_where_a_site_may_show_it_and_staff_read_what_to_set(
    settings: Settings, origins: list[str], is_staff: bool | None, offers: bool, says: bool
) -> None:
    settings.EMBED_ORIGINS = origins
    client = Client()
    if is_staff is not None:
        client.force_login(User.objects.create_user("ada", is_staff=is_staff))
    html = client.get("/").content.decode()
    assert (OFFER in html, WHAT_TO_SET in html, "/embed" in html) == (offers, says, offers)


def test_others_who_show_a_link_to_it_are_told_the_present_top_three(settings: Settings) -> None:
    settings.SITE_TITLE = "Quiz <night>"
    for rank, name in enumerate(("Ada", 'B"en', "Čapek", "Dee")):
        place(name, 5000 - rank)
    html = Client().get("/").content.decode()
    assert dict(re.findall(r'<meta (?:property="og|name="twitter):([\w:]+)"\s+content="([^"]*)"', html)) == {
        "type": "website",
        "site_name": "Quiz &lt;night&gt;",
        "title": "Quiz &lt;night&gt;",
        "description": "The live top 10.",
        "url": "http://testserver/",
        "image": "http://testserver/share.png",
        "image:width": "1200",
        "image:height": "630",
        "image:alt": "1. Ada: 5,000; 2. B&quot;en: 4,999; 3. Čapek: 4,998",
        "card": "summary_large_image",
    }


@pytest.mark.parametrize("path", ["/", "/embed", "/login", "/no-such-page"])
def test_who_keeps_a_page_for_several_readers_keeps_it_by_language(path: str) -> None:
    varied = {name.strip() for name in Client().get(path).headers["Vary"].split(",")}
    assert {"Accept-Language", "Cookie"} <= varied
