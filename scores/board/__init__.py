"""The board: its order and ranks, and how a change reaches every open page."""
