"""The threads that serve requests: some for each kind, so that what holds up one kind holds up no other.

A database that does not answer, a lock, an investigator's long act, password hashing: each can keep busy only the threads of
its own kind. They are made when they are first needed; each that asks the database keeps a connection.
"""

from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from scoreboard_project.server.routes import AWARDS, BOARDS, LOGINS, LONG_READS, SEARCH, UPDATE
from scores.awards import compare_and_swap
from scores.database.availability import READ_SECONDS, availability

#: Requests of no special kind that one process serves at once; more threads only wait for the interpreter.
THREADS = 4
#: Together for all that one request asks of the database, so that the answer is there within 5 s.
REQUEST_SECONDS = 4.0


class Threads(ThreadPoolExecutor):
    """For one kind of requests. `seconds`: how long one may use the database for; None is for as long as its statements may take."""

    def __init__(self, name: str, count: int, *, seconds: float | None, can_serve_stale: bool = False) -> None:
        super().__init__(max_workers=count, thread_name_prefix=name)
        self._seconds = seconds
        self._can_serve_stale = can_serve_stale

    def database_seconds(self) -> float | None:
        """For a request that begins now: none where it would wait in vain, or where it has what was read last."""
        in_vain = availability.is_doubtful if self._can_serve_stale else availability.is_away
        return 0 if in_vain else self._seconds


class AllThreads:
    """Which threads a request is for."""

    def __init__(self) -> None:
        self.files = Threads("files", 2, seconds=0)
        self.boards = Threads("boards", 2, seconds=READ_SECONDS, can_serve_stale=True)
        #: What can only be refused while the database is away; a flood of it must not hold up who looks at the board.
        self.refusals = Threads("refusals", 2, seconds=0)
        self.logins = Threads("logins", 2, seconds=REQUEST_SECONDS)
        self.desk = Threads("desk", 2, seconds=None)
        #: Searches, results and proofs, which cost what the number of players or entries makes them cost.
        self.costly = Threads("costly", 2, seconds=None)
        #: Calls of backends, each of up to a thousand awards: two at once would be in each other's way, and cost more than in turn.
        self.awards = Threads("awards", 1, seconds=REQUEST_SECONDS)
        #: SQLite has one writer: a second one could only wait for it, and others need its thread.
        self.writer = Threads("writer", 1, seconds=REQUEST_SECONDS)
        self.others = Threads("http", THREADS, seconds=REQUEST_SECONDS)

    def choose(self, method: str, path: str) -> Threads:
        if path in BOARDS:
            return self.boards
        if path.startswith(settings.STATIC_URL):
            return self.files
        if availability.is_away:
            return self.refusals
        if method == "POST" and path in LOGINS:
            return self.logins
        if path == AWARDS:
            return self.awards
        if path.startswith("/admin/"):
            return self.desk
        if path == SEARCH or LONG_READS.fullmatch(path):
            return self.costly
        return self.writer if path == UPDATE and not compare_and_swap.is_offered() else self.others
