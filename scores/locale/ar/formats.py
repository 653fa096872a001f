"""As browsers write Arabic with Latin digits, which are those of every page here: a region's own would be known to scripts alone."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
