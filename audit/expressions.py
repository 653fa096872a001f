"""What is read out of a column, for queries and for the indexes that serve them: only the same expression finds its index."""

from typing import Any

from django.db.models import F, Func, TextField, Value
from django.db.models.functions import NullIf, StrIndex, Substr


def context_key(key: str) -> Func:
    """A key of the context as text; `key` is a word of ours.

    The operator is spelled out, because PostgreSQL and SQLite both have it, and SQLite finds no index by a parameter.
    """
    return Func(F("context"), template=f"(%(expressions)s ->> '{key}')", output_field=TextField())


def issuer_of_ref() -> Any:
    """The issuer in the reference of a receipt, `r:ISSUER:JTI`; of others something else, so ask for those of receipts alone."""
    length = NullIf(StrIndex(Substr(F("ref"), 3), Value(":")), Value(0)) - 1
    return Substr(F("ref"), 3, length)
