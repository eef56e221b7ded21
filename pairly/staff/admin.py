"""The pages of what lies below the staff site. Apps above that register their own."""

from typing import Any

from django.conf import settings
from django.contrib import admin

from pairly.accounts.models import Mail, RoleChange, User
from pairly.alerts.models import Alert
from pairly.audit.models import AuditEntry
from pairly.outbox.models import OutboxEvent
from pairly.staff.pages.alerts import AlertAdmin
from pairly.staff.pages.audit import AuditAdmin
from pairly.staff.pages.jobs import PAGE, jobs_view
from pairly.staff.pages.outbox import MailAdmin, OutboxAdmin
from pairly.staff.pages.roles import RoleAdmin
from pairly.staff.pages.users import UserAdmin

site: Any = admin.site
site.register(User, UserAdmin)
site.register(Alert, AlertAdmin)
site.register(AuditEntry, AuditAdmin)
site.register(OutboxEvent, OutboxAdmin)
site.register(RoleChange, RoleAdmin)
site.add_page("jobs/", jobs_view, PAGE)
if settings.MOCK_MODE:
    site.register(Mail, MailAdmin)
