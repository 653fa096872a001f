"""The boards and periods that entries count in now, kept by each process until their version changes.

`BoardsVersion` tells who writes standings whether what it goes by still holds. It is raised by every change of boards and periods,
under a lock that whoever writes standings shares: so no change happens between the look at the version and the commit.
"""

import secrets
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from audit import clock
from audit.times import HOUR_US
from scores import announcements
from scores.board_models import MAIN, MAIN_BOARD, MAIN_PERIOD, Board, BoardsVersion, Period
from scores.counting.rules import EVERYTHING, IMPORT, Definition
from scores.errors import CatalogueChanged

#: An arbitrary constant that names the advisory lock of boards and periods.
BOARDS_LOCK = 0x5C0BE0A2F
#: Periods that ended longer ago are not kept: nobody is awarded for then.
KEPT_US = HOUR_US
#: By how much the version is raised at most.
MAXIMUM_STEP = 1_000_000


class PeriodMissing(Exception):
    """There is no period for this time, of a calendar or among those kept: `periods.ensure_periods` makes it, or has them read anew."""

    def __init__(self, at_us: int) -> None:
        self.at_us = at_us
        super().__init__(f"no period at {at_us}")


@dataclass(frozen=True, slots=True)
class BoardPlan:
    """A board that counts, with those of its periods that are not long over, by their starts."""

    definition: Definition
    periods: Sequence[Period]

    def locate(self, at_us: int) -> int | None:
        """Find the period of this time; None between seasons. Raises PeriodMissing when it is yet to be made."""
        place = bisect_right(self.periods, at_us, key=lambda period: period.starts_us)
        if place and self.periods[place - 1].covers(at_us):
            return self.periods[place - 1].pk
        if self.definition.span == Board.Span.SEASON:
            return None
        raise PeriodMissing(at_us)


@dataclass(frozen=True, slots=True)
class Plans:
    """All boards that count, but for the main one, which counts everything in its one period; with the periods since a time."""

    version: int
    since_us: int
    boards: Sequence[BoardPlan]
    _of_actions: dict[str, Sequence[BoardPlan]] = field(default_factory=dict)

    def find(self, action: str, at_us: int, kind: str = "award") -> list[tuple[Definition, int]]:
        """Find in which periods an act of this time and kind counts. Raises PeriodMissing when one is yet to be made or not kept."""
        counting = [plan for plan in self._of_action(action) if at_us >= plan.definition.since_us]
        if kind == IMPORT:
            counting = [plan for plan in counting if plan.definition.takes(kind)]
        if counting and at_us < self.since_us:  # the clock was set back
            raise PeriodMissing(at_us)
        return [(plan.definition, period) for plan in counting if (period := plan.locate(at_us)) is not None]

    def _of_action(self, action: str) -> Sequence[BoardPlan]:
        plans = self._of_actions.get(action)
        if plans is None:
            plans = [plan for plan in self.boards if plan.definition.matches(action)]
            if len(self._of_actions) < 1000:  # the catalogue is a list that people keep
                self._of_actions[action] = plans
        return plans


_kept: Plans | None = None


def get_plans(version: int | None) -> Plans:
    """Get the plans of this version, as it was read; those of now where there is a newer one.

    Raises CatalogueChanged when a board is not as the application wrote it, LedgerKeyMissing when that cannot be told.
    """
    global _kept  # noqa: PLW0603 - the one copy of this process; replaced whole
    kept = _kept
    if kept is None or kept.version != version:
        kept = _kept = _load()
    return kept


def read_plans() -> Plans:
    """Get the plans of now, for who only reads. Raises what `get_plans` raises."""
    return get_plans(read_version())


def recall_plans() -> Plans:
    """Get the plans that were read last, which may be of before: for who asks again under the lock. Raises what `get_plans` raises."""
    return _kept or read_plans()


def forget_plans() -> None:
    """Have the plans read anew, whatever their version: after the clock was set back they lack periods that are over no more."""
    global _kept  # noqa: PLW0603 - the one copy of this process; replaced whole
    _kept = None


def hold_plans() -> Plans:
    """Get the plans of now, and keep them from changing until the transaction ends: for who writes standings.

    Raises what `get_plans` raises.
    """
    share_boards()
    return read_plans()


def share_boards() -> None:
    """Keep boards and periods from changing until the transaction ends, for who writes standings; waits for who changes them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [BOARDS_LOCK])


def lock_boards() -> None:
    """Let nobody else change boards or write standings until the transaction ends, and wait for who is doing so.

    On SQLite a transaction is alone anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BOARDS_LOCK])


def raise_version() -> None:
    """Say that boards or periods changed, in the transaction that changes them; whoever shows them is told after it.

    No number is used twice, also where a transaction is taken back, or time: what a process read within it would hold for another.
    """
    step = 1 + secrets.randbelow(MAXIMUM_STEP)
    transaction.on_commit(announcements.announce)
    BoardsVersion.objects.update(version=Greatest(F("version"), clock.read_us()) + step)


def read_version() -> int:
    """Read the version; makes what is built in where it is missing, as after a flush."""
    version = BoardsVersion.objects.values_list("version", flat=True).first()
    if version is None:
        make_built_in()
        version = BoardsVersion.objects.values_list("version", flat=True).get()
    return version


def make_built_in() -> None:
    """Make the main board with its one period, and the version: what every database has from its first migration on."""
    try:
        with transaction.atomic():
            lock_boards()
            # Past `save`, without a seal, as the migration makes it: there is nothing to prove of what is built in.
            main = Board(pk=MAIN_BOARD, slug=MAIN, label="All time", counts=EVERYTHING, rule="sum", span="all")
            Board.objects.bulk_create([main], ignore_conflicts=True)
            Period.objects.get_or_create(pk=MAIN_PERIOD, defaults={"board": main, "name": "all", "starts_us": 0})
            BoardsVersion.objects.get_or_create(defaults={"version": clock.read_us()})
    except IntegrityError:
        pass  # somebody made them at the same moment


def check_seal(board: Board) -> None:
    """Raises CatalogueChanged when a board is not as the application wrote it, LedgerKeyMissing when that cannot be told."""
    if not board.is_sealed:
        raise CatalogueChanged(f"board:{board.slug}")


def _load() -> Plans:
    # First the version: what changes after it is noticed, what changes before it is seen.
    version = read_version()
    boards = list(Board.objects.filter(enabled=True).exclude(pk=MAIN_BOARD).order_by("pk"))
    for board in boards:
        check_seal(board)
    since_us = clock.read_us() - KEPT_US if boards else 0
    periods = _read_periods([board.pk for board in boards], since_us)
    return Plans(version, since_us, [BoardPlan(Definition.of(board), periods.get(board.pk, ())) for board in boards])


def _read_periods(boards: Sequence[int], since_us: int) -> Mapping[int, Sequence[Period]]:
    found: dict[int, list[Period]] = {}
    if boards:
        is_recent = Q(ends_us__isnull=True) | Q(ends_us__gt=since_us)
        for period in Period.objects.filter(is_recent, board__in=boards).order_by("board", "starts_us"):
            found.setdefault(period.board_id, []).append(period)
    return found
