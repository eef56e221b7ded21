"""The classifier's weights: what counts now, and every version there was."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import dialog, done
from pairly.accounts.staff_rows import Names, moment
from pairly.core.http import request_id_of
from pairly.moderation.admin.forms import RulesForm
from pairly.moderation.classifier.rules import current_rules
from pairly.moderation.classifier.signals import SIGNALS
from pairly.moderation.models import RuleSet
from pairly.moderation.services import change_rules

__all__ = ["RuleSetAdmin"]


class RuleSetAdmin(ReadOnlyAdmin):
    area = "Moderation"
    icon = "tune"
    view_permission = "moderation.view"

    list_display = ("version", "flag_score", "block_score", "written", "by")
    list_display_links = None
    list_before_template = "staff/facts.html"
    sortable_by = ()
    ordering = ("-version",)
    actions_list = ("change_rules",)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "facts": _facts()}
        )
        return answer

    @display(description="Written (UTC)")
    def written(self, rules: RuleSet) -> str:
        return moment(rules.created_at)

    @display(description="By")
    def by(self, rules: RuleSet) -> str:
        return Names.of([rules.created_by])[rules.created_by]

    @action(
        description="Change rules",
        permissions=["system.act"],
        icon="edit",
        variant=ActionVariant.PRIMARY,
        dialog=dialog(
            "Change what weighs how much",
            "A text's points are added up. Every server goes by the new ones within seconds.",
            submit="Change",
            form=RulesForm,
        ),
    )
    def change_rules(self, request: HttpRequest, form: RulesForm) -> HttpResponse:
        row = change_rules(
            actor_id=request.user.pk,
            flag_score=form.cleaned_data["flag_score"],
            block_score=form.cleaned_data["block_score"],
            points=form.points(),
            reason=form.cleaned_data["reason"],
            request_id=request_id_of(request),
        )
        sentence = f"Version {row.version} counts within seconds."
        return done(request, sentence, reverse("admin:moderation_ruleset_changelist"))


def _facts() -> list[tuple[str, str]]:
    rules = current_rules()
    facts = [("Flagged from", f"{rules.flag_score}"), ("Blocked from", f"{rules.block_score}")]
    for name, (each, first) in rules.points.items():
        facts.append((SIGNALS[name].title, f"{each}" + (f", first +{first}" if first else "")))
    return facts
