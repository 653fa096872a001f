"""What is read out of a column, for queries and for the indexes that serve them: only the same expression finds its index."""

from django.db.models import F, Func, TextField


def context_key(key: str) -> Func:
    """A key of the context as text; `key` is a word of ours.

    The operator is spelled out, because PostgreSQL and SQLite both have it, and SQLite finds no index by a parameter.
    """
    return Func(F("context"), template=f"(%(expressions)s ->> '{key}')", output_field=TextField())
