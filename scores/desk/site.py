"""The investigators' desk: Django's admin with a front page that says how ledger and board are doing."""

from django.contrib.admin import AdminSite

from scores.login import LimitedAdminForm


class DeskSite(AdminSite):
    site_title = "Scoreboard desk"
    site_header = "Scoreboard: investigators' desk"
    index_title = "Investigators' desk"
    login_form = LimitedAdminForm
