"""manage.py config: what is set, what it means, and what is wrong with it."""

import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from audit.keys import load_keyring
from scoreboard_project.env import SETTINGS, Setting
from scoreboard_project.server.operator_errors import describe
from scoreboard_project.server.readiness import find_clock_fault, find_migration_fault
from scores.database import pooling
from scores.integrity.ledger_keys import find_key_fault
from scores.receipts.issuers import Registry


class Command(BaseCommand):
    help = "Print every setting with its value and meaning (secrets hidden), and what is wrong; exit 1 if anything is."
    # What is wrong is what this command reports, so it must not end it.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--markdown", action="store_true", help="print the table of the README")
        form.add_argument("--env", action="store_true", help="print .env.example")

    def handle(self, *, markdown: bool, env: bool, **options: Any) -> None:
        if markdown:
            self.stdout.write(describe_as_markdown())
        elif env:
            self.stdout.write(describe_as_env())
        else:
            self._print_values()
            faults = list(find_faults())
            if faults:
                raise CommandError("\n".join(["What is wrong:", *(f"- {fault}" for fault in faults)]))
            self.stdout.write("Nothing is wrong.")

    def _print_values(self) -> None:
        for setting in SETTINGS:
            self.stdout.write(f"{setting.name} = {show_value(setting)}")
            self.stdout.write(f"    {setting.help} Default: {setting.default or 'none'}.")


def show_value(setting: Setting) -> str:
    """What is in force; of a secret, only where it comes from."""
    value = os.environ.get(setting.name, "").strip()
    if setting.secret:
        if value:
            return "(set)"
        if os.environ.get(f"{setting.name}_FILE", "").strip():
            return f"(from {setting.name}_FILE)"
        made = settings.DEBUG and not setting.default and setting.name != "REDIS_URL"
        return "(made for development)" if made else setting.default or "(not set)"
    in_force = getattr(settings, setting.name, None)
    if isinstance(in_force, bool):
        return "on" if in_force else "off"
    if isinstance(in_force, list):
        in_force = ",".join(in_force)
    return value or (in_force if isinstance(in_force, str) and in_force else "") or setting.default or "(not set)"


def find_faults() -> Iterator[str]:
    """Sentences about what would not work; settings that cannot be read at all end every command before this."""
    for message in checks.run_checks(include_deployment_checks=not settings.DEBUG):
        if message.level >= checks.WARNING and not message.is_silenced():
            yield f"{message.msg} ({message.id})"
    keyring = None
    try:
        keyring = load_keyring()
    except ImproperlyConfigured as error:
        yield str(error)
    try:
        Registry(settings.RECEIPT_ISSUERS_FILE)
    except ImproperlyConfigured as error:
        yield str(error)
    try:
        if (
            fault := find_migration_fault()
            or (keyring and find_key_fault(keyring))
            or pooling.find_pooler_fault()
            or find_clock_fault()
        ):
            yield fault
    except DatabaseError as error:
        yield describe(error) or str(error)


def describe_as_markdown() -> str:
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for setting in SETTINGS:
        name = f"`{setting.name}`" + (f" or `{setting.name}_FILE`" if setting.secret else "")
        default = f"`{setting.default}`" if setting.default else "-"
        meaning = setting.help.replace("|", "\\|")
        rows.append(f"| {name} | {default} | {meaning} |")
    return "\n".join(rows)


def describe_as_env() -> str:
    """Every variable commented out at its default, so that a copy of the file changes nothing until it is edited."""
    blocks = [
        "# Settings of the scoreboard. Made by `manage.py config --env`; copy to .env and set what you need.\n"
        "# Every secret may also be given as NAME_FILE, the path of a file that holds it."
    ]
    for setting in SETTINGS:
        secret = " Secret." if setting.secret else ""
        # `on unless DEBUG` is a sentence, not a value.
        default = "" if " " in setting.default else setting.default
        blocks.append(f"# {setting.help}{secret}\n#{setting.name}={default}")
    return "\n\n".join(blocks)
