"""Routes that the server treats in a way of their own."""

TOP = "/api/score/top"
UPDATE = "/api/score/update"
#: What everybody looks at, also while the database is away.
BOARDS = frozenset({"/", "/embed", TOP, "/metrics"})
#: Where passwords are hashed, which takes a core for a good part of a second.
LOGINS = frozenset({"/api/token", "/login", "/admin/login/"})
#: These count requests for themselves, each what it costs; what is not among them, `PageLimit` counts.
LIMITED_BY_THEMSELVES = frozenset(
    {UPDATE, TOP, "/api/score/me", "/api/token", "/api/token/refresh", "/api/token/revoke", "/you"}
)
