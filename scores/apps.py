from django.apps import AppConfig
from django.core.checks import Tags, register

from scores.checks import check_deployment


class ScoresConfig(AppConfig):
    name = "scores"
    verbose_name = "Scoreboard"

    def ready(self) -> None:
        register(check_deployment, Tags.security, deploy=True)
