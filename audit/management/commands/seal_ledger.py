"""manage.py seal_ledger: put a signed block over the chains that moved, and a copy of it outside the database."""

from typing import Any

from django.db import DatabaseError

from audit.checkpoints import FindStatements, SigningRefused, find_none, sign_checkpoints
from audit.management.repeating import RepeatingCommand


class Command(RepeatingCommand):
    help = "Sign a block over the chains that moved and append it to CHECKPOINT_EXPORT."
    fatal_faults = (SigningRefused,)
    passing_faults = (SigningRefused, OSError, DatabaseError)

    #: What is stated besides.
    find_statements: FindStatements = staticmethod(find_none)

    def run_round(self, **options: Any) -> None:
        made = sign_checkpoints(self.find_statements)
        for checkpoint in made:
            self.stdout.write(f"Signed checkpoint {checkpoint.number}.")
        if not made:
            self.stdout.write("Nothing moved since the last checkpoint.")
