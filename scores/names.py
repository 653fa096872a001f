"""The one rule for the names shown on the board."""

import unicodedata

from scores.errors import InvalidName

MAXIMUM_LENGTH = 64
MAXIMUM_MARKS_IN_A_ROW = 4


def clean_name(text: str) -> str:
    """The name as it is stored (NFC); raises InvalidName with a sentence.

    1 to 64 letters, marks, numbers, punctuation, symbols and single inner spaces; nothing that hides, reorders or
    breaks the text around it (controls, bidi and zero-width formats, surrogates, private use, unassigned, line breaks).
    """
    name = unicodedata.normalize("NFC", text)
    if not 1 <= len(name) <= MAXIMUM_LENGTH:
        raise InvalidName(f"A name has 1 to {MAXIMUM_LENGTH} characters.")
    marks = 0
    for character in name:
        category = unicodedata.category(character)
        if category[0] not in "LMNPS" and character != " ":
            raise InvalidName(f"A name may not hold the character U+{ord(character):04X}.")
        marks = marks + 1 if category[0] == "M" else 0
        if marks > MAXIMUM_MARKS_IN_A_ROW:
            raise InvalidName(f"A name may not hold more than {MAXIMUM_MARKS_IN_A_ROW} combining marks in a row.")
    if name != " ".join(name.split(" ")).strip(" ") or "  " in name:
        raise InvalidName("A name may hold single spaces between words only.")
    if not name_key(name).strip():
        raise InvalidName("A name needs a visible character.")
    return name


def name_key(name: str) -> str:
    """What must be unique: two names that differ in case or compatibility forms only are one (NFKC, casefold)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
