"""The investigators' desk: Django's admin with a front page that says how ledger and board are doing."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse

from scores.admin import overview
from scores.pages.login import RateLimitedAdminLoginForm


class DeskSite(AdminSite):
    site_title = "Scoreboard desk"
    site_header = "Scoreboard: investigators' desk"
    index_title = "Investigators' desk"
    login_form = RateLimitedAdminLoginForm

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**overview.describe(request), **(extra_context or {})})
