"""Addresses as proxies and systems write them: each has one spelling, and what is none names nobody."""

import pytest

from scores.addresses import read_address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.20", "203.0.113.20"),
        (" 203.0.113.20:50000 ", "203.0.113.20"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1:443", "2001:db8::1:443"),  # without brackets, all of it is the address
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:443", "fe80::1"),
        ("::ffff:203.0.113.20", "203.0.113.20"),
        ("::FFFF:203.0.113.20:50000", "203.0.113.20"),
        ("[::ffff:203.0.113.20]:50000", "203.0.113.20"),
        ("[fe80:0000:0000:0000:0000:ffff:203.0.113.200%25fifteen-letters]:65535", "fe80::ffff:cb00:71c8"),
        ("::ffff:102:304", "1.2.3.4"),  # all of it is the address, and none of it a port
    ],
)
def test_an_address_has_one_spelling(written: str, address: str) -> None:
    assert read_address(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "unknown",
        "_hidden",
        "ada.example:443",
        "203.0.113.20:",
        "203.0.113.20:http",
        "203.0.113.20:50000:1",
        "203.0.113",
        "203.0.113.020",
        "٢٠٣.0.113.20",
        "[2001:db8::1",
        "2001:db8::1]:443",
        "[]:443",
        "[%eth0]",
        "x" * 60_000,
        "fe80::1%" + "x" * 60_000,
    ],
)
def test_what_is_no_address_is_unknown(written: str) -> None:
    assert read_address(written) == "unknown"
