"""Scores of a file become entries of kind `import`: one for each line, exactly once however often and by whomever it is begun.

The file itself is an entry of the system chain, written first. Then lines are written in chunks, each a transaction of its own
with accounts, scores, entries and standings: an import that was killed goes on where it stopped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery

from audit import clock, ledger
from audit.ledger import ChainEnd, EntryDraft
from audit.models import AuditEntry
from audit.references import import_ref
from scores import announcements
from scores.counting import movement, periods
from scores.counting.plans import PeriodMissing
from scores.database.bulk import insert_rows, update_rows
from scores.errors import CorrectionRefused
from scores.investigation.reasons import check_reason
from scores.models import MAXIMUM_BALANCE, Score
from scores.players import TRIES, FreeNames, prepare_players
from scores.storable import is_storable
from scores.system_chain import IMPORT, append_system_entry, refusing_untrusted_data
from scores.transfer.score_file import FileRefused, ScoreFile, ScoreLine

#: Lines of one transaction, for which the awards of its players wait.
CHUNK_LINES = 1000
#: So many players, names or references are looked up at once.
LOOKED_UP = 5000
MAXIMUM_SOURCE_LENGTH = 120
STOPPED = "The import stopped. What it wrote stays, and the same command goes on from there."

Progress = Callable[[int], object]
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the points come from, why, and who says so: what each entry is recorded with."""

    source: str
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do: `pending` are the lines that are not there yet, `players` and `names` whose they are, by line.

    `added` are the players who are there already and get points; `last_us` is the time of the newest line that was written.
    """

    file: ScoreFile
    origin: Origin
    pending: Sequence[ScoreLine]
    players: dict[int, UUID]
    names: dict[int, str]
    added: frozenset[UUID]
    last_us: int

    def list_changes(self) -> Iterator[str]:
        """Say in a sentence each name that is not what the file says."""
        for line in self.pending:
            yield from self.describe_change(line)

    def describe_change(self, line: ScoreLine) -> Iterator[str]:
        """Say what becomes of the name of a line; nothing where it is the name in the file."""
        name, player = self.names[line.number], self.players[line.number]
        if name != line.text and player in self.added:
            yield f"line {line.number}: player {player} keeps the name {name!r}, and is {line.text!r} in the file"
        elif name != line.text:
            yield f"line {line.number}: {line.text!r} becomes {name!r}"


def plan_import(file: ScoreFile, *, source: str, reason: str, actor: str) -> ImportPlan:
    """Hold a file against the players there are, and say what would be done; writes nothing.

    Raises FileRefused when a line cannot be imported, or the file was begun from another source; CorrectionRefused when source or
    reason cannot be kept, Unavailable when a ledger key is missing.
    """
    origin = Origin(_check_source(source), check_reason(reason), actor)
    done, last_us = _find_done(file, origin)
    pending = [line for line in file.lines if line.number not in done]
    there: dict[UUID, Score] = {}
    faults: list[str] = []
    named = [line for line in pending if line.player is not None]
    for chunk in _chunks(named, LOOKED_UP):
        found = Score.objects.in_bulk([line.player for line in chunk])
        there.update(found)
        faults += _find_faults(chunk, found, _read_ends(list(found)), origin)
    if faults:
        raise FileRefused(faults)
    players = {line.number: line.player or uuid4() for line in pending}
    names = {line.number: there[line.player].name for line in named if line.player in there}
    _find_names(names, players, pending)
    return ImportPlan(file, origin, pending, players, names, frozenset(there), last_us)


def carry_out(plan: ImportPlan, *, say: Say, progress: Progress = lambda _: None) -> None:
    """Write the lines of a plan; `say` is told where a name becomes another one than was planned.

    Raises FileRefused when players changed since so that a line cannot be imported any more, or who plays takes names faster than
    they are found; Unavailable when chains cannot be trusted. What was written until then stays, and the same import goes on.
    """
    if not plan.pending:
        return
    _record_file(plan)
    last_us = plan.last_us
    for chunk in _chunks(plan.pending, CHUNK_LINES):
        last_us = _write_chunk(plan, chunk, last_us, say)
        progress(len(chunk))


def _check_source(source: str) -> str:
    source = source.strip()
    if not (is_storable(source) and 1 <= len(source) <= MAXIMUM_SOURCE_LENGTH):
        raise CorrectionRefused(
            f"Say in 1 to {MAXIMUM_SOURCE_LENGTH} characters, without U+0000, where the scores come from."
        )
    return source


def _find_done(file: ScoreFile, origin: Origin) -> tuple[set[int], int]:
    """Which lines were written before, and when the last of them."""
    begun = AuditEntry.objects.filter(ref=import_ref(file.sha256, 0)).first()
    if begun is None:
        return set(), 0
    source = (begun.context or {}).get("source")
    if source != origin.source:
        raise FileRefused([f"This very file is imported from {source!r} already: with that --source it goes on."])
    done: set[int] = set()
    last_us = 0
    for chunk in _chunks(file.lines, LOOKED_UP):
        numbers = {import_ref(file.sha256, line.number): line.number for line in chunk}
        for ref, at_us in AuditEntry.objects.filter(ref__in=list(numbers)).values_list("ref", "at_us"):
            done.add(numbers[str(ref)])
            last_us = max(last_us, at_us)
    return done, last_us


def _find_names(names: dict[int, str], players: Mapping[int, UUID], lines: Sequence[ScoreLine]) -> None:
    """Find free names for those who have none."""
    free = FreeNames()
    for chunk in _chunks([line for line in lines if line.number not in names], LOOKED_UP):
        found = free.find([(players[line.number], line.name) for line in chunk])
        names.update(zip((line.number for line in chunk), found, strict=True))


def _find_faults(
    lines: Sequence[ScoreLine], scores: Mapping[UUID, Score], ends: Mapping[UUID, AuditEntry], origin: Origin
) -> list[str]:
    """What stands in the way of lines about players who are there."""
    faults = []
    for line in lines:
        score = scores.get(line.player) if line.player else None
        if score is not None and (fault := _find_fault(line, score, ends.get(score.pk), origin)):
            faults.append(f"line {line.number}: {fault}.")
    return faults


def _find_fault(line: ScoreLine, score: Score, last: AuditEntry | None, origin: Origin) -> str:
    if origin.actor == str(score.pk):
        return f"nobody imports points of their own, as player {score.pk} would"
    if score.frozen:
        return f"player {score.pk} is frozen"
    if score.points + line.points > MAXIMUM_BALANCE:
        return f"with these points player {score.pk} would have more than {MAXIMUM_BALANCE}"
    with refusing_untrusted_data():
        if not score.is_sealed:
            return f"account or name of player {score.pk} were changed in the database alone"
        if not ledger.holds(score.ledger_head, last):
            return f"the chain of player {score.pk} does not hold: manage.py verify_ledger --player {score.pk} says why"
    return ""


def _read_ends(players: Sequence[UUID]) -> dict[UUID, AuditEntry]:
    """The last entry of each player's chain, of those who have one."""
    if not players:
        return {}
    newest = AuditEntry.objects.filter(player=OuterRef("pk")).order_by("-seq").values("pk")[:1]
    found = Score.objects.filter(pk__in=players).values_list(Subquery(newest), flat=True)
    entries = AuditEntry.objects.filter(pk__in=[pk for pk in found if pk is not None])
    return {entry.player: entry for entry in entries}


def _record_file(plan: ImportPlan) -> None:
    """Say in the system chain which file this is, unless that was said before."""
    file, origin = plan.file, plan.origin
    ref = import_ref(file.sha256, 0)
    context = {
        "source": origin.source,
        "reason": origin.reason,
        "sha256": file.sha256,
        "rows": str(len(file.lines)),
        "total": str(file.total),
    }
    if AuditEntry.objects.filter(ref=ref).exists():
        return
    try:
        append_system_entry(action=IMPORT, actor=origin.actor, context=context, ref=ref)
    except IntegrityError:
        if not AuditEntry.objects.filter(ref=ref, context__source=origin.source).exists():
            raise FileRefused(["This very file is imported from another source just now."]) from None


def _write_chunk(plan: ImportPlan, chunk: Sequence[ScoreLine], last_us: int, say: Say) -> int:
    """Write a chunk, and return the time of the last line written."""
    for _ in range(TRIES):
        try:
            with transaction.atomic(), refusing_untrusted_data():
                return _write(plan, chunk, last_us)
        except PeriodMissing as missing:
            periods.ensure_periods(missing.at_us)
        except IntegrityError:
            # Somebody came to be, took a name, or wrote the same lines at the same moment.
            _name_again(plan, chunk, say)
    raise FileRefused(
        [f"lines {chunk[0].number} to {chunk[-1].number}: others take their names all the time. Try again."], STOPPED
    )


def _name_again(plan: ImportPlan, chunk: Sequence[ScoreLine], say: Say) -> None:
    new = [line for line in _list_unwritten(plan, chunk) if plan.players[line.number] not in plan.added]
    found = FreeNames().find([(plan.players[line.number], line.name) for line in new])
    for line, name in zip(new, found, strict=True):
        if name != plan.names[line.number]:
            plan.names[line.number] = name
            say("".join(plan.describe_change(line)))


def _write(plan: ImportPlan, chunk: Sequence[ScoreLine], last_us: int) -> int:
    lines = _list_unwritten(plan, chunk)
    scores = _lock_scores([line.player for line in lines if line.player is not None])
    ends = _read_ends(list(scores))
    if faults := _find_faults(lines, scores, ends, plan.origin):
        raise FileRefused(faults, STOPPED)
    new = [line for line in lines if plan.players[line.number] not in scores]
    made = prepare_players([(plan.players[line.number], plan.names[line.number]) for line in new])
    theirs = {**scores, **{score.pk: score for score in made}}
    entries, at_us = [], max(clock.read_us() - 1, last_us)
    for line in lines:
        score = theirs[plan.players[line.number]]
        last = ends.get(score.pk)
        # Lines that are equal in points stand in the order of the file.
        at_us = max(at_us + 1, last.at_us if last else 0)
        entry = _seal(plan, line, score, ChainEnd(last, at_us))
        score.apply(entry)
        entries.append(entry)
    insert_rows(made)
    update_rows(list(scores.values()), Score.APPLIED_FIELDS)
    insert_rows(entries)
    movement.move_imports(entries)
    transaction.on_commit(announcements.announce)
    return at_us


def _list_unwritten(plan: ImportPlan, lines: Sequence[ScoreLine]) -> list[ScoreLine]:
    refs = {line.number: import_ref(plan.file.sha256, line.number) for line in lines}
    written = set(AuditEntry.objects.filter(ref__in=list(refs.values())).values_list("ref", flat=True))
    return [line for line in lines if refs[line.number] not in written]


def _lock_scores(players: Sequence[UUID]) -> dict[UUID, Score]:
    if not players:
        return {}
    locked = Score.objects.select_for_update(no_key=True).filter(pk__in=players).order_by("pk")
    return {score.pk: score for score in locked}


def _seal(plan: ImportPlan, line: ScoreLine, score: Score, end: ChainEnd) -> AuditEntry:
    origin, ref = plan.origin, import_ref(plan.file.sha256, line.number)
    context = {"source": origin.source, "reason": origin.reason}
    kind = AuditEntry.Kind.IMPORT
    draft = EntryDraft(kind=kind, delta=line.points, ref=ref, actor=origin.actor, context=context)
    return AuditEntry(**ledger.seal_next(draft, player=score.pk, head=score.ledger_head, end=end)._asdict())


def _chunks(lines: Sequence[ScoreLine], size: int) -> Iterator[Sequence[ScoreLine]]:
    return (lines[begin : begin + size] for begin in range(0, len(lines), size))
