"""manage.py make_desk_groups: three groups, also where an earlier version called them something else."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from scores.management.commands.make_desk_groups import FORMER_NAMES, GROUPS


def read_permissions(group: Group) -> set[str]:
    return {f"{item.content_type.app_label}.{item.codename}" for item in group.permissions.all()}


def test_it_makes_the_groups_and_sets_their_permissions_again(db: None) -> None:
    call_command("make_desk_groups", verbosity=0)
    Group.objects.get(name="Viewers").permissions.clear()
    call_command("make_desk_groups", verbosity=0)
    assert {group.name: read_permissions(group) for group in Group.objects.all()} == {
        name: set(permissions) for name, permissions in GROUPS.items()
    }


def test_groups_of_an_earlier_version_are_renamed_and_keep_their_members(db: None) -> None:
    ids = {}
    for former, name in FORMER_NAMES.items():
        group = Group.objects.create(name=former)
        User.objects.create_user(former).groups.add(group)
        ids[name] = group.pk
    call_command("make_desk_groups", verbosity=0)
    assert dict(Group.objects.values_list("name", "pk")) == ids
    for former, name in FORMER_NAMES.items():
        assert list(Group.objects.filter(user__username=former).values_list("name", flat=True)) == [name]
        assert read_permissions(Group.objects.get(name=name)) == set(GROUPS[name])


def test_a_group_that_has_the_new_name_already_is_not_given_the_members(db: None) -> None:
    for name in ("Lookers", "Actors", "Moderators"):
        Group.objects.create(name=name)
    with pytest.raises(CommandError, match=r"'Actors'.*'Moderators'"):
        call_command("make_desk_groups", verbosity=0)
    assert list(Group.objects.order_by("name").values_list("name", flat=True)) == ["Actors", "Lookers", "Moderators"]
    assert not Group.objects.filter(permissions__isnull=False).exists()
