"""A period of a board as the scoreboard feed that CTFtime reads."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from scores.board.documents import is_known
from scores.errors import Refused
from scores.http import problems
from scores.http.limits import AddressCostlyLimit, address_subject
from scores.http.queries import read_query
from scores.transfer.exporting import export_standings

MEDIA_TYPE = "application/json"


@require_safe
def ctftime(request: HttpRequest, slug: str, period: str) -> HttpResponseBase:
    """All who stand in the period, with rank, name, score and time; refusals are problem documents, whoever asks."""
    try:
        AddressCostlyLimit.charge(request, address_subject(request))
        read_query(request)
        export = export_standings(slug, period, "ctftime")
    except Refused as refusal:
        return problems.refuse(request, refusal)
    kept = {"ETag": export.etag, "Cache-Control": f"public, max-age={export.keep_seconds}"}
    if is_known(export.etag, request.headers.get("If-None-Match", "")):
        export.file.close()
        unchanged = HttpResponse(status=304, headers=kept)
        del unchanged["Content-Type"]
        return unchanged
    if request.method == "HEAD":
        export.file.close()
        return HttpResponse(content_type=MEDIA_TYPE, headers={**kept, "Content-Length": str(export.size)})
    return FileResponse(export.file, content_type=MEDIA_TYPE, headers=kept)
