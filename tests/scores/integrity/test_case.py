"""A file that is no case, or a part of one, is refused with what it lacks."""

import json

import pytest

from scores.integrity.case import CaseInvalid, read_case
from scores.integrity.case_writing import write_case
from tests.support.cases import Desk


def test_a_file_that_is_cut_off_or_is_none_is_refused(desk: Desk) -> None:
    text = "".join(write_case(desk.players[0]))
    for broken in (
        text[:-10],
        "",
        "[]",
        '{"format": "scoreboard.case.v1"}',
        text.replace('"seq": 1,', '"seq": true,', 1),
    ):
        with pytest.raises(CaseInvalid):
            read_case(broken.encode())
    extended = json.dumps({**desk.document, "more": 1})
    with pytest.raises(CaseInvalid, match="parts"):
        read_case(extended.encode())
