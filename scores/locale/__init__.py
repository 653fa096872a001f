"""Text in several languages, and how its numbers are written."""
