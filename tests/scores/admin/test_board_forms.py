"""Forms of boards say a refusal at the field it is about, and otherwise above all fields."""

from scores.admin.board_forms import BoardForm, ReasonForm, add_refusal, say_how_to_fill
from scores.errors import InvalidBody, TooManyBoards
from scores.models import Board


def bound(**changes: str) -> BoardForm:
    form = BoardForm(
        {"slug": "today", "label": "Today", "counts": "*", "rule": "sum", "span": "day", "zone": "UTC", **changes}
    )
    assert form.is_valid()
    return form


def test_the_terms_are_the_service_s_and_spaces_after_commas_are_none() -> None:
    form = bound(counts=" chess-* , go")
    terms = {"slug": "today", "label": "Today", "counts": "chess-*,go", "rule": "sum", "span": "day", "zone": "UTC"}
    assert form.terms == {**terms, "ascending": False}


def test_a_refusal_stands_at_its_field_or_above_all() -> None:
    form = bound()
    add_refusal(
        form, InvalidBody(errors=[{"field": "zone", "detail": "No."}, {"field": "board", "detail": "Nor that."}])
    )
    add_refusal(form, TooManyBoards("There are 50 boards already."))
    assert dict(form.errors) == {"zone": ["No."], "__all__": ["Nor that.", "There are 50 boards already."]}


def test_a_reason_may_be_left_out() -> None:
    assert ReasonForm({}).is_valid()


def test_what_fills_a_board_is_told_while_it_is_not_full() -> None:
    assert say_how_to_fill(Board(slug="today")) == ""
    assert "manage.py enable_board today does it" in say_how_to_fill(Board(slug="today", filling=True))
