"""Look, search, filter; never add, change or delete: the log is what it is."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from audit.models import AuditEntry, Checkpoint, Refusal


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows may be looked at; nobody may write them here, also not by a hand-made POST."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["id", "player", "seq", "kind", "action", "delta", "balance", "proof", "time"]
    list_filter = ["kind", "action"]
    search_fields = ["player", "ref", "actor"]
    ordering = ["-id"]
    show_full_result_count = False

    @admin.display(boolean=True, description="verified")
    def proof(self, entry: AuditEntry) -> bool:
        return entry.verified

    @admin.display(description="time (UTC)", ordering="at_us")
    def time(self, entry: AuditEntry) -> str:
        return entry.at.strftime("%Y-%m-%d %H:%M:%S.%f")


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    list_display = ["minute", "reason", "subject", "count"]
    search_fields = ["subject", "reason"]
    date_hierarchy = "minute"
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    list_display = ["number", "jws"]
    ordering = ["-number"]
    show_full_result_count = False
