"""manage.py make_desk_groups: the groups of those who may look, act, or keep the catalogue."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

VIEW = [
    "audit.view_auditentry",
    "audit.view_checkpoint",
    "audit.view_refusal",
    "audit.view_verification",
    "scores.view_action",
    "scores.view_flag",
    "scores.view_score",
]
GROUPS = {
    "Viewers": VIEW,
    "Moderators": [*VIEW, "scores.correct_score"],
    "Catalogue managers": ["scores.add_action", "scores.change_action", "scores.view_action"],
}
#: What the groups were called before, and are renamed from, with their members.
FORMER_NAMES = {"Lookers": "Viewers", "Actors": "Moderators", "Configurers": "Catalogue managers"}


class Command(BaseCommand):
    help = "Makes the groups Viewers, Moderators and Catalogue managers of the admin, or sets their permissions again."

    @transaction.atomic
    def handle(self, **options: Any) -> None:
        for former, name in FORMER_NAMES.items():
            self._rename(former, name)
        permissions = Permission.objects.select_related("content_type")
        by_name = {f"{item.content_type.app_label}.{item.codename}": item for item in permissions}
        for name, wanted in GROUPS.items():
            group, _ = Group.objects.get_or_create(name=name)
            group.permissions.set([by_name[permission] for permission in wanted])
            self.stdout.write(f"{name}: {', '.join(sorted(wanted))}")

    def _rename(self, former: str, name: str) -> None:
        """Rename a group of an earlier version. Raises CommandError when the new name is taken: whose group that is, we cannot know."""
        group = Group.objects.filter(name=former).first()
        if group is None:
            return
        if Group.objects.filter(name=name).exists():
            raise CommandError(
                f"The group {former!r} is now to be called {name!r}, and there is another one of that name. "
                "Rename or delete one of them; nothing was changed."
            )
        group.name = name
        group.save(update_fields=["name"])
        self.stdout.write(f"{former} is now called {name}.")
