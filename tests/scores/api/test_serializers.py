"""What comes in is exact: text is text, and a field that is not known is refused by its name. What goes out is as described."""

from typing import Any

import pytest

from audit.models import AuditEntry
from scores.api.serializers import AwardShape, LoginBody, RefreshBody, UpdateBody, show_award
from scores.awards.rules import Award

PLAYER = "00000000-0000-0000-0000-000000000001"


def faults(body: type[Any], data: Any) -> dict[str, list[str]]:
    shape = body(data=data)
    shape.is_valid()
    return {field: [str(message) for message in messages] for field, messages in shape.errors.items()}


@pytest.mark.parametrize(
    ("body", "data", "expected"),
    [
        (UpdateBody, {"action": "daily-quiz"}, {}),
        (UpdateBody, {}, {"action": ["Send exactly one of action and receipt."]}),
        (UpdateBody, {"action": "a", "receipt": "b"}, {"action": ["Send exactly one of action and receipt."]}),
        (UpdateBody, {"action": 5}, {"action": ["Must be a string."]}),
        (UpdateBody, {"action": "a", "points": 5, "b": 1}, {"b": ["Unknown field."], "points": ["Unknown field."]}),
        (LoginBody, {"username": "ada", "password": "x" * 1024}, {}),
        (RefreshBody, {"refresh": None}, {"refresh": ["This field may not be null."]}),
    ],
)
def test_each_fault_is_said_under_the_name_of_its_field(
    body: type[Any], data: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert faults(body, data) == expected


def test_text_has_bounds() -> None:
    assert faults(UpdateBody, {"action": "x" * 65}).keys() == {"action"}
    assert faults(UpdateBody, {"receipt": "x" * 4097}).keys() == {"receipt"}
    assert faults(LoginBody, {"username": "", "password": "x" * 1025}).keys() == {"username", "password"}


def test_spaces_are_somebodys_password() -> None:
    shape = LoginBody(data={"username": " ada ", "password": " x "})
    assert shape.is_valid()
    assert shape.validated_data == {"username": " ada ", "password": " x "}


def test_an_award_is_shown_as_it_is_described() -> None:
    entry = AuditEntry(
        player=PLAYER, seq=3, kind="award", delta=10, balance=30, action="daily-quiz", ref="r:quiz:1", mac="0" * 64
    )
    shown = show_award(Award(entry, "Ada", replayed=True))
    assert shown == {
        "player": {"id": PLAYER, "name": "Ada"},
        "action": "daily-quiz",
        "delta": 10,
        "score": 30,
        "verified": True,
        "replayed": True,
        "entry": {"seq": 3, "mac": "0" * 64},
    }
    described = AwardShape(data=shown)
    assert described.is_valid(), described.errors
    assert shown.keys() == AwardShape().fields.keys()
