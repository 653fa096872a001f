"""The door for backends: many awards in one call, proved by what their issuers signed; no player has to be signed in."""

from collections.abc import Iterator

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from scores.api import award_schema
from scores.api.award_parsing import Batch, read_batch
from scores.api.award_serializers import show_item
from scores.api.views import JSONView
from scores.awards.batches import award_all
from scores.awards.rules import Attempt, Award
from scores.errors import ReceiptInvalid, Refused, StatementInvalid
from scores.http.context import context_of
from scores.http.limits import AddressForgeryLimit, IssuerLimit, address_subject
from scores.http.outcomes import log_awards


class AwardsView(JSONView):
    # Whose limit a call counts under is known once it is read: none is charged before.
    throttle_classes = ()

    @award_schema.awards
    def post(self, request: Request) -> Response:
        batch = self._read_batch(request)
        IssuerLimit.charge_awards(request._request, batch.issuers)
        outcomes = list(_merge(batch, award_all([item for item in batch.items if isinstance(item, Attempt)])))
        # An issuer speaks for the player it names; of what nobody signed, only whence it came is known.
        address = context_of(request._request).address
        subjects = [str(item.caller.player) if isinstance(item, Attempt) else address for item in batch.items]
        log_awards(request._request, batch.issuers, list(zip(subjects, outcomes, strict=True)))
        awards = [outcome for outcome in outcomes if isinstance(outcome, Award)]
        replayed = sum(award.replayed for award in awards)
        return Response(
            {
                "results": [show_item(outcome) for outcome in outcomes],
                "accepted": len(awards) - replayed,
                "replayed": replayed,
                "refused": len(outcomes) - len(awards),
            }
        )

    def _read_batch(self, request: Request) -> Batch:
        """The call, read. Raises RateLimited for who sent too much already that no issuer signed."""
        if not isinstance(request.data, dict):
            raise UnsupportedMediaType(request.content_type or "")
        sender = address_subject(request._request)
        if AddressForgeryLimit.is_used_up(sender):
            AddressForgeryLimit.charge(request._request, sender)
        try:
            batch = read_batch(request.data, request._request)
        except StatementInvalid:
            AddressForgeryLimit.charge(request._request, sender)
            raise
        if batch.has_forgeries:
            AddressForgeryLimit.charge(request._request, sender)
        return batch


def _merge(batch: Batch, outcomes: list[Award | Refused]) -> Iterator[Award | Refused]:
    """One outcome for each item, in order."""
    known = iter(outcomes)
    for item in batch.items:
        yield next(known) if isinstance(item, Attempt) else ReceiptInvalid(reason=item.fault)
