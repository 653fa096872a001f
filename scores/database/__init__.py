"""The database as a server sees it that must answer its clients in time: how long it may take, and whether it answers at all."""
