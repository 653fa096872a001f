"""Pages for visitors: the board, the place of whoever is signed in, and signing in."""
