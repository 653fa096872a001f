"""Title, logo, icons and accent: the operator's where they are set, ours where not."""

import pytest
from django.utils.translation import override
from pytest_django import Settings

from scoreboard_project.pictures import Picture
from scores.pages.branding import Icon, Logo, describe_site, describe_title, name_accent_sheet, write_accent_sheet

pytestmark = pytest.mark.any_database
SVG = Picture("image/svg+xml", b"<svg/>", 60, 20)
PNG = Picture("image/png", b"png", 300, 100)
OURS = Icon("/static/scoreboard/icon-512.png", "image/png", "512x512")


def test_the_title_is_the_operator_s_or_a_word_of_the_reader_s_language(settings: Settings) -> None:
    with override("de"):
        assert describe_title() == "Punktetafel"
        settings.SITE_TITLE = "Quiz night"
        assert describe_title() == "Quiz night"


def test_without_a_logo_the_icons_are_ours() -> None:
    site = describe_site()
    assert site.logo is None
    assert site.icons == [Icon("/static/scoreboard/favicon.svg", "image/svg+xml", "any"), OURS]
    assert (site.touch_icon, site.accent, site.light, site.dark) == (OURS.address, "", "#faf7ef", "#11171a")


def test_a_logo_is_the_icon_and_phones_get_ours_where_they_would_not_take_it(settings: Settings) -> None:
    settings.SITE_LOGO = SVG
    site = describe_site()
    assert site.logo == Logo("/site/logo/d4dc56669143034f", 60, 20)
    assert site.icons == [Icon(site.logo.address, "image/svg+xml", "any"), OURS]
    assert site.touch_icon == OURS.address
    settings.SITE_LOGO = PNG
    site = describe_site()
    assert site.logo is not None
    assert site.icons == [Icon(site.logo.address, "image/png", "300x100")]
    assert site.touch_icon == site.logo.address != "/site/logo/d4dc56669143034f"


def test_the_accent_is_a_style_sheet_at_an_address_of_its_own(settings: Settings) -> None:
    assert (write_accent_sheet(), name_accent_sheet()) == ("", "")
    settings.SITE_ACCENT = ["#b3124f"]
    one = name_accent_sheet()
    assert write_accent_sheet() == (
        ":root { --site-accent: light-dark(#b3124f, #ce658d); --site-on-accent: light-dark(#ffffff, #000000); "
        "--site-mark: light-dark(#f3e0df, #241f26); }\n#header { border-block-end: 4px solid var(--site-accent); }\n"
    )
    settings.SITE_ACCENT = ["#b3124f", "#ff88aa"]
    assert name_accent_sheet() != one
