from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand

LOOK = [
    "audit.view_auditentry",
    "audit.view_checkpoint",
    "audit.view_refusal",
    "audit.view_verification",
    "scores.view_action",
    "scores.view_flag",
    "scores.view_score",
]
GROUPS = {
    "Lookers": LOOK,
    "Actors": [*LOOK, "scores.correct_score"],
    "Configurers": ["scores.add_action", "scores.change_action", "scores.view_action"],
}


class Command(BaseCommand):
    help = "Makes the groups Lookers, Actors and Configurers of the admin, or sets their permissions again."

    def handle(self, **options: Any) -> None:
        for name, wanted in GROUPS.items():
            group, _ = Group.objects.get_or_create(name=name)
            permissions = Permission.objects.select_related("content_type")
            by_name = {f"{item.content_type.app_label}.{item.codename}": item for item in permissions}
            group.permissions.set([by_name[permission] for permission in wanted])
            self.stdout.write(f"{name}: {', '.join(sorted(wanted))}")
