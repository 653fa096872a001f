"""The newest checkpoint, for whoever wants to keep copies of their own."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audit.queries import newest_checkpoint
from scores.http import problems


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Its text as it was signed, a compact JWS; 404 before the first."""
    newest = newest_checkpoint()
    if newest is None:
        return problems.respond(HTTPStatus.NOT_FOUND, problems.general_problem(HTTPStatus.NOT_FOUND))
    return HttpResponse(newest.jws, content_type="application/jose", headers={"Cache-Control": "public, max-age=1"})
