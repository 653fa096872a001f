"""How a log line looks: one line whatever is in it, with the request's id; as text or as JSON (LOG_FORMAT)."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

#: The id of the request that this thread serves.
request_id: ContextVar[str] = ContextVar("request_id", default="")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextFormatter(logging.Formatter):
    """`TIME LEVEL logger request-id message`; control characters of the message are escaped, so nobody can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        message = "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in record.getMessage()
        )
        line = " ".join(filter(None, [_time(record), record.levelname, record.name, request_id.get(), message]))
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JSONFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "request_id": request_id.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in fields.items() if value})
