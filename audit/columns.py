"""The columns of the desk's lists: their headings in words, marks only where something is the case, and each cell's heading beside it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from django import template
from django.contrib import admin
from django.contrib.admin.utils import display_for_field
from django.db.models import Field, Model
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
Column = Callable[[Any], str]


def head_column(field: str, heading: str, *, zero: str = "") -> Column:
    """Make a column of a field that is headed by words of the desk, not by the field's name; `zero` is what a 0 of it means."""

    @admin.display(description=heading, ordering=field)
    def shown(row: Model) -> str:
        value = getattr(row, field)
        if zero and value == 0:
            return zero
        return str(display_for_field(value, cast("Field[Any, Any]", row._meta.get_field(field)), ""))

    shown.__name__ = field
    return shown


def mark_column(field: str, heading: str, word: str, *, is_marked: bool = True) -> Column:
    """Make a column that has this word where the field is so, and nothing elsewhere: a cross is no way to say that all is well."""

    @admin.display(description=heading, ordering=field, empty_value="")
    def shown(row: Model) -> str:
        return word if getattr(row, field) == is_marked else ""

    shown.__name__ = field
    return shown


@register.filter
def with_headings(cells: Iterable[SafeString], headers: Iterable[dict[str, Any]]) -> Iterator[SafeString]:
    """Give each cell of Django's list, `<td ...>` or `<th ...>`, the heading that stands beside it where rows are cards."""
    for cell, header in zip(cells, headers, strict=True):
        text = str(header["text"])
        # The column of checkboxes has one in the place of its heading.
        heading = "" if text.startswith("<") else text[:1].upper() + text[1:]
        tag, rest = mark_safe(cell[:3]), mark_safe(cell[3:])  # noqa: S308 - Django's own
        yield format_html('{} data-heading="{}"{}', tag, heading, rest)
