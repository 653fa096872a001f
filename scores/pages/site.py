"""What browsers ask a site for beside its pages: logo, accent, icon and manifest."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from scores.colours import LIGHT
from scores.pages.branding import describe_title, list_icons, make_digest, write_accent_sheet

#: Of what has the digest of its bytes in its address.
FOREVER = "public, max-age=31536000, immutable"
FOR_A_WHILE = "public, max-age=300"
#: Who opens an SVG by itself gets a page: of the operator's own making, but drawn by tools that may have put anything in it.
PICTURE_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """The operator's logo. Raises Http404 for another."""
    picture = settings.SITE_LOGO
    if picture is None or digest != make_digest(picture.body):
        raise Http404
    headers = {"Cache-Control": FOREVER, "Content-Security-Policy": PICTURE_ALONE}
    return HttpResponse(picture.body, content_type=picture.media_type, headers=headers)


@require_safe
def accent(request: HttpRequest, digest: str) -> HttpResponse:
    """The style sheet of the operator's accent. Raises Http404 for another."""
    sheet = write_accent_sheet()
    if not sheet or digest != make_digest(sheet.encode()):
        raise Http404
    return HttpResponse(sheet, content_type="text/css; charset=utf-8", headers={"Cache-Control": FOREVER})


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Where the icon is, for who reads no page before asking for one."""
    found = redirect(list_icons()[0].address)
    found["Cache-Control"] = FOR_A_WHILE
    return found


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """The manifest (W3C Web Application Manifest) by which phones and desktops install the site as an app."""
    title = describe_title()
    document = {
        "name": title,
        "short_name": title,
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": LIGHT.paper,
        "theme_color": LIGHT.paper,
        "icons": [{"src": icon.address, "type": icon.media_type, "sizes": icon.sizes} for icon in list_icons()],
    }
    headers = {"Cache-Control": FOR_A_WHILE, "Vary": "Accept-Language"}
    return JsonResponse(document, content_type="application/manifest+json", headers=headers)
