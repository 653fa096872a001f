"""Look, search, filter; never add, change or delete: the log is what it is."""

import logging
import re
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from audit import entry_export
from audit.blocks import Block, BlockInvalid, read_block
from audit.changelist import AFTER, BEFORE, KeysetChangeList, search
from audit.columns import head_column, mark_column
from audit.entry_check import check_entry, read_receipt
from audit.entry_filters import (
    ActionFilter,
    AddressFilter,
    DayFilter,
    IssuerFilter,
    PlayerFilter,
    ProofFilter,
    make_calendar,
)
from audit.keys import load_checkpoint_keys
from audit.models import AuditEntry, Checkpoint, Refusal, Verification
from audit.verification import CheckResult

logger = logging.getLogger(__name__)
#: Of an entry, as addresses of pages have it.
PLACE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9][0-9]{0,17})", re.ASCII)
POINTS, BALANCE = head_column("delta", "points"), head_column("balance", "points after")


class BoundedLookups(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin that takes a time beyond all calendars in the query for a mistake in the address, as Django does every other one."""

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, DataError) as error:  # of SQLite, which reckons here, and of PostgreSQL
            raise IncorrectLookupParameters(error) from None


class ReadOnlyAdmin(BoundedLookups):
    """Rows may be looked at; nobody may write them here, also not by a hand-made POST."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """What the log itself knows of an entry. Whose name it is and what may be done about it, a subclass adds."""

    list_display = ["number", "time", "player", "kind", "action", POINTS, BALANCE, "actor", "proof", "address"]
    list_display_links: Any = ["number"]
    list_filter = [DayFilter, "kind", ProofFilter, ActionFilter, IssuerFilter, PlayerFilter, AddressFilter]
    search_fields = ["ref"]
    search_help_text = "A whole player's UUID, address, request id or reference."
    #: The context stands above, key by key.
    fields: ClassVar[Any] = [
        "player",
        head_column("seq", "number"),
        "exact_time",
        "kind",
        "action",
        POINTS,
        BALANCE,
        "value",
        "ref",
        "actor",
        head_column("kid", "key"),
        head_column("detail", "commitment to the context"),
        "prev",
        "mac",
    ]
    sortable_by = ()
    list_per_page = 100
    show_facets = admin.ShowFacets.NEVER

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(require_safe(self.export_view))
        return [path("export/<str:form>", export, name="audit_auditentry_export"), *super().get_urls()]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEntry | None:
        """Find the entry of a place, `UUID:NUMBER`, which addresses name it by; also by the id in the database."""
        place = PLACE.fullmatch(object_id)
        if place is not None:
            entries: QuerySet[AuditEntry] = self.get_queryset(request)
            return entries.filter(player=UUID(place[1]), seq=int(place[2])).first()
        entry: AuditEntry | None = super().get_object(request, object_id, from_field)
        return entry

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        term = search_term.strip()
        return (search(queryset, term) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        data = getattr(response, "context_data", None) or {}
        if "cl" in data:
            query = data["cl"].get_query_string(remove=[BEFORE, AFTER])
            data.update(calendar=make_calendar(data["cl"]), export_query=query, export_forms=list(entry_export.FORMS))
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One entry: what it says, what it was sealed with, and what that proves, checked on the spot."""
        entry = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if entry is None:
            return super().change_view(request, object_id, form_url, extra_context)
        context = entry.context if isinstance(entry.context, dict) else {}
        context_rows = [(key, value) for key, value in context.items() if key not in {"receipt", "salt"}]
        # Noise to all but who checks the commitment: last.
        context_rows += [(key, value) for key, value in context.items() if key == "salt"]
        what = f"{entry.delta:+,}" if entry.delta else entry.action
        more = {
            "checks": self.check_on_the_spot(entry),
            "context_rows": context_rows,
            "receipt": read_receipt(context),
            "title": f"Entry #{entry.seq}: {entry.kind} {what}".rstrip(),
            "subtitle": None,
        }
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def check_on_the_spot(self, entry: AuditEntry) -> list[CheckResult]:
        """What the page of an entry says of it; a subclass that knows issuers adds the receipt."""
        return check_entry(entry)

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Send what the list shows, all of it, as a file. Who may look may take it along; the server's log says who did.

        Raises PermissionDenied when the user may not look, Http404 when there is no such form or filter.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        if form not in entry_export.FORMS:
            raise Http404
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            raise Http404 from None
        who, asked = request.user.get_username(), request.GET.urlencode()
        logger.info("%s exports entries as %s, filtered by %r", who, form, asked)
        try:
            chunks = entry_export.stream(
                changelist.get_queryset(request),
                form,
                lambda count: logger.info("%s exported %s entries as %s, filtered by %r", who, count, form, asked),
            )
        except entry_export.ExportRunning:
            messages.warning(request, "Another export is running. Try again when it is done.")
            return redirect(f"{reverse('admin:audit_auditentry_changelist')}?{asked}")
        name = f"entries-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(chunks, content_type=entry_export.TYPES[form], headers=headers)

    @admin.display(description="entry")
    def number(self, entry: AuditEntry) -> str:
        return f"#{entry.seq}"

    @admin.display(description="proof")
    def proof(self, entry: AuditEntry) -> str:
        return entry.proof

    @admin.display(description="address")
    def address(self, entry: AuditEntry) -> str:
        if entry.context is None:
            return "erased"
        return str(entry.context.get("address", "")) if isinstance(entry.context, dict) else "?"

    @admin.display(description="time")
    def time(self, entry: AuditEntry) -> str:
        return date_format(entry.at, "DATETIME_FORMAT")

    @admin.display(description="time")
    def exact_time(self, entry: AuditEntry) -> str:
        """To the microsecond, as the seal has it."""
        return f"{entry.at:%Y-%m-%d %H:%M:%S.%f} UTC"


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    list_display = ["minute", "reason", "subject", head_column("count", "attempts")]
    search_fields = ["subject"]
    date_hierarchy = "minute"
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    list_display = ["number", "signed", "chains"]
    fields = ["number", "signed", "chains", "jws"]
    ordering = ["-number"]
    sortable_by = ()
    show_full_result_count = False

    @admin.display
    def signed(self, checkpoint: Checkpoint) -> str:
        """When, by a signature that holds; a block that cannot be trusted has no time."""
        block = _read_block(checkpoint)
        return block if isinstance(block, str) else date_format(block.moment, "DATETIME_FORMAT")

    @admin.display(description="chains that moved")
    def chains(self, checkpoint: Checkpoint) -> str:
        block = _read_block(checkpoint)
        return "" if isinstance(block, str) else str(block.count)


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin):
    list_display = [
        head_column("finished_at", "finished"),
        "scope",
        head_column("entries", "entries recomputed"),
        "findings",
        mark_column("pinned", "compared with", "exported checkpoints"),
    ]
    fields: ClassVar[Any] = [head_column("started_at", "started"), *list_display, "report"]
    list_filter = ["pinned"]
    ordering = ["-id"]
    show_full_result_count = False


def _read_block(checkpoint: Checkpoint) -> Block | str:
    """Read what a checkpoint signs, or say why it cannot be trusted."""
    try:
        return read_block(checkpoint.jws, load_checkpoint_keys())
    except BlockInvalid as error:
        return f"cannot be trusted: its {error} does not hold"
    except ImproperlyConfigured as error:
        return str(error)
