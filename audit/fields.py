"""Columns of the log that take less room on PostgreSQL than what the application has in them; on SQLite they are what they are."""

import re
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import Exact, In, Lookup
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    HexText = models.CharField[str, str]
    RefText = models.CharField[str | None, str | None]
    RefLookup = Lookup[Any]
else:
    HexText = RefText = models.CharField
    RefLookup = object

HEX = re.compile(r"(?:[0-9a-f]{2})*")


class HexField(HexText):
    """Bytes, which the application has as lower-case hex."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "bytea" if connection.vendor == "postgresql" else super().db_type(connection)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        text = super().get_db_prep_value(value, connection, prepared)
        if not isinstance(text, str) or connection.vendor != "postgresql":
            return text
        # Who looks for what is no hash finds none.
        return bytes.fromhex(text) if HEX.fullmatch(text) else text.encode()

    def from_db_value(self, value: bytes | str | None, *_: object) -> str | None:
        return value.hex() if isinstance(value, bytes) else value


def select_column(field: object, table: str, vendor: str) -> str:
    """Write the SQL that reads a field of a table, by its name or alias, as the application has it."""
    assert isinstance(field, models.Field)  # noqa: S101 - of a model of ours
    column = f'{table}."{field.column}"'
    return f"encode({column}, 'hex')" if isinstance(field, HexField) and vendor == "postgresql" else column


class RefField(RefText):
    """A text that is unique, and indexed by its digest: `audit_ref_digest` of migration 0013."""


class ByDigest(RefLookup):
    """Asks for the digest beside the text, because only that is in the index."""

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        sql, parameters = self.as_sql(compiler, connection)
        if not self.rhs_is_direct_value():
            return sql, [*parameters]
        text, _ = self.process_lhs(compiler, connection)
        digests = sql.replace(text, f"audit_ref_digest({text})").replace("%s", "audit_ref_digest(%s)")
        return f"({digests} AND {sql})", [*parameters, *parameters]


@RefField.register_lookup
class ExactRef(ByDigest, Exact):
    """One reference."""


@RefField.register_lookup
class InRefs(ByDigest, In):
    """One of several."""
