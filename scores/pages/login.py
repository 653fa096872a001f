"""Signing in with a session, here and in the admin: limited like signing in for a token, and counted together with it."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from scores.errors import RateLimited
from scores.http.limits import AddressLoginLimit, UsernameLoginLimit, address_subject, login_subject


class RateLimitedLoginForm(AuthenticationForm):
    """Refuses before the password is looked at, so that a right one is no sign either."""

    def clean(self) -> dict[str, Any]:
        try:
            if self.request is not None:
                _count_login(self.request, str(self.cleaned_data.get("username", "")))
            return super().clean()
        except RateLimited as refusal:
            raise ValidationError(
                _("Too many attempts. Try again in %(seconds)d seconds."), params={"seconds": refusal.retry_after}
            ) from None


class RateLimitedAdminLoginForm(RateLimitedLoginForm, AdminAuthenticationForm):
    """The same for the admin."""


def _count_login(request: HttpRequest, username: str) -> None:
    AddressLoginLimit.charge(request, address_subject(request))
    UsernameLoginLimit.charge(request, login_subject(username, request))
