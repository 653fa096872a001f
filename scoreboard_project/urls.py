"""Every route of the site."""

from csp.decorators import csp_update
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from scoreboard_project.server import probes
from scores.api import award_views, board_views, proof_views, schema, views
from scores.pages import board, boards, checkpoint, earn, embed, feed, language, player, share, site, verify, wall
from scores.pages.login import RateLimitedLoginForm
from scores.pages.own_place import you, your_proof

# REST framework would describe a route to OPTIONS, and fails where the route is a page.
READ = ["get", "head"]
docs = SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api_docs.html", http_method_names=READ)

urlpatterns = [
    path("", board.board, name="board"),
    path("embed", embed.embed, name="embed"),
    path("embed/builder", embed.builder, name="embed-builder"),
    path("wall", wall.wall, name="wall"),
    path("share.png", share.share_picture, name="share-picture"),
    path("favicon.ico", site.favicon, name="favicon"),
    path("manifest.webmanifest", site.manifest, name="manifest"),
    path("site/logo/<str:digest>", site.logo, name="logo"),
    path("site/accent/<str:digest>.css", site.accent, name="accent"),
    path("boards", boards.boards, name="boards-page"),
    path("boards/<str:slug>", boards.board_period, name="board-page"),
    path("boards/<str:slug>/<str:period>", boards.board_period, name="board-page"),
    path("boards/<str:slug>/<str:period>/ctftime.json", feed.ctftime, name="board-ctftime"),
    path("players", player.search, name="players-page"),
    path("players/<str:player>", player.player, name="player-page"),
    path("earn", earn.earn, name="earn"),
    path("verify", verify.verify, name="verify"),
    path("language", language.choose_language, name="language"),
    path("you/proof", your_proof, name="your-proof"),
    path("you", you, name="you"),
    path(
        "login", LoginView.as_view(template_name="login.html", authentication_form=RateLimitedLoginForm), name="login"
    ),
    path("logout", LogoutView.as_view(), name="logout"),
    path("api/score/update", views.UpdateView.as_view(), name="score-update"),
    path("api/awards", award_views.AwardsView.as_view(), name="awards"),
    path("api/score/top", views.TopView.as_view(), name="score-top"),
    path("api/score/me", views.MeView.as_view(), name="score-me"),
    path("api/score/me/proof", proof_views.OwnProofView.as_view(), name="score-me-proof"),
    path("api/boards", board_views.BoardsView.as_view(), name="boards"),
    path("api/boards/<str:slug>", board_views.BoardView.as_view(), name="board-current"),
    path("api/boards/<str:slug>/periods", board_views.PeriodsView.as_view(), name="board-periods"),
    path("api/boards/<str:slug>/<str:period>", board_views.PeriodView.as_view(), name="board-period"),
    path("api/boards/<str:slug>/<str:period>/me", board_views.OwnPlaceView.as_view(), name="board-me"),
    path("api/boards/<str:slug>/<str:period>/results", board_views.ResultsView.as_view(), name="board-results"),
    path("api/boards/<str:slug>/<str:period>/proof", board_views.ProofView.as_view(), name="board-proof"),
    path("api/players", board_views.PlayersView.as_view(), name="players"),
    path("api/players/<str:player>", board_views.PlayerView.as_view(), name="player"),
    path("api/corrections", board_views.CorrectionsView.as_view(), name="corrections"),
    path("api/token", views.TokenView.as_view(), name="token"),
    path("api/token/refresh", views.RefreshView.as_view(), name="token-refresh"),
    path("api/token/revoke", views.RevokeView.as_view(), name="token-revoke"),
    path("api/schema", SpectacularJSONAPIView.as_view(http_method_names=READ), name="schema"),
    path("api/docs", csp_update(schema.docs_policy())(docs), name="docs"),
    path(".well-known/scoreboard-checkpoint", checkpoint.checkpoint),
    path(".well-known/scoreboard-keys", checkpoint.keys),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("metrics", probes.metrics),
    path("admin/", admin.site.urls),
]
