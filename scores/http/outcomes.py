"""What became of a request: counted, one line in the server log, and where somebody is known to have tried, a count in the audit log."""

import logging
from http import HTTPStatus

from django.http import HttpRequest

from audit.refusals import record_refusal
from scores import metrics
from scores.awards.rules import Award
from scores.errors import Refused
from scores.http.context import context_of

logger = logging.getLogger("scores.outcomes")

#: Refusals of a known player that the audit log keeps, folded (docs/contract.md 2.5).
KEPT_STATUSES = frozenset({401, 403, 409, 422, 429})
#: What was changed behind the application's back, and holds an update until a person has looked.
TAMPERING = frozenset({"chain_broken", "catalogue_changed"})


def log_update(request: HttpRequest, award: Award) -> None:
    """An update that was answered with 200."""
    entry = award.entry
    result = "replayed" if award.replayed else "awarded"
    metrics.UPDATES.labels(result).inc()
    fields = {
        "player": str(entry.player),
        "action": entry.action,
        "delta": entry.delta,
        "score": entry.balance,
        "seq": entry.seq,
        "address": context_of(request).address,
    }
    logger.info(
        "%s player=%s action=%s delta=%d score=%d seq=%d address=%s", result, *fields.values(), extra={"fields": fields}
    )


def log_refusal(request: HttpRequest, refusal: Refused) -> None:
    """A request that was refused by a rule of ours."""
    count_refusal(refusal.code)
    if refusal.reason in TAMPERING:
        metrics.CHAIN_FAILURES.inc()
    reason = f"{refusal.code}:{refusal.reason}" if refusal.reason else refusal.code
    context = context_of(request)
    player, address = context.caller.player if context.caller else None, context.address
    fields = {
        "method": request.method,
        "path": request.path,
        "status": refusal.status,
        "reason": reason,
        "player": str(player or "-"),
        "address": address,
    }
    logger.info("refused %s %s with %d %s player=%s address=%s", *fields.values(), extra={"fields": fields})
    if refusal.status not in KEPT_STATUSES or (refusal.status == HTTPStatus.UNAUTHORIZED and player is None):
        return
    record_refusal(reason, str(player or address))


def count_refusal(code: str) -> None:
    """Any refusal, also one that Django or the server made."""
    metrics.REFUSALS.labels(code).inc()
