"""Awards: what an act is worth, and that it is credited exactly once."""
