"""The one rule for the names shown on the board: what is a name, which two names are one, and how a strange one is repaired."""

import unicodedata
from collections.abc import Iterator
from uuid import UUID

import regex

from scores.errors import InvalidName

MAXIMUM_LENGTH = 64
MAXIMUM_MARKS_IN_A_ROW = 4
#: What shows nothing: Default_Ignorable_Code_Point (UAX #44), and the signs that Unicode draws blank.
_INVISIBLE = r"\p{Default_Ignorable_Code_Point}\u2800\U00013441\U00013442\U00016FE4\U0001D159"
#: A joiner that gives the letters beside it their form (RFC 5892, appendices A.1 and A.2).
_JOINER = (
    r"(?<=\p{Canonical_Combining_Class=Virama})[\u200C\u200D]"
    r"|(?<=[\p{Joining_Type=L}\p{Joining_Type=D}]\p{Joining_Type=T}*)\u200C"
    r"(?=\p{Joining_Type=T}*[\p{Joining_Type=R}\p{Joining_Type=D}])"
)
#: What one emoji is made of (UTS #51, section 1.4.9): a flag, a keycap, a region's flag in tags, a sign with its skin or style.
_EMOJI = (
    r"(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F\u20E3|\U0001F3F4[\U000E0030-\U000E0039\U000E0061-\U000E007A]{3,6}\U000E007F"
    r"|(?![0-9#*])\p{Emoji}(?:\p{Emoji_Modifier}|\uFE0F)?)"
)
_FIT = regex.compile(
    rf"(?V1){_EMOJI}(?:\u200D{_EMOJI})*|{_JOINER}|[ [\p{{L}}\p{{M}}\p{{N}}\p{{P}}\p{{S}}--[{_INVISIBLE}]]]"
)
_VISIBLE = regex.compile(rf"(?V1)[\p{{L}}\p{{N}}\p{{P}}\p{{S}}--[{_INVISIBLE}]]")
_HIDDEN = regex.compile(rf"[{_INVISIBLE}]")
#: A joiner between two marks does not part them: all of them stand on the same letter.
_TOO_MANY_MARKS = regex.compile(
    rf"((?:\p{{M}}[\u200C\u200D]?){{{MAXIMUM_MARKS_IN_A_ROW - 1}}}\p{{M}})(?:[\u200C\u200D]?\p{{M}})+"
)
_SPACES = regex.compile(r"\p{Zs}+")
_BREAKS_AND_SPACES = regex.compile(r"[\p{Z}\p{Cc}]+")
#: With the @ of any width.
_AT = r"@\uFE6B\uFF20"
#: A dot behind the @ makes an address of it: `pl@yer` is how some people are called.
_EMAIL = regex.compile(rf"([^\s<>{_AT}]+)[{_AT}][^\s<>{_AT}]*[.\uFF0E\u3002][^\s<>{_AT}]+")
#: What is a name as it is, of most people: visible ASCII, single spaces, no @.
_PLAIN = regex.compile(r"[!-?A-~]+(?: [!-?A-~]+)*")
_ERASED = regex.compile(r"erased [0-9a-f]{12}")


def clean_name(text: str) -> str:
    """Give the name as it is stored: NFC, trimmed, inner spaces of any kind folded to one.

    A name has 1 to 64 letters, marks, numbers, punctuation and symbols, one of them visible; nothing that hides, reorders or
    breaks the text around it, and at most 4 marks in a row. What shows nothing is let in only where a script or an emoji needs
    it. Raises InvalidName, with a sentence, when the text is no such name, holds an e-mail address, or is what somebody is called
    who was erased.
    """
    name = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip(" ")
    if not 1 <= len(name) <= MAXIMUM_LENGTH:
        raise InvalidName(f"A name has 1 to {MAXIMUM_LENGTH} characters.")
    end = 0
    for start, part in _find_fit(name):
        if start != end:
            break
        end += len(part)
    if end != len(name):
        raise InvalidName(f"A name may not hold the character U+{ord(name[end]):04X}.")
    if _TOO_MANY_MARKS.search(name):
        raise InvalidName(f"A name may not hold more than {MAXIMUM_MARKS_IN_A_ROW} combining marks in a row.")
    if not _VISIBLE.search(name):
        raise InvalidName("A name needs a visible character.")
    if _EMAIL.search(name):
        raise InvalidName("An e-mail address is no name to show.")
    if _is_reserved(name):
        raise InvalidName("Only players who were erased are called that.")
    return name


def repair_name(text: str) -> str:
    """Make the nearest name of a text that came from elsewhere; empty where nothing of it can be shown.

    What `clean_name` refuses is left out; of an e-mail address the part before the @ stays; too long a name is cut between two
    characters as readers see them (UAX #29).
    """
    is_plain = len(text) <= MAXIMUM_LENGTH and _PLAIN.fullmatch(text) is not None
    name, before = text, text if is_plain else None
    while name != before:  # what is left out may have stood between two things that do not go together
        before = name
        name = unicodedata.normalize("NFC", _EMAIL.sub(r"\1", _BREAKS_AND_SPACES.sub(" ", name)))
        name = _TOO_MANY_MARKS.sub(r"\1", "".join(part for _, part in _find_fit(name)))
        name = cut_name(name, MAXIMUM_LENGTH).strip(" ")
    return name if _VISIBLE.search(name) and not _is_reserved(name) else ""


def cut_name(name: str, length: int) -> str:
    """The beginning of a name, at most so long, that ends between two characters as readers see them (UAX #29)."""
    end = 0
    for cluster in regex.finditer(r"\X", name):
        if cluster.end() > length:
            break
        end = cluster.end()
    return name[:end]


def number_name(name: str, number: int) -> str:
    """What the first, second, third ... who has this name is called: `Alex Smith`, then `Alex Smith (2)`."""
    if number == 1:
        return name
    suffix = f" ({number})"
    return cut_name(name, MAXIMUM_LENGTH - len(suffix)).rstrip(" ") + suffix


def name_key(name: str) -> str:
    """What must be unique: names that differ in case, in compatibility forms or in what shows nothing are one.

    As NFKC_Casefold (The Unicode Standard, section 3.13).
    """
    key, before = name, None
    while key != before:
        before = key
        key = unicodedata.normalize("NFKC", _HIDDEN.sub("", unicodedata.normalize("NFKC", key).casefold()))
    return key


def fold_name(text: str) -> str:
    """What a name is searched by: as `name_key`, and without accents and all other marks that take no room of their own."""
    parts = unicodedata.normalize("NFD", name_key(text))
    return unicodedata.normalize("NFC", "".join(part for part in parts if unicodedata.category(part) != "Mn"))


def search_key(name: str) -> str:
    """The folded name where that is another than `name_key`, and nothing otherwise."""
    folded = fold_name(name)
    return "" if folded == name_key(name) else folded


def erased_name(player: UUID) -> str:
    """What a player is called whose person was erased."""
    return f"Erased {player.hex[:12]}"


def _is_reserved(name: str) -> bool:
    """Whether an erasure gives such names: who took one would stand in its way, or pass for a person who was erased."""
    return _ERASED.fullmatch(name_key(name)) is not None


def _find_fit(name: str) -> Iterator[tuple[int, str]]:
    """Where each part is that a name may hold. Letters that this Python does not know yet could get another key from the next one."""
    for found in _FIT.finditer(name):
        part = found.group()
        if unicodedata.category(part[0]) != "Cn" or regex.match(r"\p{Emoji}", part):
            yield found.start(), part
