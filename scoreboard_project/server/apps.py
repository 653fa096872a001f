from django.apps import AppConfig
from django.core.checks import Tags, register

from scoreboard_project.server.checks import check_appearance, check_deployment


class ServerConfig(AppConfig):
    name = "scoreboard_project.server"

    def ready(self) -> None:
        register(check_appearance)
        register(check_deployment, Tags.security, deploy=True)
