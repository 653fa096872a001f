"""What the site is called and looks like: title, logo, icons and accent, wherever it shows itself."""

import functools
import hashlib
from typing import NamedTuple

from django.conf import settings
from django.templatetags.static import static
from django.utils.translation import gettext as _

from scores.colours import DARK, LIGHT, choose_accents, shade

SVG = "image/svg+xml"


class Icon(NamedTuple):
    """An icon of the site; `sizes` as HTML and the manifest have it."""

    address: str
    media_type: str
    sizes: str


class Logo(NamedTuple):
    """The operator's own picture, with its proportions."""

    address: str
    width: int
    height: int


class Appearance(NamedTuple):
    """What templates say of the site; the addresses of logo and accent are empty, or None, where nothing is set."""

    title: str
    logo: Logo | None
    accent: str
    icons: list[Icon]
    touch_icon: str
    light: str
    dark: str


def describe_title() -> str:
    """Say what the site is called, in the reader's language where the operator named nothing."""
    return settings.SITE_TITLE or _("Scoreboard")


def describe_site() -> Appearance:
    """Describe how the site shows itself."""
    icons = list_icons()
    touch_icon = next(icon.address for icon in reversed(icons) if icon.media_type != SVG)
    return Appearance(describe_title(), find_logo(), name_accent_sheet(), icons, touch_icon, LIGHT.paper, DARK.paper)


def find_logo() -> Logo | None:
    """Find the logo's address, which changes with its bytes."""
    logo = settings.SITE_LOGO
    return logo and Logo(f"/site/logo/{make_digest(logo.body)}", logo.width, logo.height)


def list_icons() -> list[Icon]:
    """List the icons, the operator's own first; our PNG last, for phones that take nothing else."""
    ours = Icon(static("scoreboard/icon-512.png"), "image/png", "512x512")
    logo = settings.SITE_LOGO
    if logo is None:
        return [Icon(static("scoreboard/favicon.svg"), SVG, "any"), ours]
    own = Icon(
        f"/site/logo/{make_digest(logo.body)}",
        logo.media_type,
        "any" if logo.media_type == SVG else f"{logo.width}x{logo.height}",
    )
    return [own, ours] if logo.media_type == SVG else [own]


def write_accent_sheet() -> str:
    """Write the style sheet that gives pages and desk the operator's accent; empty where none is set."""
    if not settings.SITE_ACCENT:
        return ""
    accents = choose_accents(settings.SITE_ACCENT)
    light, dark = (shade(accent, theme) for accent, theme in zip(accents, (LIGHT, DARK), strict=True))
    names = ("accent", "on-accent", "mark")
    shades = [
        f"--site-{name}: light-dark({one}, {other});" for name, one, other in zip(names, light, dark, strict=True)
    ]
    return f":root {{ {' '.join(shades)} }}\n#header {{ border-block-end: 4px solid var(--site-accent); }}\n"


def name_accent_sheet() -> str:
    """Name the address of that style sheet, which changes with it; empty where there is none."""
    sheet = write_accent_sheet()
    return f"/site/accent/{make_digest(sheet.encode())}.css" if sheet else ""


@functools.lru_cache(maxsize=8)
def make_digest(body: bytes) -> str:
    """Make the part of an address that is another for other bytes."""
    return hashlib.sha256(body).hexdigest()[:16]
