"""The routes under /api: each checks its input, calls one service, shapes the answer."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import Http404, HttpResponse
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from scores import naming
from scores.api import schema
from scores.api.authentication import BearerAuthentication, RefreshTokens, issue_pair
from scores.api.parsing import describe_origin, read_act
from scores.api.serializers import LoginBody, RefreshBody, UpdateBody, show_award, show_own_place
from scores.awards import service
from scores.awards.rules import Attempt
from scores.board import standings
from scores.callers import check_caller
from scores.errors import (
    LoginFailed,
    PlayerHeld,
    TokenInvalid,
)
from scores.http.context import caller_of, context_of
from scores.http.limits import (
    AddressLoginLimit,
    AddressReadLimit,
    AddressRefreshLimit,
    AddressRevokeLimit,
    AddressUnchangedLimit,
    PlayerLimit,
    UsernameLoginLimit,
    address_subject,
    describe_limits,
)
from scores.http.outcomes import log_update


class JSONView(APIView):
    """A route that refuses a wrong method first, says what is left of its limits, and is not kept by caches unless it says so."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not hasattr(self, str(request.method).lower()):
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in describe_limits(context_of(request._request).usages).items():
            response[name] = value
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def read(self, body: type[Serializer[Any]], request: Request) -> dict[str, Any]:
        """The checked body."""
        if not isinstance(request.data, dict):
            raise UnsupportedMediaType(request.content_type or "")
        serializer = body(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


# A fast path answers most requests of the two routes below in front of these views (scoreboard_project/server/fast_update.py and
# fast_top.py). What is changed here is changed there too: tests/scoreboard_project/server/test_fast_path*.py compare them.


class UpdateView(JSONView):
    authentication_classes = (BearerAuthentication,)
    throttle_classes = (PlayerLimit,)

    @schema.update
    def patch(self, request: Request) -> Response:
        context = context_of(request._request)
        act = read_act(self.read(UpdateBody, request), request._request)
        attempt = Attempt(caller_of(request), act, describe_origin(request._request))
        try:
            award = service.award(attempt, waits=context.may_wait)
        except PlayerHeld:
            context.is_held = True
            return Response(status=204)  # which no client sees: the bridge asks again, and no thread waits meanwhile
        log_update(request._request, award)
        return Response(show_award(award))


class TopView(JSONView):
    # Which limit a question counts under is known with its answer only: none is charged before.
    throttle_classes = ()

    @schema.top
    def get(self, request: Request) -> HttpResponse:
        snapshot = standings.read_snapshot()
        is_known = snapshot.is_known(request.headers.get("If-None-Match", ""))
        limit = AddressUnchangedLimit if is_known else AddressReadLimit
        limit.charge(request._request, address_subject(request._request))
        headers = {"ETag": snapshot.etag, "Cache-Control": "public, max-age=1", **snapshot.describe_age()}
        if is_known:
            unchanged = HttpResponse(status=304, headers=headers)
            del unchanged["Content-Type"]
            return unchanged
        return HttpResponse(snapshot.body, content_type="application/json", headers=headers)


class MeView(JSONView):
    authentication_classes = (BearerAuthentication,)
    throttle_classes = (AddressReadLimit,)

    @schema.me
    def get(self, request: Request) -> Response:
        caller = caller_of(request)
        naming.see_caller(caller)
        found = standings.find_rank(caller.player)
        if found is None:
            raise TokenInvalid(reason="unknown_player")
        check_caller(found.score, caller)
        return Response(show_own_place(found))


class IssuingView(JSONView):
    """A route of our own tokens; where tokens are only verified, because they are signed elsewhere, there is none."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not settings.SIMPLE_JWT["SIGNING_KEY"]:
            raise Http404
        super().initial(request, *args, **kwargs)


class TokenView(IssuingView):
    throttle_classes = (AddressLoginLimit, UsernameLoginLimit)

    @schema.token
    def post(self, request: Request) -> Response:
        body = self.read(LoginBody, request)
        user = authenticate(request._request, username=body["username"], password=body["password"])
        if user is None:
            raise LoginFailed
        return Response(issue_pair(user))


class RefreshView(IssuingView):
    throttle_classes = (AddressRefreshLimit,)

    @schema.refresh
    def post(self, request: Request) -> Response:
        return Response(RefreshTokens.rotate(self.read(RefreshBody, request)["refresh"]))


class RevokeView(IssuingView):
    throttle_classes = (AddressRevokeLimit,)

    @schema.revoke
    def post(self, request: Request) -> Response:
        RefreshTokens.revoke(self.read(RefreshBody, request)["refresh"])
        return Response(status=204)
