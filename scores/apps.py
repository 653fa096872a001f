from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class ScoresConfig(AppConfig):
    name = "scores"
    verbose_name = "Scoreboard"


class DeskConfig(AdminConfig):
    """Django's admin, with our site as the one that everything registers at."""

    default_site = "scores.admin.site.DeskSite"

    def ready(self) -> None:
        super().ready()
        # Not in the package itself: the site is a module of it, which is imported before there is anything to register at.
        autodiscover_modules("admin.registration")
