"""The page that checks proofs, case files and results in the browser, where no byte leaves it."""

from csp.constants import NONE
from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.keys import JwkSet, load_checkpoint_keys, to_jwk_set
from scores.integrity.sentences import SENTENCES


@require_safe
@never_cache
@csp_replace({"connect-src": [NONE]})
def verify(request: HttpRequest) -> HttpResponse:
    """Show it, with all that it needs: what checks say, and the public keys that this site names."""
    keys: JwkSet = to_jwk_set(load_checkpoint_keys()) if settings.CHECKPOINT_KEY_FILE else {"keys": []}
    return render(request, "verify.html", {"sentences": SENTENCES, "keys": keys})
