"""What must hold before this machine may serve: the database within reach and up to date, its keys here, and the clock right."""

import time
from datetime import timedelta

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from audit import chain, clock
from audit.keys import Keyring, LedgerKeyMissing
from audit.models import AuditEntry
from scoreboard_project.faults import MIGRATE
from scores.models import Action

#: Tokens are judged by a machine's own clock; a node of a cluster may be this far from the database's.
MAXIMUM_DRIFT = timedelta(seconds=30)
#: A standby that took over may be a little behind; what is further was written under a wrong clock.
MAXIMUM_LEAD = timedelta(minutes=5)
MICROSECOND = timedelta(microseconds=1)
#: Of how many of the newest entries the keys must be here: whoever played lately goes on from one of them.
NEWEST = 1000


def is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def find_fault() -> str | None:
    """The first thing that does not hold, as a sentence; raises what the database raises while it is out of reach."""
    connection.ensure_connection()
    return None if is_migrated() else f"{MIGRATE}."


def find_key_fault(keyring: Keyring) -> str | None:
    """That a key is missing which updates would need, as a sentence."""
    kid = find_missing_ledger_key(keyring)
    return None if kid is None else str(LedgerKeyMissing(kid))


def find_missing_ledger_key(keyring: Keyring) -> str | None:
    """The kid of a key that updates would need and this machine lacks, as where a backup meets the keys of another machine."""
    entries = AuditEntry.objects.values_list("kid", flat=True)
    system = entries.filter(player=chain.SYSTEM_CHAIN).order_by("-seq")[:1]
    needed = {*entries.order_by("-pk")[:NEWEST], *system}
    needed |= {seal.rpartition(":")[0] for seal in Action.objects.values_list("seal", flat=True)} - {""}
    return min(needed - keyring.keys.keys(), default=None)


def find_clock_fault() -> str | None:
    """A clock that disagrees with the database's, or that lies behind what the log holds already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            drift = timedelta(seconds=time.time() - float(cursor.fetchone()[0]))
        if abs(drift) > MAXIMUM_DRIFT:
            return f"This machine's clock is {drift} off the database server's. Set both by NTP."
    newest = AuditEntry.objects.order_by("-pk").values_list("at_us", flat=True).first()
    lead = ((newest or 0) - clock.read_us()) * MICROSECOND
    if lead > MAXIMUM_LEAD:
        return (
            f"This machine's clock is {lead} behind the newest entry of the log. Set it by NTP; if it is right, the entry "
            "was written under a wrong one: --despite-clock starts all the same."
        )
    return None
