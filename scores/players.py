"""Players on first sight: every user who signs in, or whom a trusted token names, gets a score row of their own."""

from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from scores.errors import InvalidName, Unavailable
from scores.models import Score
from scores.names import clean_name, name_key


def ensure_player(user: User) -> Score:
    """The user's score, made on first sight with a name after the username (or a neutral one where that is not a fit name)."""
    score = Score.objects.filter(user=user).first()
    return score or _make_score(user, uuid4(), user.get_username())


def ensure_external_player(player: UUID, name: str) -> Score:
    """The score of a player whose account is kept elsewhere; the user here cannot sign in with a password."""
    score = Score.objects.filter(pk=player).first()
    if score is not None:
        return score
    user, _ = User.objects.get_or_create(username=f"player-{player}", defaults={"password": make_password(None)})
    return _make_score(user, player, name)


def _make_score(user: User, player: UUID, wanted: str) -> Score:
    for name in (wanted, f"Player {player.hex[:12]}"):
        try:
            cleaned = clean_name(name)
            with transaction.atomic():
                return Score.objects.create(id=player, user=user, name=cleaned, name_key=name_key(cleaned))
        except InvalidName:
            continue
        except IntegrityError:
            # The name is taken, or a request beside this one was first.
            if (score := Score.objects.filter(user=user).first()) is not None:
                return score
    raise Unavailable(reason="no_name")
