"""What `./dev run` shows: a seeded board, simulated players, and some who cheat."""
