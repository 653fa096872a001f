"""What an operator can put right, told in a sentence instead of a traceback."""

import errno
import sqlite3

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError

from scores.database.pooling import SessionsShared
from scores.errors import Refused

#: What the system refuses a program that is all right itself: room, rights, a path that leads nowhere.
SYSTEM_FAULTS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.EROFS, errno.EACCES, errno.EPERM}
    | {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
)
MIGRATE = "The database lacks tables or columns: run manage.py migrate"


def describe(error: BaseException) -> str | None:
    """The sentence for this error; None for a fault of ours, which deserves its traceback."""
    if isinstance(error, Refused):
        return f"Refused: {error.explanation}"
    text = " ".join(str(error).split())
    if isinstance(error, ImproperlyConfigured):
        return f"Configuration: {text}"
    if (isinstance(error, ProgrammingError) and "does not exist" in text) or (
        isinstance(error, OperationalError) and text.startswith("no such ")
    ):
        # PostgreSQL quotes the statement too, which says nothing to whoever forgot to migrate.
        return f"Database: {MIGRATE} ({text.partition(' LINE ')[0]})."
    if isinstance(error, SessionsShared):
        return f"Database: {text}."
    # SQLite calls a file that is none of its own a plain DatabaseError.
    is_no_database = type(error.__cause__) is sqlite3.DatabaseError
    if is_no_database or isinstance(error, OperationalError | InterfaceError | InternalError):
        return f"Database: DATABASE_URL names one that cannot be used: {text.rstrip('.?')}."
    if isinstance(error, OSError) and error.errno in SYSTEM_FAULTS:
        place = f" ({error.filename})" if error.filename else ""
        return f"System: {error.strerror}{place}."
    return None
