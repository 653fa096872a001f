"""The investigators' desk: Django's admin with a front page that says how ledger and board are doing, and one search on every page."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver

from scores.admin import overview
from scores.pages.login import RateLimitedAdminLoginForm


class DeskSite(AdminSite):
    site_title = "Scoreboard desk"
    site_header = "Scoreboard: investigators' desk"
    index_title = "Investigators' desk"
    login_form = RateLimitedAdminLoginForm

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**overview.describe(request), **(extra_context or {})})

    def get_urls(self) -> list[URLResolver | URLPattern]:
        # Where entries are shown, they are registered: at this site, which is not there while it is imported.
        from scores.admin import finding  # noqa: PLC0415

        return [*finding.urls(self), *super().get_urls()]
