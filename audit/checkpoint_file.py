"""The copy of the checkpoints outside the database: a file that only grows, one JWS a line."""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

#: Longer than any block, of which one with all the statements it may have has 20 KiB.
TAIL_BYTES = 64 * 1024


def read_last(path: str) -> str:
    """Return the last whole line, or an empty string where there is none. Raises OSError when the file cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return _read_last(file.fileno())
    except FileNotFoundError:
        return ""


def read_all(path: str) -> Iterator[str]:
    """Read the line of each block. Half of one, as a full disk leaves it, is left out where the next line is the whole of it.

    Raises OSError when the file cannot be read.
    """
    before = ""
    with Path(path).open(encoding="utf-8", errors="replace") as file:
        for line in file:
            text = line.strip()
            if before and not (text.startswith(before) and text != before):
                yield before
            before = text
    if before:
        yield before


def append_missing(path: str, find_missing: Callable[[str], Iterable[str]]) -> None:
    """Append what `find_missing` finds after the last line, under the file's lock; it is on the disk when this returns.

    Raises OSError, which names the file, when it cannot be written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        missing = "".join(f"{line}\n" for line in find_missing(_read_last(descriptor)))
        if not missing:
            return
        size = os.fstat(descriptor).st_size
        # A writer that was killed, or a full disk, may have left half a line: end it, so that ours are whole.
        broken = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        _write(descriptor, f"{chr(10) if broken else ''}{missing}".encode("ascii"))
        os.fsync(descriptor)
    except OSError as error:
        # Of a descriptor the system does not say which file it is.
        raise OSError(error.errno, error.strerror, path) from error
    finally:
        os.close(descriptor)


def _read_last(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    start = max(0, size - TAIL_BYTES)
    whole, _, _ = os.pread(descriptor, size - start, start).rpartition(b"\n")
    return whole.rpartition(b"\n")[2].decode("utf-8", "replace").strip()


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
