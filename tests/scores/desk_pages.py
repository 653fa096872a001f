"""Reading the pages of the desk as a person does: their words, and what is in their pictures."""

import re
from xml.etree.ElementTree import Element, fromstring

SVG = "{http://www.w3.org/2000/svg}"
#: The actor of corrections that no test signs in for.
ADMIN = "00000000-0000-4000-8000-00000000000a"


def read_text(html: str) -> str:
    """What is to be read on it, without the pictures."""
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL))


def read_chart(html: str, name: str) -> Element:
    """The picture of this name, which is well-formed."""
    [chart] = [svg for svg in re.findall(r"<svg[^>]*chart.*?</svg>", html, flags=re.DOTALL) if f'"{name}-title' in svg]
    return fromstring(chart)  # noqa: S314 - our own page


def titles(chart: Element, kind: str) -> list[str]:
    """What the elements of this class say when pointed at."""
    return [element.findtext(f"{SVG}title", "") for element in chart.iter() if kind in element.get("class", "").split()]
