"""What may be refused, each with its stable code. `http.problems` turns them into HTTP, the admin and commands into a message."""

from typing import ClassVar


class Refused(Exception):
    """An act that was refused; nothing was written. The caller gets code, title and detail.

    `reason` is for the server log and the counts of refusals, `explanation` for investigators and operators, who may know what
    a player is not told.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"
    detail: str = "The act was refused."

    def __init__(
        self,
        detail: str | None = None,
        *,
        reason: str = "",
        explanation: str | None = None,
        retry_after: int | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        self.detail = detail or self.detail
        self.reason = reason
        self.explanation = explanation or self.detail
        self.retry_after = retry_after
        self.errors = errors or []
        super().__init__(self.detail)


class InvalidBody(Refused):
    code, title = "invalid_body", "Invalid body"
    detail = "The body is not what this route takes."


class InvalidQuery(Refused):
    code, title = "invalid_query", "Invalid query"
    detail = "The parameters are not what this route takes."


class InvalidCursor(Refused):
    code, title = "invalid_cursor", "Invalid cursor"
    detail = "This cursor is not one that this board and period gave; begin at the first page."


class InvalidName(Refused):
    code, title = "invalid_name", "Invalid name"


class IdempotencyKeyRequired(Refused):
    code, title = "idempotency_key_required", "Idempotency key required"
    detail = "Send an Idempotency-Key header: one fresh key per act, the same key when you retry it."


class InvalidIdempotencyKey(Refused):
    code, title = "invalid_idempotency_key", "Invalid idempotency key"
    detail = "An Idempotency-Key has 1 to 255 visible ASCII characters, without quotes and backslashes inside."


class NotAuthenticated(Refused):
    status, code, title = 401, "not_authenticated", "Not authenticated"
    detail = "Send an access token: Authorization: Bearer TOKEN."


class TokenInvalid(Refused):
    status, code, title = 401, "token_invalid", "Token invalid"
    detail = "The token is not valid, or no longer: sign in again."


class LoginFailed(Refused):
    status, code, title = 401, "login_failed", "Login failed"
    detail = "No active account has this username and password."


class PlayerFrozen(Refused):
    status, code, title = 403, "player_frozen", "Player frozen"
    detail = "This player is frozen and cannot gain points."


class ReceiptSubject(Refused):
    status, code, title = 403, "receipt_subject", "Receipt of another player"
    detail = "This receipt was issued to another player."


class UnknownAction(Refused):
    status, code, title = 404, "unknown_action", "Unknown action"
    detail = "There is no such action."


class UnknownBoard(Refused):
    status, code, title = 404, "unknown_board", "Unknown board"
    detail = "There is no such board."


class UnknownPeriod(Refused):
    status, code, title = 404, "unknown_period", "Unknown period"
    detail = "The board has no period of this name."


class UnknownPlayer(Refused):
    status, code, title = 404, "unknown_player", "Unknown player"
    detail = "There is no such player."


class NotRanked(Refused):
    status, code, title = 404, "not_ranked", "Not ranked"
    detail = "This player has no place on the board in this period."


class RequestTimeout(Refused):
    status, code, title = 408, "request_timeout", "Request timeout"
    detail = "The request did not arrive in time."


class ReceiptUsed(Refused):
    status, code, title = 409, "receipt_used", "Receipt used"
    detail = "A receipt with this id was used before, with other content."


class PeriodOpen(Refused):
    status, code, title = 409, "period_open", "Period open"
    detail = "Results are final only when the period is closed."


class PayloadTooLarge(Refused):
    status, code, title = 413, "payload_too_large", "Payload too large"
    detail = "The body is larger than this route takes."


class IdempotencyConflict(Refused):
    status, code, title = 422, "idempotency_conflict", "Idempotency conflict"
    detail = "This key was used before, with another body."


class ReceiptRequired(Refused):
    status, code, title = 422, "receipt_required", "Receipt required"
    detail = "This action needs a receipt from the backend where it took place."


class ReceiptInvalid(Refused):
    status, code, title = 422, "receipt_invalid", "Receipt invalid"
    detail = "The receipt does not prove this act."


class StatementInvalid(Refused):
    status, code, title = 422, "statement_invalid", "Statement invalid"
    detail = "The statement does not prove these awards."


class RateLimited(Refused):
    status, code, title = 429, "rate_limited", "Rate limited"
    detail = "Too many requests; try again after the pause."


class Cooldown(Refused):
    status, code, title = 429, "cooldown", "Cooldown"
    detail = "This action was done a moment ago."


class DailyCap(Refused):
    status, code, title = 429, "daily_cap", "Daily cap"
    detail = "This action was done as often as it counts today (UTC)."


class BalanceOutOfRange(Refused):
    status, code, title = 422, "balance_out_of_range", "Balance out of range"
    detail = "The balance would leave the range from 0 to 2^53 - 1."


class TooManyBoards(Refused):
    status, code, title = 422, "too_many_boards", "Too many boards"
    detail = "There are as many boards as may be; disable one first."


class Unavailable(Refused):
    status, code, title = 503, "unavailable", "Unavailable"
    detail = "The scoreboard cannot take this now; try again after the pause."


class BoardFilling(Refused):
    status, code, title = 503, "board_filling", "Board filling"
    detail = "This board is still being filled from the log; try again after the pause."


class TooManyWatched(Refused):
    """Of a socket: it is closed, and nothing is answered by HTTP."""

    status, code, title = 503, "too_many_watched", "Too many watched boards"
    detail = "As many boards as may be are watched through this process; try again later."


class PlayerHeld(Unavailable):
    """Another transaction has locked the player. Raised only with waits=False."""


class OutcomeUnknown(Refused):
    """The one refusal that does not mean that nothing was written."""

    status, code, title = 503, "outcome_unknown", "Outcome unknown"
    detail = "This was sent to the database, and no answer came in time. Send the same again: under its key an update counts once."


class CorrectionRefused(Refused):
    status, code, title = 422, "correction_refused", "Correction refused"
    detail = "This correction cannot be made."


class CatalogueChanged(Exception):
    """A row of the catalogue was changed behind the application's back."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"the catalogue's row {slug!r} was changed behind the application's back; set it again to use it"
        )


def describe_pause(seconds: int) -> str:
    """Say for how long to wait, as people count: in seconds, from two minutes on in minutes, from two hours on in hours, rounded up."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"Try again in {-(-seconds // length)} {unit}s."
    return f"Try again in {seconds} second{'' if seconds == 1 else 's'}."
