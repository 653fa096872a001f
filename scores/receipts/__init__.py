"""Receipts: what proves that a player did something elsewhere, checked and, to try things, made."""
