"""The pages of moderation on the staff site."""

from django.contrib import admin

from pairly.moderation.admin.cases import CaseAdmin
from pairly.moderation.admin.rules import RuleSetAdmin
from pairly.moderation.models import Case, RuleSet

__all__ = ["CaseAdmin", "RuleSetAdmin"]

admin.site.register(Case, CaseAdmin)
admin.site.register(RuleSet, RuleSetAdmin)
