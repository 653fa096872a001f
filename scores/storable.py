"""Text that every database of ours stores. PostgreSQL takes neither U+0000 nor half of a surrogate pair, and says so with an error."""

import re

#: A lone surrogate is what Python makes of a command's argument that is not UTF-8.
UNSTORABLE = re.compile("[\\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    return UNSTORABLE.search(text) is None
