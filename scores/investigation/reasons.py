"""Why a person did something: the sentence that every act and every review is recorded with."""

from scores.errors import CorrectionRefused
from scores.storable import is_storable

MAXIMUM_REASON_LENGTH = 1000


def check_reason(reason: str) -> str:
    """Return the reason without the space around it.

    Raises CorrectionRefused when it is empty, too long, or text that the database cannot hold.
    """
    reason = reason.strip()
    if not is_storable(reason):
        raise CorrectionRefused("A reason is text, without U+0000 and in UTF-8.")
    if not 1 <= len(reason) <= MAXIMUM_REASON_LENGTH:
        raise CorrectionRefused(f"Give a reason of 1 to {MAXIMUM_REASON_LENGTH} characters.")
    return reason
