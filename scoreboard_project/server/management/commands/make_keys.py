"""manage.py make_keys: the files a new site needs before its first start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.keys import new_checkpoint_keys, new_ledger_keys
from scoreboard_project.readers import make_once


def no_issuers() -> str:
    return "{}"


FILES: dict[str, Callable[[], str]] = {
    "LEDGER_KEYS_FILE": new_ledger_keys,
    "CHECKPOINT_KEY_FILE": new_checkpoint_keys,
    "RECEIPT_ISSUERS_FILE": no_issuers,
}


class Command(BaseCommand):
    help = "Make the key files that the settings name, where they are missing. One that is there stays as it is."

    def handle(self, **options: Any) -> None:
        for setting, make in FILES.items():
            path = getattr(settings, setting)
            if not path:
                continue
            try:
                is_new = make_once(Path(path), make())
            except OSError as error:
                raise CommandError(f"{setting} names {path}, which cannot be made: {error.strerror}.") from None
            self.stdout.write(f"{path} {'made' if is_new else 'is there already and stays as it is'}.")
