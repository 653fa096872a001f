"""Every route of the site, and who answers there."""

from django.urls import URLResolver, resolve

from scoreboard_project.server import probes
from scoreboard_project.urls import urlpatterns
from scores.api import views
from scores.pages import board, boards, player


def test_the_routes_are_these() -> None:
    patterns = [f"/{each.pattern}" for each in urlpatterns]  # type: ignore[attr-defined]
    assert patterns == [
        "/", "/embed", "/embed/builder", "/wall", "/share.png", "/favicon.ico", "/manifest.webmanifest",
        "/site/logo/<str:digest>", "/site/accent/<str:digest>.css", "/boards", "/boards/<str:slug>", "/boards/<str:slug>/<str:period>",
        "/boards/<str:slug>/<str:period>/ctftime.json",
        "/players", "/players/<str:player>", "/earn", "/verify", "/language", "/you/proof", "/you", "/login", "/logout",
        "/api/score/update", "/api/awards", "/api/score/top", "/api/score/me", "/api/score/me/proof",
        "/api/boards", "/api/boards/<str:slug>", "/api/boards/<str:slug>/periods", "/api/boards/<str:slug>/<str:period>",
        *(f"/api/boards/<str:slug>/<str:period>/{name}" for name in ("me", "results", "proof")),
        "/api/players", "/api/players/<str:player>", "/api/corrections",
        "/api/token", "/api/token/refresh", "/api/token/revoke",
        "/api/schema", "/api/docs", "/.well-known/scoreboard-checkpoint", "/.well-known/scoreboard-keys",
        "/healthz", "/readyz", "/metrics", "/admin/",
    ]  # fmt: skip
    assert [str(each.pattern) for each in urlpatterns if isinstance(each, URLResolver)] == ["admin/"]


def test_each_leads_to_its_view() -> None:
    assert resolve("/").func is board.board
    assert resolve("/boards/daily").func is resolve("/boards/daily/current").func is boards.board_period
    assert resolve("/players/x").func is player.player
    assert resolve("/healthz").func is probes.healthz
    assert [resolve(path).func.view_class for path in ("/api/score/update", "/api/token")] == [  # type: ignore[attr-defined]
        views.UpdateView,
        views.TokenView,
    ]
