"""Players for a board of every kind of name, the first with the most points."""

from tests.support.site import Player, Site

NAMES = [
    "Ada Lovelace",
    "محمد الخوارزمي",
    "דנה לוי",
    "Maximiliana von und zu Hohenberg-Schwarzenfels, die Dritte, " + "jr.",
    "<b onmouseover=alert(1)>&amp;",
    "Šárka Ženíšková",
    "W" * 64,
    "Радия Перльман",
    "Zoë",
    "Tim",
    "Edsger",
]


def make_ranked_players(site: Site) -> list[Player]:
    """Eleven, each a leap ahead of the next."""
    players = site.make_players(*NAMES)
    for number, player in enumerate(players):
        for _ in range(len(players) - number):
            site.act(player, "leap")
    return players
