"""The language of the pages: chosen by a form, kept in a cookie, and never a way to lead anybody elsewhere."""

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db

ENGLISH, GERMAN, ARABIC = '<html lang="en"', '<html lang="de"', '<html lang="ar" dir="rtl"'


def test_the_chosen_language_is_kept_and_leads_back_to_the_page() -> None:
    client = Client(headers={"Accept-Language": "de"})
    assert GERMAN in client.get("/login").content.decode()

    answer = client.get("/language", {"to": "ar", "next": "/players?name=a%20b"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/players?name=a%20b")
    assert "no-store" in answer.headers["Cache-Control"]
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (cookie.value, cookie["max-age"], cookie["samesite"], cookie["httponly"]) == ("ar", 31_536_000, "Lax", True)
    assert list(answer.cookies) == [settings.LANGUAGE_COOKIE_NAME]
    for path in ("/", "/login", "/embed", "/no-such-page"):
        assert ARABIC in client.get(path).content.decode()


@pytest.mark.parametrize(
    ("referrer", "leads_to"),
    [
        ("http://testserver/boards/quiz?after=x", "http://testserver/boards/quiz?after=x"),
        ("https://elsewhere.example/", "/"),
        ("", "/"),
    ],
)
def test_without_a_path_it_leads_to_where_the_visitor_came_from_on_this_site(referrer: str, leads_to: str) -> None:
    answer = Client().get("/language?to=fr", headers={"Referer": referrer})
    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "to=",
        "to=tlh&next=/",
        "to=EN&next=/",
        "to=de&next=",
        "to=de&next=boards",
        "to=de&next=//elsewhere.example/",
        "to=de&next=/%5Celsewhere.example/",
        "to=de&next=https://elsewhere.example/",
        "to=de&next=http://testserver/",
        "to=de&next=javascript:alert(1)",
    ],
)
def test_what_is_no_language_or_leads_elsewhere_is_refused_and_sets_nothing(query: str) -> None:
    answer = Client().get(f"/language?{query}", headers={"Accept": "text/html"})
    assert (answer.status_code, dict(answer.cookies)) == (400, {})
    assert "That request made no sense" in answer.content.decode()


def test_a_path_cannot_write_headers() -> None:
    answer = Client().get("/language", {"to": "de", "next": "/a\r\nSet-Cookie: a=b"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/a%0D%0ASet-Cookie:%20a=b")


def test_every_page_offers_each_language_in_its_own_name_and_the_way_back() -> None:
    text = Client().get("/players?name=a&x=1").content.decode()
    assert '<input type="hidden" name="next" value="/players?name=a&amp;x=1">' in text
    for name in ("English", "Deutsch", "Español", "Français", "Português", "العربيّة", "日本語"):
        assert f">{name}</button>" in text
    assert 'action="/language"' not in Client().get("/embed").content.decode()
