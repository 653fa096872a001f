"""The route of a player's own proof: what takes no key but the public one to check."""

from django.http import FileResponse
from rest_framework.request import Request

from scores import naming
from scores.api import schema
from scores.api.authentication import BearerAuthentication
from scores.api.views import JSONView
from scores.callers import check_caller
from scores.errors import TokenInvalid
from scores.http.context import caller_of
from scores.http.limits import AddressCostlyLimit
from scores.http.queries import read_number, read_query
from scores.integrity.proof import MEDIA_TYPE, open_proof
from scores.models import MAXIMUM_BALANCE, Score


class OwnProofView(JSONView):
    authentication_classes = (BearerAuthentication,)
    throttle_classes = (AddressCostlyLimit,)

    @schema.own_proof
    def get(self, request: Request) -> FileResponse:
        after = read_number(read_query(request._request, "after"), "after", maximum=MAXIMUM_BALANCE) or 0
        caller = caller_of(request)
        naming.see_caller(caller)
        score = Score.objects.filter(pk=caller.player).first()
        if score is None:
            raise TokenInvalid(reason="unknown_player")
        check_caller(score, caller)
        return FileResponse(open_proof(score, after), content_type=MEDIA_TYPE)
