"""The notice of corrections on the board, in words of its reader."""

from typing import NamedTuple

from django.db import InterfaceError, OperationalError
from django.utils.formats import localize
from django.utils.translation import gettext as _

from scores.board.notices import Notices, read_notices

#: The page has room for so many.
SHOWN = 3


class Wording(NamedTuple):
    """What is said of a kind of correction, `{count}` standing for how many."""

    kind: str
    words: str


class ShownNotice(NamedTuple):
    """A notice in words."""

    at: str
    text: str


class ShownCorrections(NamedTuple):
    """The newest notices, and the words in which the page's script says later ones."""

    notices: list[ShownNotice]
    words: list[Wording]


def describe_corrections() -> ShownCorrections:
    """Describe the newest corrections; none while the database is away, when the board is shown all the same."""
    words = [
        Wording("void", _("Entries voided: {count}")),
        Wording("restore", _("Entries restored: {count}")),
        Wording("adjust", _("Scores adjusted: {count}")),
        Wording("freeze", _("Players taken off the board: {count}")),
        Wording("unfreeze", _("Players back on the board: {count}")),
    ]
    said = {each.kind: each.words for each in words}
    notices = [
        ShownNotice(notice["at"], said[notice["kind"]].format(count=localize(notice["count"])))
        for notice in _read()["corrections"][:SHOWN]
    ]
    return ShownCorrections(notices, words)


def _read() -> Notices:
    try:
        return read_notices()
    except (OperationalError, InterfaceError):
        return {"corrections": []}
