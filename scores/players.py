"""Players on first sight: every user who signs in, or whom a trusted token names, gets a score row of their own, under a name to show."""

import logging
from collections.abc import Iterable
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from scores.errors import Unavailable
from scores.models import Score
from scores.names import name_key, number_name, repair_name, search_key

logger = logging.getLogger(__name__)

#: How many who share a name are told apart by a number, and how often another may be quicker to take the next one.
MAXIMUM_NAMESAKES = 10_000
TRIES = 5


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
    unusable = make_password(None)
    for chunk in _chunks(missing):
        ids = [uuid4() for _ in chunk]
        users = User.objects.bulk_create([User(username=f"player-{player}", password=unusable) for player in ids])
        scores = [
            Score(id=player, user=user, name=keys[key], name_key=key, search_key=search_key(keys[key]))
            for player, user, key in zip(ids, users, chunk, strict=True)
        ]
        for score in scores:
            score.reseal()
        existing.update({score.name_key: score for score in Score.objects.bulk_create(scores)})
    new = set(missing)
    return [(existing[key], key in new) for key in keys]


def find_free_name(player: UUID, wanted: str) -> str:
    """Find the nearest name to the wanted one that nobody else has: repaired, and with a number where others have it.

    It is a neutral name where nothing of the wanted one can be shown, or too many share it. A change is a line in the server log.
    """
    name = repair_name(wanted) or neutral_name(player)
    first, others = 1, Score.objects.exclude(pk=player)
    while first <= MAXIMUM_NAMESAKES:
        numbers = range(first, 10 * first)
        keys = {number: name_key(number_name(name, number)) for number in numbers}
        taken = set(others.filter(name_key__in=keys.values()).values_list("name_key", flat=True))
        free = next((number for number in numbers if keys[number] not in taken), None)
        if free is not None:
            name = number_name(name, free)
            break
        first *= 10
    else:
        name = neutral_name(player)
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
