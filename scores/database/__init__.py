"""The database as a server sees it that must answer its clients in time: how long it may take, and whether it answers at all."""

from typing import Any

#: What a library makes its connection with, by names and of types that are the library's.
ConnectionOptions = dict[str, Any]
