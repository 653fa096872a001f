"""What investigators write: void, restore, adjust, freeze, unfreeze, rename, erase. Each says who and why, and is an entry of its own.

Nothing is taken back by removing it: a void is an entry with the points reversed, and a restore reverses the void. None fails for
arithmetic: what would lead below 0 takes what is there, and the entry's context says how many points were left out. Each raises
CorrectionRefused when there is no such player, when the reason cannot be kept, and when actor and player are the same.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from audit.ledger import EntryDraft
from audit.models import AuditEntry
from audit.references import reversal_ref, reversed_seq
from audit.verification import ERASURE
from scores import announcements, naming
from scores.chain import append_entry, append_reversals
from scores.errors import CorrectionRefused
from scores.investigation.erasure import erase_traces
from scores.investigation.reasons import check_reason
from scores.models import MAXIMUM_BALANCE, MAXIMUM_POINTS, Action, Score
from scores.names import clean_name, name_key
from scores.players import ensure_player
from scores.storable import is_storable
from scores.system_chain import append_system_entry, refusing_untrusted_data

#: The actor of what the operator does at the command line without naming anybody.
SYSTEM = "system"
#: An entry moves at most MAXIMUM_POINTS; a larger adjustment is as many entries, whose lock the player's awards wait for.
MAXIMUM_ADJUSTMENT = 100 * MAXIMUM_POINTS
#: The key in an entry's context for the points that a correction could not take or give, signed as `delta` is.
LEFT_OUT = "left_out"
REVERSIBLE = {AuditEntry.Kind.AWARD, AuditEntry.Kind.ADJUST, AuditEntry.Kind.IMPORT}
NOT_REVERSIBLE: dict[str, str] = {
    AuditEntry.Kind.VOID: "is no award, adjustment or import",
    AuditEntry.Kind.RESTORE: "is no void, and was not voided",
}
#: So many references are looked up at once.
LOOKED_UP = 1000


def find_actor(username: str | None) -> str:
    """Return how the log names this user, an admin acting as the player he or she also is; `system` for None.

    Raises CorrectionRefused when there is no such active user.
    """
    if username is None:
        return SYSTEM
    user = User.objects.filter(username=username, is_active=True).first() if is_storable(username) else None
    if user is None:
        raise CorrectionRefused(f"There is no active user {username!r}.")
    return str(ensure_player(user).pk)


@transaction.atomic
def void(*, player: UUID, seq: int, reason: str, actor: str) -> AuditEntry:
    """Take back the points of one award, adjustment or import, as far as they are still there; once only.

    Raises CorrectionRefused when the entry is none of these, or was voided before.
    """
    return _reverse(AuditEntry.Kind.VOID, player, [seq], reason, actor)[0]


@transaction.atomic
def void_all(*, player: UUID, seqs: Sequence[int], reason: str, actor: str) -> list[AuditEntry]:
    """Void these entries of a player as `void` does each, all or none; the queries do not grow with how many there are."""
    return _reverse(AuditEntry.Kind.VOID, player, seqs, reason, actor)


@transaction.atomic
def restore(*, player: UUID, seq: int, reason: str, actor: str) -> AuditEntry:
    """Give back exactly the points that a void took; once only. `seq` is the void's, or that of the entry it reversed.

    Raises CorrectionRefused when there is no such void, or it was restored before.
    """
    return _reverse(AuditEntry.Kind.RESTORE, player, [seq], reason, actor)[0]


@transaction.atomic
def restore_all(*, player: UUID, seqs: Sequence[int], reason: str, actor: str) -> list[AuditEntry]:
    """Restore these as `restore` does each, all or none; the queries do not grow with how many there are."""
    return _reverse(AuditEntry.Kind.RESTORE, player, seqs, reason, actor)


@transaction.atomic
def adjust(*, player: UUID, delta: int, reason: str, actor: str, action: str = "") -> AuditEntry:
    """Give points for what no entry says, or take them as far as they are there; `split_adjustment` makes parts of more.

    They count on the boards that count `action`; without one on those that count everything. Raises CorrectionRefused when these
    are no points or more than an entry may move, or the catalogue has no such action.
    """
    score = _lock(player, reason, actor)
    if not 0 < abs(delta) <= MAXIMUM_POINTS:
        raise CorrectionRefused(f"An entry takes or gives from 1 to {MAXIMUM_POINTS} points.")
    if action and not (is_storable(action) and Action.objects.filter(slug=action).exists()):
        raise CorrectionRefused(f"The catalogue has no action {action!r}.")
    return _correct(score, AuditEntry.Kind.ADJUST, reason, actor, delta=delta, action=action)


def split_adjustment(delta: int) -> list[int]:
    """Split an adjustment into parts, each as large as an entry may be. Raises CorrectionRefused when it is 0 or too large."""
    if not 0 < abs(delta) <= MAXIMUM_ADJUSTMENT:
        raise CorrectionRefused(f"An adjustment is from 1 to {MAXIMUM_ADJUSTMENT} points, either way.")
    whole, rest = divmod(abs(delta), MAXIMUM_POINTS)
    sign = 1 if delta > 0 else -1
    return [sign * MAXIMUM_POINTS] * whole + ([sign * rest] if rest else [])


@transaction.atomic
def freeze(*, player: UUID, reason: str, actor: str) -> AuditEntry:
    """Take a player off the board; nothing can be gained until unfrozen. Raises CorrectionRefused when frozen already."""
    score = _lock(player, reason, actor)
    if score.frozen:
        raise CorrectionRefused("This player is frozen already.")
    return _correct(score, AuditEntry.Kind.FREEZE, reason, actor)


@transaction.atomic
def unfreeze(*, player: UUID, reason: str, actor: str) -> AuditEntry:
    """Let a frozen player back, with the points there were. Raises CorrectionRefused when not frozen."""
    score = _lock(player, reason, actor)
    if not score.frozen:
        raise CorrectionRefused("This player is not frozen.")
    return _correct(score, AuditEntry.Kind.UNFREEZE, reason, actor)


@transaction.atomic
def rename(*, player: UUID, name: str, reason: str, actor: str) -> AuditEntry:
    """Call a player something else. A trusted token's name is followed again only when it changes itself.

    Raises InvalidName when the name breaks the rule of names, CorrectionRefused when the player has it already, when another has
    it or one that looks the same, or as `check_identity` does.
    """
    score = _lock(player, reason, actor)
    check_identity(score)
    cleaned = clean_name(name)
    if cleaned == score.name:
        raise CorrectionRefused("That is what this player is called already.")
    if Score.objects.filter(name_key=name_key(cleaned)).exclude(pk=player).exists():
        raise CorrectionRefused("Another player is called that, or looks the same.")
    try:
        with transaction.atomic():
            return naming.apply_name(score, cleaned, actor=actor, context={"reason": check_reason(reason)})
    except IntegrityError:
        raise CorrectionRefused("Another player took that name just now.") from None


@transaction.atomic
def erase_player(*, player: UUID, reason: str, actor: str) -> AuditEntry:
    """Remove the person's data, here and in the log's contexts. Points and chain stay; the account is closed.

    The entry is the system chain's, where verification learns which contexts may be missing. What else ties the person to an
    address, or was noted about the person, goes too: see `erasure`. Raises CorrectionRefused when somebody has the name that is
    kept for the erased, or as `check_identity` does.
    """
    score = _lock(player, reason, actor)
    check_identity(score)
    score.erase_name()
    _check_free(score)
    score.save(update_fields=Score.NAME_FIELDS)
    _close_account(User.objects.select_for_update().get(pk=score.user_id), player)
    reviews = erase_traces(score)
    AuditEntry.objects.filter(player=player).update(context=None)
    context = {"reason": check_reason(reason), "entries": str(score.seq)}
    if reviews:
        context["reviews"] = " ".join(map(str, reviews))
    entry = append_system_entry(action=f"{ERASURE}{player}", actor=actor, context=context)
    transaction.on_commit(announcements.announce)
    return entry


def find_targets(kind: str, player: UUID, seqs: Sequence[int]) -> tuple[dict[int, AuditEntry], dict[int, str]]:
    """Find what a void or restore of these numbers would reverse, by number and in their order, and why not, for the others."""
    named = _find_named(kind, player, seqs)
    known = find_reversed(named.values())
    targets: dict[int, AuditEntry] = {}
    refused: dict[int, str] = {}
    for seq in seqs:
        target = named.get(seq)
        if target is None:
            refused[seq] = f"Entry {seq} of this player {NOT_REVERSIBLE[kind]}."
        elif (player, target.seq) in known:
            refused[seq] = f"Entry {target.seq} of this player was reversed before."
        else:
            targets[seq] = target
            known.add((player, target.seq))
    return targets, refused


def _find_named(kind: str, player: UUID, seqs: Sequence[int]) -> dict[int, AuditEntry]:
    """What the numbers of a void or restore name; a void is named by its own number or that of the entry it reversed."""
    entries = AuditEntry.objects.filter(player=player)
    if kind == AuditEntry.Kind.VOID:
        return {entry.seq: entry for entry in entries.filter(seq__in=seqs, kind__in=REVERSIBLE)}
    refs = [reversal_ref(player, seq) for seq in seqs]
    voids = list(entries.filter(Q(seq__in=seqs) | Q(ref__in=refs), kind=AuditEntry.Kind.VOID))
    return {reversed_seq(void.ref): void for void in voids} | {void.seq: void for void in voids}


def find_reversed(entries: Collection[AuditEntry]) -> set[tuple[UUID, int]]:
    """Find which of these entries were voided, or restored where they are voids: (player, seq) of each."""
    refs = {reversal_ref(entry.player, entry.seq): (entry.player, entry.seq) for entry in entries}
    found = AuditEntry.objects.filter(ref__in=refs).values_list("ref", flat=True)
    return {refs[ref] for ref in found if ref is not None}


def find_reversible(entries: Iterable[AuditEntry], kinds: Collection[str], limit: int) -> list[AuditEntry]:
    """Find those of these entries, of these kinds, that were not reversed, in their order; at most so many."""
    asked = (entry for entry in entries if entry.kind in kinds)
    found: list[AuditEntry] = []
    while len(found) < limit and (batch := list(islice(asked, LOOKED_UP))):
        known = find_reversed(batch)
        found += [entry for entry in batch if (entry.player, entry.seq) not in known]
    return found[:limit]


def read_left_out(entry: AuditEntry) -> int:
    """Return the points that a correction could not move, negative where they were to be taken; 0 where it moved all."""
    return int((entry.context or {}).get(LEFT_OUT, "0"))


def describe(entry: AuditEntry) -> str:
    """Say in a sentence what an act came to, and what of it was not possible."""
    if entry.kind == AuditEntry.Kind.RENAME:
        return f"rename, now {(entry.context or {})['name']!r}."
    left_out = read_left_out(entry)
    rest = f" {-left_out} more were not there to take." if left_out < 0 else ""
    rest = f" {left_out} more would have passed the largest score there is." if left_out > 0 else rest
    return f"{entry.kind} {entry.delta:+d}, now {entry.balance} points.{rest}"


def check_identity(score: Score) -> None:
    """Check that this is whose score it was made for, before an act goes by its account or name.

    Raises CorrectionRefused when it is not, Unavailable when a ledger key is missing that would tell.
    """
    with refusing_untrusted_data():
        is_sealed = score.is_sealed
    if not is_sealed:
        raise CorrectionRefused(
            f"Account or name of player {score.pk} were changed in the database alone. Put them right there, or accept them: "
            "manage.py rebuild_scores --accept-identity UUID --reason TEXT."
        )


def _lock(player: UUID, reason: str, actor: str) -> Score:
    check_reason(reason)
    if actor == str(player):
        raise CorrectionRefused("Nobody corrects their own score.")
    score = Score.objects.select_for_update().filter(pk=player).first()
    if score is None:
        raise CorrectionRefused(f"There is no player {player}.")
    return score


def _check_free(score: Score) -> None:
    """Raises CorrectionRefused when somebody has the name that is kept for the erased, from before it was."""
    other = Score.objects.filter(name_key=score.name_key).exclude(pk=score.pk).first()
    if other is not None:
        raise CorrectionRefused(
            f"Player {other.pk} is called {other.name!r}, which this one would be: rename that one first."
        )


def _close_account(user: User, player: UUID) -> None:
    user.username = f"erased-{player}"
    user.first_name = user.last_name = user.email = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()


def _reverse(kind: str, player: UUID, seqs: Sequence[int], reason: str, actor: str) -> list[AuditEntry]:
    score = _lock(player, reason, actor)
    targets, refused = find_targets(kind, player, seqs)
    for explanation in refused.values():
        raise CorrectionRefused(explanation)
    points, drafts = score.points, []
    for target in targets.values():
        ref = reversal_ref(player, target.seq)
        draft = _draft(points, kind, reason, actor, delta=-target.delta, action=target.action, ref=ref)
        points += draft.delta
        drafts.append(draft)
    return append_reversals(score, drafts)


def _correct(score: Score, kind: str, reason: str, actor: str, *, delta: int = 0, action: str = "") -> AuditEntry:
    return append_entry(score, _draft(score.points, kind, reason, actor, delta=delta, action=action))


def _draft(
    points: int, kind: str, reason: str, actor: str, *, delta: int, action: str, ref: str | None = None
) -> EntryDraft:
    """An entry that moves as many of these points as is possible, and says what it leaves out."""
    possible = min(max(points + delta, 0), MAXIMUM_BALANCE) - points
    context = {"reason": check_reason(reason)}
    if possible != delta:
        context[LEFT_OUT] = str(delta - possible)
    return EntryDraft(kind=kind, delta=possible, action=action, ref=ref, actor=actor, context=context)
