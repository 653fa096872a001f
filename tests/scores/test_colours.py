"""Contrast as WCAG 2.2 has it, and the shades of an accent, which read wherever they are used."""

import re

import pytest

from scores.colours import (
    DARK,
    DEFAULT_ACCENTS,
    LIGHT,
    Faint,
    choose_accents,
    find_faint,
    measure_contrast,
    mix,
    shade,
)
from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database


def test_the_contrast_is_that_of_the_guidelines() -> None:
    assert measure_contrast("#000000", "#ffffff") == measure_contrast("#ffffff", "#000000") == 21
    assert measure_contrast("#0b6848", "#0b6848") == 1
    # The grey that is known for just passing on white.
    assert round(measure_contrast("#767676", "#ffffff"), 2) == 4.54


def test_colours_are_mixed_channel_by_channel() -> None:
    assert [mix("#000000", "#ff8800", share) for share in (0, 0.5, 1)] == ["#000000", "#804400", "#ff8800"]


def test_of_one_accent_the_dark_theme_gets_a_lighter_shade_that_reads() -> None:
    light, dark = choose_accents(["#b3124f"])
    assert (light, dark) == ("#b3124f", "#ce658d")
    assert min(measure_contrast(dark, each) for each in (DARK.paper, DARK.panel, shade(dark, DARK).mark)) >= 4.5
    assert choose_accents(["#b3124f", "#ff0000"]) == ("#b3124f", "#ff0000")
    assert choose_accents([]) == DEFAULT_ACCENTS


@pytest.mark.parametrize("accent", ["#000000", "#ffffff", "#777777", "#ffcc00", "#0000ff"])
def test_what_is_written_on_an_accent_reads(accent: str) -> None:
    assert measure_contrast(accent, shade(accent, LIGHT).on_accent) >= 4.5


def test_an_accent_that_does_not_read_is_found_where_it_reads_worst() -> None:
    assert list(find_faint([])) == list(find_faint(["#b3124f"])) == []
    [faint] = find_faint(["#ffcc00"])
    assert faint._replace(ratio=round(faint.ratio, 2)) == Faint("light", "#ffcc00", "#faf3d7", 1.36)
    assert [(each.theme, each.accent) for each in find_faint(["#ffcc00", "#000080"])] == [
        ("light", "#ffcc00"),
        ("dark", "#000080"),
    ]


def test_they_are_those_of_the_style_sheet() -> None:
    sheet = (ROOT / "static/scoreboard/board.css").read_text(encoding="utf-8")
    found = dict(re.findall(r"--(paper|panel|ink|accent): .*?light-dark\((#\w+, #\w+)\)", sheet))
    assert found == {
        "paper": f"{LIGHT.paper}, {DARK.paper}",
        "panel": f"{LIGHT.panel}, {DARK.panel}",
        "ink": f"{LIGHT.ink}, {DARK.ink}",
        "accent": ", ".join(DEFAULT_ACCENTS),
    }
