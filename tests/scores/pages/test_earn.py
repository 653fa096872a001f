"""The page that says how points are earned: in words, for everybody the same, kept by caches."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils.translation import override

from scores.board.earning import Way
from scores.catalogue import set_action
from scores.pages.earn import describe_pace

pytestmark = pytest.mark.django_db


def get(language: str = "en", **headers: str) -> tuple[int, str, dict[str, str]]:
    answer = Client().get("/earn", headers={"Accept-Language": language, **headers})
    return answer.status_code, " ".join(answer.content.decode().split()), dict(answer.headers)


@pytest.mark.parametrize(
    ("cooldown", "cap", "english", "german"),
    [
        (0, 0, ["As often as you like."], ["Sooft du willst."]),
        (0, 1, ["Once a day."], ["Einmal am Tag."]),
        (
            30,
            2000,
            ["At most 2,000 times a day.", "Pause between two: 30 seconds."],
            ["Höchstens 2.000-mal am Tag.", "Pause dazwischen: 30 Sekunden."],
        ),
        (3600, 0, ["Pause between two: 1\xa0hour."], ["Pause dazwischen: 1\xa0Stunde."]),
    ],
)
def test_how_often_it_counts_is_said_in_words(cooldown: int, cap: int, english: list[str], german: list[str]) -> None:
    way = Way("visit", "A visit", 5, is_maximum=False, cooldown_seconds=cooldown, daily_cap=cap)
    with override("en"):
        assert describe_pace(way) == english
    with override("de"):
        assert describe_pace(way) == german


def test_each_action_has_its_row() -> None:
    set_action(actor="system", slug="visit", label="A visit <b>", points=5000, daily_cap=1)
    status, page, _ = get()
    assert (status, page.count("data-action=")) == (200, 1)
    for said in ("<bdi>A visit &lt;b&gt;</bdi>", "<td>Once a day.</td>", '<td class="points"> 5,000 </td>'):
        assert said in page
    assert "Einmal am Tag." in get("de")[1]


def test_an_empty_catalogue_says_so() -> None:
    status, page, _ = get()
    assert (status, "<table" in page) == (200, False)
    assert "Nothing earns points yet. As soon as something does, it stands here." in page


def test_it_may_be_kept_and_is_told_apart_by_its_tag_and_language() -> None:
    _, _, english = get()
    assert english["Cache-Control"] == "public, max-age=60"
    assert {each.strip() for each in english["Vary"].split(",")} == {"Accept-Encoding", "Accept-Language", "Cookie"}
    status, body, unchanged = get(If_None_Match=english["ETag"])
    assert (status, body, unchanged["ETag"]) == (304, "", english["ETag"])
    assert get("de", If_None_Match=english["ETag"])[0] == 200
    set_action(actor="system", slug="visit", label="A visit", points=5)
    cache.clear()
    assert get(If_None_Match=english["ETag"])[0] == 200


def test_who_is_signed_in_gets_the_same_page(admin_client: Client) -> None:
    answer = admin_client.get("/earn")
    assert answer.headers["ETag"] == get()[2]["ETag"]
    assert "Set-Cookie" not in answer.headers


def test_it_is_read_and_nothing_else() -> None:
    assert Client().post("/earn").status_code == 405
