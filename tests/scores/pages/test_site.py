"""Logo, accent, icon and manifest as browsers get them: kept for ever at addresses of their own, and unable to run anything."""

from xml.etree import ElementTree as ET

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image
from pytest_django import Settings

from scoreboard_project.pictures import Picture
from scores.pages.branding import find_logo, name_accent_sheet, write_accent_sheet

pytestmark = pytest.mark.django_db
DRAWN = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 6 2"><script>alert(1)</script></svg>'


def test_a_logo_can_run_nothing_even_alone(client: Client, settings: Settings) -> None:
    settings.SITE_LOGO = Picture("image/svg+xml", DRAWN, 6, 2)
    logo = find_logo()
    assert logo
    answer = client.get(logo.address)
    assert (answer.status_code, answer.content) == (200, DRAWN)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_accent_is_served_at_its_address(client: Client, settings: Settings) -> None:
    settings.SITE_ACCENT = ["#b3124f"]
    answer = client.get(name_accent_sheet())
    assert (answer.status_code, answer.content.decode()) == (200, write_accent_sheet())
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/site/logo/0123456789abcdef", "/site/accent/0123456789abcdef.css"])
@pytest.mark.parametrize("is_set", [False, True])
def test_another_s_address_is_none(client: Client, settings: Settings, path: str, is_set: bool) -> None:
    if is_set:
        settings.SITE_LOGO, settings.SITE_ACCENT = Picture("image/svg+xml", DRAWN, 6, 2), ["#b3124f"]
    answer = client.get(path)
    assert (answer.status_code, "immutable" in answer.headers.get("Cache-Control", "")) == (404, False)


def test_who_asks_for_an_icon_unread_is_led_to_it(client: Client, settings: Settings) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/static/scoreboard/favicon.svg")
    settings.SITE_LOGO = Picture("image/png", b"png", 6, 2)
    logo = find_logo()
    assert logo
    assert client.get("/favicon.ico").headers["Location"] == logo.address


def test_the_manifest_names_the_site_in_the_reader_s_language(client: Client, settings: Settings) -> None:
    answer = client.get("/manifest.webmanifest", headers={"Accept-Language": "de"})
    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert answer.json() == {
        "name": "Punktetafel",
        "short_name": "Punktetafel",
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": "#faf7ef",
        "theme_color": "#faf7ef",
        "icons": [
            {"src": "/static/scoreboard/favicon.svg", "type": "image/svg+xml", "sizes": "any"},
            {"src": "/static/scoreboard/icon-512.png", "type": "image/png", "sizes": "512x512"},
        ],
    }
    settings.SITE_TITLE = "Quiz night"
    assert client.get("/manifest.webmanifest").json()["name"] == "Quiz night"


def test_the_icons_that_it_names_are_there() -> None:
    drawn, painted = (finders.find(f"scoreboard/{name}") for name in ("favicon.svg", "icon-512.png"))
    assert drawn
    assert painted
    assert ET.parse(drawn).getroot().attrib["viewBox"] == "0 0 32 32"  # noqa: S314 - our own file
    with Image.open(painted) as image:
        assert (image.format, image.size) == ("PNG", (512, 512))
