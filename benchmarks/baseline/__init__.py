"""The plain way: the same scoreboard as a tutorial would build it, to be compared with."""
