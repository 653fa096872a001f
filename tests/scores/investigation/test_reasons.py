"""A reason is a sentence that can be kept."""

import pytest

from scores.errors import CorrectionRefused
from scores.investigation.reasons import MAXIMUM_REASON_LENGTH, check_reason


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", "Give a reason of 1 to 1000 characters."),
        (" \n\t", "Give a reason of 1 to 1000 characters."),
        ("x" * 1001, "Give a reason of 1 to 1000 characters."),
        ("a\0b", "A reason is text, without U+0000 and in UTF-8."),
        ("\ud800", "A reason is text, without U+0000 and in UTF-8."),
    ],
)
def test_what_cannot_be_kept_is_refused(reason: str, sentence: str) -> None:
    with pytest.raises(CorrectionRefused) as refusal:
        check_reason(reason)
    assert refusal.value.detail == sentence


def test_it_is_kept_without_the_space_around_it() -> None:
    assert check_reason("  seen in the recording\n") == "seen in the recording"
    assert check_reason("ü" * MAXIMUM_REASON_LENGTH) == "ü" * MAXIMUM_REASON_LENGTH
