"""Players on first sight: every user who signs in, or whom a trusted token names, gets a score row of their own, under a name to show."""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from scores.database.bulk import insert_rows
from scores.errors import Unavailable
from scores.models import Score
from scores.names import name_key, number_name, repair_name, search_key

logger = logging.getLogger(__name__)

#: How many who share a name are told apart by a number, and how often another may be quicker to take the next one.
MAXIMUM_NAMESAKES = 10_000
TRIES = 5
#: Up to which number a name is looked for at once: nearly all are free as they are.
LOOKS = (1, 99, MAXIMUM_NAMESAKES)


def ensure_player(user: User) -> Score:
    """Find the user's score, or make it with a name after the username. Raises Unavailable when no name is free after several tries."""
    score = Score.objects.filter(user=user).first()
    return score or _make_score(user, uuid4(), user.get_username())


def ensure_external_player(player: UUID, name: str, named_us: int = 0) -> Score:
    """Find or make the score of a player whose account is kept elsewhere; the user here cannot sign in with a password.

    `name` is what the token says, `named_us` when it was issued, in microseconds since 1970.
    Raises Unavailable when no name is free after several tries.
    """
    score = Score.objects.filter(pk=player).first()
    if score is not None:
        return score
    user, _ = User.objects.get_or_create(username=f"player-{player}", defaults={"password": make_password(None)})
    return _make_score(user, player, name, claimed_name=repair_name(name), claimed_us=named_us)


@transaction.atomic
def make_players(names: Iterable[str]) -> list[tuple[Score, bool]]:
    """Find the players of these names, in order, and make the missing ones in bulk; each with whether it is new.

    The names are fit already (`names.clean_name`). Raises IntegrityError when somebody takes one of them meanwhile.
    """
    keys = {name_key(name): name for name in names}
    existing = {
        score.name_key: score
        for chunk in _chunks(list(keys))
        for score in Score.objects.filter(name_key__in=chunk).select_related("user")
    }
    missing = [key for key in keys if key not in existing]
    for chunk in _chunks(missing):
        scores = prepare_players([(uuid4(), keys[key]) for key in chunk])
        existing.update({score.name_key: score for score in Score.objects.bulk_create(scores)})
    new = set(missing)
    return [(existing[key], key in new) for key in keys]


def prepare_players(named: Sequence[tuple[UUID, str]]) -> list[Score]:
    """Make the accounts of new players, who cannot sign in with a password, and give their scores, which the caller inserts.

    The names are fit and free (`FreeNames`).
    """
    unusable = make_password(None)
    usernames = [f"player-{player}" for player, _ in named]
    # There is one already where a token named the player, and no score came of it.
    users = {user.username: user for user in User.objects.filter(username__in=usernames, score__isnull=True)}
    missing = [User(username=username, password=unusable) for username in usernames if username not in users]
    insert_rows(missing)
    users.update({user.username: user for user in missing})
    scores = []
    for (player, name), username in zip(named, usernames, strict=True):
        keys = {"name_key": name_key(name), "search_key": search_key(name)}
        score = Score(id=player, user=users[username], name=name, **keys)
        score.reseal()
        scores.append(score)
    return scores


class FreeNames:
    """Finds the nearest free names for many players at once. What others have is taken, and what it found before."""

    def __init__(self, besides: UUID | None = None) -> None:
        """`besides` is a player whose own name is free for him or her."""
        self._others = Score.objects.exclude(pk=besides) if besides else Score.objects.all()
        self._found: set[str] = set()
        #: By name the first number that may be free, of names that were taken.
        self._next: dict[str, int] = {}

    def find(self, wanted: Sequence[tuple[UUID, str]]) -> list[str]:
        """Find a name for each player, in order: the wanted one, which is fit, or that with a number.

        A neutral name stands for one that too many share.
        """
        names = {player: neutral_name(player) for player, _ in wanted}
        left = list(wanted)
        for last in LOOKS:
            candidates = {name: self._number(name, last) for _, name in left}
            taken = self._find_taken([key for numbers in candidates.values() for _, _, key in numbers])
            rest = []
            for player, name in left:
                free = self._take(candidates[name], taken)
                if free is None:
                    rest.append((player, name))
                    continue
                number, names[player] = free
                if number > 1:
                    self._next[name] = number + 1
            left = rest
        return list(names.values())

    def _number(self, name: str, last: int) -> deque[tuple[int, str, str]]:
        numbers = range(self._next.get(name, 1), last + 1)
        numbered = ((number, number_name(name, number)) for number in numbers)
        return deque((number, text, name_key(text)) for number, text in numbered)

    def _find_taken(self, keys: list[str]) -> set[str]:
        taken = set()
        for chunk in _chunks(keys):
            taken |= set(self._others.filter(name_key__in=chunk).values_list("name_key", flat=True))
        return taken

    def _take(self, numbered: deque[tuple[int, str, str]], taken: set[str]) -> tuple[int, str] | None:
        while numbered:
            number, text, key = numbered.popleft()
            if key not in taken and key not in self._found:
                self._found.add(key)
                return number, text
        return None


def find_free_name(player: UUID, wanted: str) -> str:
    """Find the nearest name to the wanted one that nobody else has: repaired, and with a number where others have it.

    It is a neutral name where nothing of the wanted one can be shown, or too many share it. A change is a line in the server log.
    """
    [name] = FreeNames(player).find([(player, repair_name(wanted) or neutral_name(player))])
    if name != wanted:
        logger.info("player %s is called %r, for %r", player, name, wanted)
    return name


def neutral_name(player: UUID) -> str:
    """Call a player of whom no name can be shown."""
    return f"Player {player.hex[:12]}"


def _make_score(user: User, player: UUID, wanted: str, *, claimed_name: str = "", claimed_us: int = 0) -> Score:
    for _ in range(TRIES):
        name = find_free_name(player, wanted)
        try:
            with transaction.atomic():
                return Score.objects.create(
                    id=player,
                    user=user,
                    name=name,
                    name_key=name_key(name),
                    claimed_name=claimed_name,
                    claimed_us=claimed_us,
                )
        except IntegrityError:
            # A request beside this one made the player, or another player was quicker to take the name.
            if (score := Score.objects.filter(user=user).first()) is not None:
                return score
    raise Unavailable(reason="no_name")


def _chunks(items: list[str], size: int = 5000) -> Iterable[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
