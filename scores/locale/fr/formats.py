"""As browsers write French, so that scripts change no number that stands on a page."""

#: A narrow space that breaks no line.
THOUSAND_SEPARATOR = "\u202f"
