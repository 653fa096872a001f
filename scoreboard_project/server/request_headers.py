"""Headers that Django would fail at in the middle of reading, or take seconds for, as they are read here."""

import re

import regex

#: Django accepts any Python codec as charset and RFC 2231 parameters in any order. Most raise errors inside Django, and long headers
#: take 0.2 s to parse. So: UTF-8 only, this length at most.
LONGEST_CONTENT_TYPE = 256
#: What is called otherwise is bytes of no known kind: the API answers 415, and there is no form in it.
UNKNOWN_CONTENT = "application/octet-stream"
#: Possessive: tried in one way only, however many blanks there are. Python's own module takes such patterns wrongly before 3.11.5.
PLAIN = regex.compile(
    r'[\w.+-]++/[\w.+-]++(?:[ \t]*+;[ \t]*+(?:[\w-]++=(?:[^\s;"\\*%]++|"[^"\\*%]*+"))?+)*+[ \t]*+', regex.ASCII
)
CHARSET = re.compile(r';[ \t]*charset="?([^\s;"]*)', re.IGNORECASE)


def read_content_type(text: str) -> str:
    """The text of the header as it stands, where everybody reads it alike; UNKNOWN_CONTENT for any other."""
    is_plain = len(text) <= LONGEST_CONTENT_TYPE and PLAIN.fullmatch(text) is not None
    return text if is_plain and all(name.lower() == "utf-8" for name in CHARSET.findall(text)) else UNKNOWN_CONTENT


#: Of escaped characters in cookies; ours have a few dozen. Pythons before 3.11.10 (CVE-2024-7592) read each in a time that grows
#: with the text: 15 000 of them in a head of 32 KiB took 3 s.
MOST_ESCAPES = 512


def read_cookies(text: str) -> str:
    """The text of the header, or none of it where that would take long."""
    return text if text.count("\\") <= MOST_ESCAPES else ""
