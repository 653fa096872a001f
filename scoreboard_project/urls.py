"""Every route of the site."""

from csp.decorators import csp_update
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from scores import pages
from scores.api import views
from scores.login import LimitedForm
from scores.you import you

# REST framework would describe a route to OPTIONS, and fails where the route is a page.
READ = ["get", "head"]
docs = SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=READ)

urlpatterns = [
    path("", pages.board, name="board"),
    path("embed", pages.embed, name="embed"),
    path("you", you, name="you"),
    path("login", LoginView.as_view(template_name="login.html", authentication_form=LimitedForm), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("api/score/update", views.UpdateView.as_view(), name="score-update"),
    path("api/score/top", views.TopView.as_view(), name="score-top"),
    path("api/score/me", views.MeView.as_view(), name="score-me"),
    path("api/token", views.TokenView.as_view(), name="token"),
    path("api/token/refresh", views.RefreshView.as_view(), name="token-refresh"),
    path("api/token/revoke", views.RevokeView.as_view(), name="token-revoke"),
    path("api/schema", SpectacularJSONAPIView.as_view(http_method_names=READ), name="schema"),
    path("api/docs", csp_update(pages.docs_policy())(docs), name="docs"),
    path(".well-known/scoreboard-checkpoint", pages.checkpoint),
    path("healthz", pages.healthz),
    path("readyz", pages.readyz),
    path("metrics", pages.metrics),
    path("admin/", admin.site.urls),
]
