"""What an act says of itself: the button before it, and the message after it, with what comes next."""

import math
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.contrib.humanize.templatetags.humanize import ordinal
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit.models import AuditEntry
from scores.admin.act_steps import Done
from scores.admin.entries import show_name
from scores.investigation.corrections import describe
from scores.models import Flag, Score

#: Of more players a message says just how many they are.
MAXIMUM_NAMED = 3
PARTICIPLES = {AuditEntry.Kind.VOID: "voided", AuditEntry.Kind.RESTORE: "restored"}


def count_entries(count: int) -> str:
    """Say how many entries there are: `the entry`, `the 1,200 entries`."""
    return "the entry" if count == 1 else f"the {count:,} entries"


def describe_done(done: Done, user: User, flag: Flag | None) -> SafeString:
    """Say what an act came to: entries and points, whose rank became which, then the links to what may be wanted next."""
    scores = Score.objects.in_bulk({entry.player for entry in done.entries})
    best_first = sorted(scores.values(), key=lambda score: (done.before.get(score.pk, math.inf), score.name))
    named = best_first if len(best_first) <= MAXIMUM_NAMED else []
    ranks = [_describe_rank(score, done.before.get(score.pk), done.after.get(score.pk)) for score in named]
    # The words of one entry are a sentence.
    comma = " " if len(done.entries) == 1 else ", "
    first = format_html_join(comma, "{}", [(part,) for part in (_describe_entries(done.entries), *ranks)])
    links = [*_link_case(named, user), *_link_next_flag(user, flag)]
    return format_html_join("; ", "{}", [(part,) for part in (first, *links)])


def _describe_entries(entries: list[AuditEntry]) -> str:
    if len(entries) == 1:
        [entry] = entries
        return f"Done, as entry {entry.seq} of this player: {describe(entry)}"
    players = len({entry.player for entry in entries})
    of_players = f" of {players} players" if players > 1 else ""
    participle = PARTICIPLES.get(AuditEntry.Kind(entries[0].kind), "written")
    return f"{len(entries):,} entries{of_players} {participle}, {sum(entry.delta for entry in entries):+,} points"


def _describe_rank(score: Score, before: int | None, after: int | None) -> SafeString:
    name = show_name(score.name)
    if before == after:
        return format_html("{} {}", name, f"stays {ordinal(after)}" if after else "is not on the board")
    shown = [ordinal(rank) if rank else "off the board" for rank in (before, after)]
    return format_html("{} {} → {}", name, *shown)


def _link_case(named: Iterable[Score], user: User) -> list[SafeString]:
    players = list(named)
    if len(players) != 1 or not user.has_perm("audit.view_auditentry"):
        return []
    return [format_html('<a href="{}">case file</a>', reverse("admin:scores_score_case", args=[players[0].pk]))]


def _link_next_flag(user: User, flag: Flag | None) -> list[SafeString]:
    if not user.has_perm("scores.view_flag"):
        return []
    others = Flag.objects.filter(state=Flag.State.OPEN).order_by("-opened_at")
    following = (others.exclude(pk=flag.pk) if flag else others).first()
    if following is None:
        return []
    return [format_html('<a href="{}">next flag</a>', reverse("admin:scores_flag_change", args=[following.pk]))]
