"""The list of entries: what comes after a place in it, and what a search finds."""

from uuid import UUID, uuid4

import pytest

from audit import changelist
from audit.models import AuditEntry
from tests.support.chains import grow

ADA, BEA = UUID(int=1), UUID(int=2)


@pytest.mark.django_db
def test_what_comes_after_a_place_in_the_order_of_the_list_is_earlier() -> None:
    head = grow(ADA)
    grow(BEA)
    grow(ADA, head)
    newest, middle, oldest = entries = list(AuditEntry.objects.order_by(*changelist.NEWEST_FIRST))
    for index, entry in enumerate(entries):
        later = changelist.earlier(AuditEntry.objects.all(), entry.at_us, entry.pk)
        assert list(later.order_by(*changelist.NEWEST_FIRST)) == entries[index + 1 :]
    # Two of one microsecond are told apart by their ids.
    assert list(changelist.earlier(AuditEntry.objects.all(), middle.at_us, middle.pk)) == [oldest]
    assert newest in changelist.earlier(AuditEntry.objects.all(), newest.at_us, newest.pk + 1)


@pytest.mark.django_db
def test_a_search_takes_a_whole_player_reference_or_request_and_no_part_of_one() -> None:
    grow(ADA)
    AuditEntry(
        player=BEA, seq=1, kid="k", kind="award", delta=1, balance=1, action="", ref="k:one", actor="system", at_us=1,
        detail="", prev="", mac="", context={"address": "192.0.2.1", "request": uuid4().hex},
    ).save(force_insert=True)  # fmt: skip
    request = str((AuditEntry.objects.get(player=BEA).context or {})["request"])

    def find(term: str) -> list[UUID]:
        return list(changelist.search(AuditEntry.objects.all(), term).values_list("player", flat=True))

    for term in (str(BEA), BEA.hex, "k:one", request, "192.0.2.1", "::ffff:192.0.2.1"):
        assert find(term) == [BEA], term
    for term in (str(BEA)[:-1], "k:on", request[:8], "192.0.2", "192.0.2.2", ""):
        assert find(term) == [], term
