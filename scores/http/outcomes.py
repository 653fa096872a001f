"""What became of a request: counted, one line in the server log, and where somebody is known to have tried, a count in the audit log."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
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


def log_awards(request: HttpRequest, issuers: Iterable[str], outcomes: Sequence[tuple[str, Award | Refused]]) -> None:
    """A call of a backend that was answered with 200, in one line; with each outcome goes whose award it is, or whence it came."""
    results: Counter[str] = Counter()
    for subject, outcome in outcomes:
        if isinstance(outcome, Refused):
            results[outcome.code] += 1
            count_refusal(outcome.code)
            _note_refusal(outcome, subject)
        else:
            results["replayed" if outcome.replayed else "awarded"] += 1
    for result in ("awarded", "replayed"):
        metrics.UPDATES.labels(result).inc(results[result])
    fields = {
        "issuers": " ".join(sorted(issuers)) or "-",
        "results": " ".join(f"{name}={count}" for name, count in sorted(results.items())),
        "address": context_of(request).address,
    }
    logger.info("awards issuers=%s %s address=%s", *fields.values(), extra={"fields": fields})


def _note_refusal(refusal: Refused, subject: str) -> None:
    """Count it where docs/contract.md 2.5 says so, and what was tampered with everywhere."""
    if refusal.reason in TAMPERING:
        metrics.CHAIN_FAILURES.inc()
    if refusal.status in KEPT_STATUSES:
        record_refusal(_write_reason(refusal), subject)


def _write_reason(refusal: Refused) -> str:
    return f"{refusal.code}:{refusal.reason}" if refusal.reason else refusal.code


def log_refusal(request: HttpRequest, refusal: Refused) -> None:
    """A request that was refused by a rule of ours."""
    count_refusal(refusal.code)
    context = context_of(request)
    player, address = context.caller.player if context.caller else None, context.address
    fields = {
        "method": request.method,
        "path": request.path,
        "status": refusal.status,
        "reason": _write_reason(refusal),
        "player": str(player or "-"),
        "address": address,
    }
    logger.info("refused %s %s with %d %s player=%s address=%s", *fields.values(), extra={"fields": fields})
    if refusal.status != HTTPStatus.UNAUTHORIZED or player is not None:
        _note_refusal(refusal, str(player or address))


def count_refusal(code: str) -> None:
    """Any refusal, also one that Django or the server made."""
    metrics.REFUSALS.labels(code).inc()
