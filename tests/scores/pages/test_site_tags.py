"""What templates say of the site stands on every page, also on those of errors, which are rendered without a request."""

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from pytest_django import Settings

from scoreboard_project.pictures import Picture
from scores.pages.branding import describe_site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own(settings: Settings) -> None:
    settings.SITE_TITLE = "Quiz <night>"
    settings.SITE_LOGO = Picture("image/png", b"png", 1200, 400)
    settings.SITE_ACCENT = ["#b3124f"]
    settings.EMBED_ORIGINS = ["https://friend.example"]


def check(page: str, path: str) -> None:
    site = describe_site()
    assert site.logo
    for said in (
        "Quiz &lt;night&gt;",
        f'<link rel="stylesheet" href="{site.accent}">',
        f'<link rel="icon" href="{site.logo.address}" type="image/png" sizes="1200x400">',
        f'<link rel="apple-touch-icon" href="{site.logo.address}">',
        '<link rel="manifest" href="/manifest.webmanifest">',
    ):
        assert said in page, (path, said)
    title = page.partition("<title>")[2].partition("</title>")[0]
    assert "Quiz &lt;night&gt;" in title
    assert "Scoreboard" not in title


@pytest.mark.parametrize(
    "path", ["/", "/embed", "/embed/builder", "/wall", "/boards", "/players", "/login", "/verify", "/no-such-page"]
)
def test_each_page_says_it(path: str) -> None:
    check(" ".join(Client().get(path, headers={"Accept": "text/html"}).content.decode().split()), path)


def test_the_desk_and_the_way_in_say_it() -> None:
    check(Client().get("/admin/login/").content.decode(), "/admin/login/")
    desk = Client()
    desk.force_login(User.objects.create_superuser("ada"))
    page = " ".join(desk.get("/admin/").content.decode().split())
    check(page, "/admin/")
    assert "Quiz &lt;night&gt;: investigators' desk</a>" in page
    assert page.count('height="24"') == 1


@pytest.mark.parametrize("template", ["400.html", "404.html", "429.html", "500.html", "filling.html"])
def test_pages_of_errors_say_it_without_a_request(template: str) -> None:
    page = " ".join(render_to_string(template).split())
    check(page, template)
    assert "og:" not in page


def test_the_logo_stands_beside_the_title_in_its_proportions() -> None:
    site = describe_site()
    assert site.logo
    page = " ".join(Client().get("/").content.decode().split())
    image = f'<img class="logo" src="{site.logo.address}" width="1200" height="400" alt="">'
    assert image in page
