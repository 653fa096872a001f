"""Moves standings along with one entry, under the player's lock and in the transaction that appended the entry.

`awards.compare_and_swap` does the same for many awards in its one statement.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.models import AuditEntry
from audit.references import reversed_seq
from audit.times import to_moment, to_us
from scores.board_models import MAIN_PERIOD, Period, PeriodAmendment, Standing
from scores.counting import periods, plans
from scores.counting.plans import PeriodMissing
from scores.counting.rules import (
    GAINS,
    REVERSALS,
    Definition,
    Reversals,
    StandingValue,
    add,
    advance,
    advance_main,
    choose,
)
from scores.database.bulk import insert_rows


def move_standings(entry: AuditEntry, *, frozen: bool) -> None:
    """Move the player's standings to where they are after this entry; `frozen` is whether the player is so by now.

    Raises Unavailable, CatalogueChanged or LedgerKeyMissing when boards, periods or the system chain cannot be trusted.
    """
    if entry.kind in REVERSALS:
        move_reversals([entry], frozen=frozen)
        return
    if entry.kind in {AuditEntry.Kind.FREEZE, AuditEntry.Kind.UNFREEZE}:
        theirs = Standing.objects.filter(player=entry.player)
        theirs.update(hidden=frozen)
        mark_amended(theirs.values("period"), entry.at_us)
    found = _find_periods(entry) if entry.kind in GAINS else []
    rows = Standing.objects.filter(player=entry.player, period__in=[MAIN_PERIOD, *(period for _, period in found)])
    before = {row.period_id: StandingRow.of(row).value for row in rows}
    after = {MAIN_PERIOD: advance_main(before.get(MAIN_PERIOD), entry)}
    for definition, period in found:
        after[period] = advance(definition.rule, before.get(period), definition.offer(entry))
    write_standings(
        StandingRow(entry.player, period, value, frozen)
        for period, value in sorted(after.items())
        if value != before.get(period)
    )


def move_reversals(entries: Sequence[AuditEntry], *, frozen: bool) -> None:
    """Move a player's standings along with the voids or restores of one act; the queries do not grow with how many there are.

    Raises what `move_standings` raises.
    """
    player, found = entries[0].player, _find_reversed(entries)
    rows = Standing.objects.filter(player=player, period__in=[MAIN_PERIOD, *found])
    before = {row.period_id: StandingRow.of(row).value for row in rows}
    main = before.get(MAIN_PERIOD)
    for entry in entries:
        main = advance_main(main, entry)
    after = {
        period: _reverse(definition, period, own, before.get(period)) for period, (definition, own) in found.items()
    }
    write_standings(
        StandingRow(player, period, value, frozen)
        for period, value in sorted({**after, MAIN_PERIOD: main}.items())
        if value is not None and value != before.get(period)
    )
    delete_standings((player, period) for period, value in after.items() if value is None and period in before)
    if found:
        mark_amended(list(found), entries[-1].at_us)


def move_imports(entries: Sequence[AuditEntry]) -> None:
    """Move standings along with imports, each of another player, none of them frozen: in three statements, however many there are.

    The caller has the players' locks, or made them just now. Raises what `move_standings` raises.
    """
    held = plans.hold_plans()
    found = {entry.player: held.find(entry.action, entry.at_us, entry.kind) for entry in entries}
    places = {MAIN_PERIOD, *(period for pairs in found.values() for _, period in pairs)}
    rows = Standing.objects.filter(player__in=list(found), period__in=places)
    before = {(row.player_id, row.period_id): StandingRow.of(row).value for row in rows}
    moved: list[StandingRow] = []
    for entry in entries:
        player = entry.player
        main = advance_main(before.get((player, MAIN_PERIOD)), entry)
        moved.append(StandingRow(player, MAIN_PERIOD, main, hidden=False))
        for definition, period in found[player]:
            value = advance(definition.rule, before.get((player, period)), definition.offer(entry))
            moved.append(StandingRow(player, period, value, hidden=False))
    moved.sort()
    insert_rows([_make_standing(row) for row in moved if (row.player, row.period) not in before])
    write_standings(row for row in moved if row.value != before.get((row.player, row.period), row.value))


class StandingRow(NamedTuple):
    """A standing, whose and where."""

    player: UUID
    period: int
    value: StandingValue
    hidden: bool

    @classmethod
    def of(cls, row: Standing) -> "StandingRow":
        value = StandingValue(row.points, to_us(row.reached_at), row.seq)
        return cls(row.player_id, row.period_id, value, row.hidden)


def write_standings(rows: Iterable[StandingRow]) -> None:
    """Write where players stand from now on; the caller has their locks and gives them in the order of player and period."""
    Standing.objects.bulk_create(
        map(_make_standing, rows),
        update_conflicts=True,
        unique_fields=["player", "period"],
        update_fields=["points", "reached_at", "seq", "hidden"],
    )


def _make_standing(row: StandingRow) -> Standing:
    value = row.value
    return Standing(
        player_id=row.player,
        period_id=row.period,
        points=value.points,
        reached_at=to_moment(value.reached_us),
        seq=value.seq,
        hidden=row.hidden,
    )


def delete_standings(keys: Iterable[tuple[UUID, int]]) -> None:
    """Take players off periods in which nothing of theirs counts; the caller has their locks."""
    for player, period in keys:
        Standing.objects.filter(player=player, period=period).delete()


def mark_amended(found: Collection[int] | QuerySet[Standing, Any], at_us: int) -> None:
    """Have those of these periods stated anew that were over at this time; the caller moved standings in them, or hid or showed them."""
    ended = Period.objects.filter(pk__in=found, ends_us__lte=at_us).order_by("pk")
    PeriodAmendment.objects.bulk_create(PeriodAmendment(period=period) for period in ended)


def _reverse(
    definition: Definition, period: int, entries: Sequence[AuditEntry], before: StandingValue | None
) -> StandingValue | None:
    """Where the player stands after these voids or restores; None where nothing is left."""
    if not definition.counts_differences:
        return derive(definition, Period.objects.get(pk=period), entries[0].player)
    for entry in entries:
        before = before and add(before, definition.reverse(entry))
    return before


def derive(definition: Definition, period: Period, player: UUID) -> StandingValue | None:
    """Derive from the log what stands of all that was not voided, where the best or the latest counts; None where nothing is left."""
    entries = AuditEntry.objects.filter(player=player).order_by("seq")
    gains = entries.filter(kind__in=GAINS, at_us__gte=period.starts_us)
    if period.ends_us is not None:
        gains = gains.filter(at_us__lt=period.ends_us)
    voided = Reversals(entries.filter(kind__in=REVERSALS)).voided
    columns = ("player", "seq", "kind", "delta", "balance", "value", "action", "ref", "at_us")
    return choose(
        definition.rule,
        (
            definition.offer(gain)
            for gain in gains.only(*columns).iterator()
            if definition.counts(gain) and gain.seq not in voided
        ),
    )


def _find_periods(gain: AuditEntry) -> list[tuple[Definition, int]]:
    asked = gain.action, gain.at_us, gain.kind
    try:
        plans.recall_plans().find(*asked)
    except PeriodMissing:
        # Before the lock is shared: of two who share it neither could have it alone.
        periods.ensure_periods(gain.at_us)
    held = plans.hold_plans()
    try:
        return held.find(*asked)
    except PeriodMissing:  # of a board that was made since
        periods.ensure_periods(gain.at_us)
        return plans.read_plans().find(*asked)


def _find_reversed(entries: Sequence[AuditEntry]) -> dict[int, tuple[Definition, list[AuditEntry]]]:
    """Which of these voids and restores move which periods: where the award, adjustment or import counts, also where that is over."""
    definitions = [plan.definition for plan in plans.hold_plans().boards]
    moved = [
        (definition, target.at_us, entry)
        for entry, target in zip(entries, _find_targets(entries), strict=True)
        for definition in definitions
        if definition.counts(target)
    ]
    periods = _read_periods({definition.board for definition, _, _ in moved}, [at_us for _, at_us, _ in moved])
    found: dict[int, tuple[Definition, list[AuditEntry]]] = {}
    for definition, at_us, entry in moved:
        of_board = periods.get(definition.board, [])
        last = bisect_right(of_board, at_us, key=attrgetter("starts_us")) - 1
        if last >= 0 and ((ends_us := of_board[last].ends_us) is None or at_us < ends_us):
            found.setdefault(of_board[last].pk, (definition, []))[1].append(entry)
    return found


def _find_targets(entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    """What each of these voids and restores of a player is about in the end: an award, an adjustment or an import."""
    known: dict[int, AuditEntry] = {}
    targets = list(entries)
    while wanted := {reversed_seq(target.ref) for target in targets if target.kind in REVERSALS}:
        known |= {entry.seq: entry for entry in AuditEntry.objects.filter(player=entries[0].player, seq__in=wanted)}
        targets = [known[reversed_seq(target.ref)] if target.kind in REVERSALS else target for target in targets]
    return targets


def _read_periods(boards: Collection[int], times: Collection[int]) -> dict[int, list[Period]]:
    """Read the periods of these boards from the first to the last of these times, in order."""
    found: dict[int, list[Period]] = {}
    if boards:
        is_not_over = Q(ends_us__isnull=True) | Q(ends_us__gt=min(times))
        for period in Period.objects.filter(is_not_over, board__in=boards, starts_us__lte=max(times)).order_by(
            "starts_us"
        ):
            found.setdefault(period.board_id, []).append(period)
    return found
