"""Checkpoints, for whoever wants to keep copies of their own, and the public keys they are signed with."""

import json
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audit.keys import load_checkpoint_keys, to_jwk_set
from audit.models import Checkpoint
from audit.queries import newest_checkpoint
from scores.errors import InvalidQuery
from scores.http import problems
from scores.http.queries import read_number, read_query


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest, or the one of `number`, as it was signed, a compact JWS; 404 where there is none."""
    try:
        number = read_number(read_query(request, "number"), "number", maximum=2**53 - 1)
    except InvalidQuery as refusal:
        return problems.refuse(request, refusal)
    found = newest_checkpoint() if number is None else Checkpoint.objects.filter(number=number).first()
    if found is None:
        return problems.respond(HTTPStatus.NOT_FOUND, problems.general_problem(HTTPStatus.NOT_FOUND))
    return HttpResponse(found.jws, content_type="application/jose", headers={"Cache-Control": "public, max-age=1"})


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys as a JWK set; 404 where this server has none."""
    try:
        read_query(request)
    except InvalidQuery as refusal:
        return problems.refuse(request, refusal)
    if not settings.CHECKPOINT_KEY_FILE:
        return problems.respond(HTTPStatus.NOT_FOUND, problems.general_problem(HTTPStatus.NOT_FOUND))
    text = json.dumps(to_jwk_set(load_checkpoint_keys()))
    return HttpResponse(text, content_type="application/jwk-set+json", headers={"Cache-Control": "public, max-age=60"})
