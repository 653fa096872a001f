"""How a log line looks: one line whatever is in it, with the request's id; as text or as JSON (LOG_FORMAT)."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

#: The id of the request that this thread serves.
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def escape(text: str) -> str:
    """Without anything that ends a line, moves a terminal's cursor or turns its writing round."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


class ClientFaults(logging.Filter):
    """Makes one line of what Django refuses as suspicious (too many fields, too large a form): a traceback is for faults of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class TextFormatter(logging.Formatter):
    """`TIME LEVEL logger request-id message`. Only a line of ours begins at the margin, so nobody can forge one."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [_time(record), record.levelname, record.name, current_request_id.get(), escape(record.getMessage())]
        line = " ".join(filter(None, parts))
        if not record.exc_info:
            return line
        traceback = self.formatException(record.exc_info).splitlines()
        return "\n".join([line, *(f"    {escape(each)}" for each in traceback)])


class JSONFormatter(logging.Formatter):
    """One JSON object a line; what an update or a refusal is about stands in fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "request_id": current_request_id.get(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in fields.items() if value != ""})
