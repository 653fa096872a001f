"""What is read out of an entry by its columns, the same on both databases."""

from uuid import uuid4

import pytest

from audit.expressions import context_key
from audit.models import AuditEntry
from tests.support.chains import grow

pytestmark = pytest.mark.django_db


def test_a_key_of_the_context_is_text_or_nothing() -> None:
    grow(uuid4())
    entries = AuditEntry.objects.annotate(reason=context_key("reason"), address=context_key("address"))
    assert list(entries.values_list("reason", "address")) == [("a test", None)]
