"""What is read out of an entry by its columns, the same on both databases."""

from uuid import uuid4

import pytest
from django.db.models import F

from audit.expressions import context_key, issuer_of_ref
from audit.models import AuditEntry
from tests.support.chains import grow

pytestmark = pytest.mark.django_db


def test_a_key_of_the_context_is_text_or_nothing() -> None:
    grow(uuid4())
    entries = AuditEntry.objects.annotate(reason=context_key("reason"), address=context_key("address"))
    assert list(entries.values_list("reason", "address")) == [("a test", None)]


@pytest.mark.parametrize(
    ("ref", "issuer"), [("r:quiz-backend:j:1", "quiz-backend"), ("r::j", ""), ("r:no-second-colon", None), (None, None)]
)
def test_the_issuer_of_a_receipt_stands_between_the_first_two_colons(ref: str | None, issuer: str | None) -> None:
    entry = AuditEntry(
        player=uuid4(), seq=1, kid="k", kind="award", delta=0, balance=0, action="", ref=ref, actor="system", at_us=1,
        detail="", prev="", mac="", context={},
    )  # fmt: skip
    entry.save(force_insert=True)
    assert AuditEntry.objects.annotate(issuer=issuer_of_ref(), as_stored=F("ref")).get().issuer == issuer
