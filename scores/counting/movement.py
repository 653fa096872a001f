"""Moves standings along with one entry, under the player's lock and in the transaction that appended the entry.

`awards.compare_and_swap` does the same for many awards in its one statement.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from audit.models import AuditEntry
from audit.references import reversed_seq
from audit.times import to_moment, to_us
from scores.board_models import MAIN_PERIOD, Period, PeriodAmendment, Standing, covering
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
    if entry.kind in {AuditEntry.Kind.FREEZE, AuditEntry.Kind.UNFREEZE}:
        theirs = Standing.objects.filter(player=entry.player)
        theirs.update(hidden=frozen)
        mark_amended(theirs.values("period"), entry.at_us)
    if entry.kind in GAINS:
        found = _find_periods(entry)
    elif entry.kind in REVERSALS:
        found = _find_reversed_periods(entry)
    else:
        found = []
    rows = Standing.objects.filter(player=entry.player, period__in=[MAIN_PERIOD, *(period for _, period in found)])
    before = {row.period_id: StandingRow.of(row).value for row in rows}
    after = {MAIN_PERIOD: advance_main(before.get(MAIN_PERIOD), entry)}
    for definition, period in found:
        moved = _move(definition, period, entry, before.get(period))
        if moved is not None:
            after[period] = moved
        elif period in before:
            delete_standings([(entry.player, period)])
    write_standings(
        StandingRow(entry.player, period, value, frozen)
        for period, value in sorted(after.items())
        if value != before.get(period)
    )
    if entry.kind in REVERSALS and found:
        mark_amended([period for _, period in found], entry.at_us)


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


def _move(definition: Definition, period: int, entry: AuditEntry, before: StandingValue | None) -> StandingValue | None:
    """Where the player stands after the entry; None where nothing is left."""
    if entry.kind in GAINS:
        return advance(definition.rule, before, definition.offer(entry))
    if definition.counts_differences:
        return before and add(before, definition.reverse(entry))
    return derive(definition, Period.objects.get(pk=period), entry.player)


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


def _find_reversed_periods(entry: AuditEntry) -> list[tuple[Definition, int]]:
    """In which periods the award, adjustment or import counts that a void or a restore is about, also in those that ended."""
    target = entry
    while target.kind in REVERSALS:
        target = AuditEntry.objects.get(player=entry.player, seq=reversed_seq(target.ref))
    definitions = [plan.definition for plan in plans.hold_plans().boards]
    boards = {each.board: each for each in definitions if each.counts(target)}
    found = Period.objects.filter(covering(target.at_us), board__in=boards).values_list("board", "pk") if boards else ()
    return [(boards[board], period) for board, period in found]
