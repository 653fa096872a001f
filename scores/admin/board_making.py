"""Making a board at the desk: a preview of what it would count, which stands in the address, and then the board."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.generic import View

from scores.admin.board_forms import BoardForm, ReasonForm, add_refusal, say_how_to_fill
from scores.admin.board_preview import preview
from scores.counting import definitions
from scores.errors import Refused
from scores.models import Board
from scores.players import ensure_player

#: May configure: whoever may change the catalogue.
CONFIGURE = "scores.change_action"


class MakeBoardPage(View):
    """GET shows what a board would count, POST makes it. Raises PermissionDenied when the user may not configure."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(CONFIGURE):
            raise PermissionDenied
        self.form = BoardForm(request.GET or None)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self.preview(ReasonForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        confirmation = ReasonForm(request.POST)
        if not (self.form.is_valid() and confirmation.is_valid()):
            return self.preview(confirmation)
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
        try:
            with transaction.atomic():
                board = definitions.make_board(
                    actor=str(ensure_player(request.user).pk),
                    reason=confirmation.cleaned_data["reason"],
                    from_log=self.form.cleaned_data["from_log"],
                    **self.form.terms,
                )
        except Refused as refusal:
            add_refusal(self.form, refusal)
            return self.render({})
        messages.success(request, say_how_to_fill(board) or "The board is made, and counts from now on.")
        return redirect("admin:scores_board_change", board.pk)

    def preview(self, confirmation: ReasonForm) -> HttpResponseBase:
        """The page with what would count, or without it where there can be no such board."""
        if not self.form.is_valid():
            return self.render({})
        try:
            board = definitions.check_board(**self.form.terms)
        except Refused as refusal:
            add_refusal(self.form, refusal)
            return self.render({})
        from_log = self.form.cleaned_data["from_log"]
        return self.render(
            {"preview": preview(board), "board": board, "from_log": from_log, "confirmation": confirmation}
        )

    def render(self, context: Mapping[str, object]) -> HttpResponseBase:
        page = {"title": "Make a board", "opts": Board._meta, "form": self.form}
        whole = {**admin.site.each_context(self.request), **page, **context}
        return TemplateResponse(self.request, "admin/scores/board/make.html", whole)
