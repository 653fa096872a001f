"""Who may configure boards at the desk, and who may only look."""

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client


def sign_in(group: str) -> Client:
    """A browser in which somebody of this group is signed in at the desk."""
    call_command("make_desk_groups", verbosity=0)
    user = User.objects.create_user(group.casefold().replace(" ", "-"), is_staff=True)
    user.groups.set(Group.objects.filter(name=group))
    client = Client()
    client.force_login(user)
    return client
