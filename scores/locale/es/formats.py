"""As browsers write Spanish, so that scripts change no number that stands on a page."""

THOUSAND_SEPARATOR = "."
