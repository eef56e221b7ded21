"""What arrives, on the staff site: events that were set aside, and days in files."""

from django.contrib import admin
from unfold.decorators import display

from analytics.models import Day, SetAside
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_rows import moment, person_link

__all__ = ["DayAdmin", "SetAsideAdmin"]


@admin.register(SetAside)
class SetAsideAdmin(ReadOnlyAdmin):
    area = "Analytics"
    icon = "rule"
    view_permission = "analytics.view"
    list_display = ("name", "code", "detail", "person", "arrived")
    list_filter = ("code",)
    ordering = ("-created_at", "-id")
    sortable_by = ()
    fields = ("name", "code", "detail", "content", "person", "created_at")
    readonly_fields = fields

    @display(description="Who sent it")
    def person(self, row: SetAside) -> str:
        return person_link(row.user_id, str(row.user_id))

    @display(description="Arrived")
    def arrived(self, row: SetAside) -> str:
        return moment(row.created_at)


@admin.register(Day)
class DayAdmin(ReadOnlyAdmin):
    area = "Analytics"
    icon = "calendar_month"
    view_permission = "analytics.view"
    list_display = ("day", "events", "people", "erased_people", "version", "written")
    ordering = ("-day",)
    sortable_by = ()
    fields = (
        *("day", "events", "people", "erased_people", "version", "changed_at"),
        *("events_file", "activity_file", "counts_file", "rollups_sha256"),
    )
    readonly_fields = fields

    @display(description="Written")
    def written(self, row: Day) -> str:
        return moment(row.changed_at)
