"""Boards with a past on a real site, written through the services with the clock turned back; `manage.py shell` runs this.

Twelve days of play by twenty-five players, then boards made from their log: by day, by week, the best single act, the fewest
points in one act, and a season.
"""

import random
from datetime import UTC, datetime, timedelta

from audit.times import to_us
from scores.counting import definitions, filling, periods
from scores.models import Score
from scores.players import make_players
from tests.support.chains import award_at
from tests.support.clock import turn_clock, turn_clock_back

DAYS, PLAYERS = 12, 25
chance = random.Random(11)
now = datetime.now(UTC)
names = ["Zoë Müller", "محمد الخوارزمي", "Maximiliana von und zu Hohenberg-Schwarzenfels", "<b>Šárka</b>"]
names += [f"Player {number}" for number in range(len(names) + 1, PLAYERS + 1)]


turn_clock(now - timedelta(days=DAYS + 1))
definitions.make_board(
    actor="system", slug="cup", label="Winter cup", counts="*", rule="sum", span="season", zone="Europe/Berlin"
)
begins, ends = to_us(now - timedelta(days=DAYS - 2)), to_us(now + timedelta(days=40))
definitions.make_season(board="cup", name="winter-2026", starts_us=begins, ends_us=ends, actor="system")
make_players(names)
players = list(Score.objects.filter(name__in=names).order_by("name"))
for days_ago in range(DAYS, 0, -1):
    for place, player in enumerate(players):
        for _ in range(chance.randrange(0, 2) + (days_ago == 1)):
            award_at(
                player,
                now - timedelta(days=days_ago, minutes=chance.randrange(0, 100)),
                chance.randrange(5, 60) + place,
            )
turn_clock_back()

TERMS: list[definitions.BoardTerms] = [
    {"slug": "daily", "label": "Today", "counts": "*", "rule": "sum", "span": "day"},
    {"slug": "weekly", "label": "This week", "counts": "*", "rule": "sum", "span": "week", "zone": "Europe/Berlin"},
    {"slug": "fastest", "label": "Fastest lap", "counts": "*", "rule": "best", "span": "month", "ascending": True},
    {"slug": "ever", "label": "Most acts", "counts": "*", "rule": "count", "span": "all"},
]
for terms in TERMS:
    definitions.make_board(actor="system", from_log=True, **terms)
    filling.fill(terms["slug"])
periods.make_ahead()
