"""What an act needs to know, read in one way and written as it is read."""

import pytest

from scores.admin.forms import NumbersField, write_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("7", [7]), (" 3 , 1-2,2 ", [1, 2, 3]), ("14–16", [14, 15, 16]), ("5-4", []), ("1-200", list(range(1, 201)))],
)
def test_numbers_are_read_and_written(text: str, numbers: list[int]) -> None:
    assert NumbersField().clean(text) == numbers
    assert NumbersField(required=False).clean(write_numbers(numbers) or "0") == (numbers or [0])
