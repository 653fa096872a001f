"""Columns of lists: headed by words, marked where something is the case, each cell beside its heading."""

import pytest
from django.utils.html import format_html

from audit.columns import head_column, mark_column, with_headings
from audit.models import Refusal, Verification

pytestmark = pytest.mark.any_database


def test_a_column_shows_the_field_under_other_words() -> None:
    column = head_column("count", "attempts")
    assert column(Refusal(count=1234)) == "1,234"
    assert (column.__name__, vars(column)["short_description"]) == ("count", "attempts")


def test_a_mark_stands_only_where_something_is_the_case() -> None:
    compared, alone = (Verification(pinned=pinned) for pinned in (True, False))
    marked, marked_not = mark_column("pinned", "copy", "yes"), mark_column("pinned", "copy", "none", is_marked=False)
    assert [marked(compared), marked(alone)] == ["yes", ""]
    assert [marked_not(compared), marked_not(alone)] == ["", "none"]


def test_each_cell_gets_its_heading_and_keeps_what_it_is() -> None:
    cells = [format_html('<td class="{}"><input></td>', "action-checkbox"), format_html('<th class="a">{}</th>', "<i>")]
    headers = [{"text": "<input>"}, {"text": 'time "of" day'}]
    assert list(with_headings(cells, headers)) == [
        '<td data-heading="" class="action-checkbox"><input></td>',
        '<th data-heading="Time &quot;of&quot; day" class="a">&lt;i&gt;</th>',
    ]


def test_a_zero_says_what_it_means() -> None:
    column = head_column("count", "attempts", zero="none")
    assert [column(Refusal(count=count)) for count in (0, 3)] == ["none", "3"]
