"""The fraud rules: every version, and changing the newest, which makes the next."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldBooleanSwitchWidget

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import (
    FreshDialogForm,
    NumberField,
    SelectField,
    TextField,
    dialog,
    done,
    reason_field,
)
from pairly.accounts.staff_panels import PANELS_TEMPLATE, Panel
from pairly.accounts.staff_rows import Names, chip, moment
from pairly.core import clock
from pairly.core.errors import NotFound
from pairly.core.http import request_id_of
from payments.fraud.models import RuleSet
from payments.fraud.rule_sets import change_rules, newest_rule_set, present_bands
from payments.fraud.rules import Rule, read_rules
from payments.fraud.signals import SIGNALS

__all__ = ["RuleSetAdmin"]

NAME_CHARACTERS_MAX = 63
RULE_FIELDS = ("signal", "more_than", "window_minutes", "points", "shadow")
"""What is filled in of a rule; its name stays."""


class NamedForm(FreshDialogForm):
    """``?rule=`` says which rule of the version it is about; it is shown and cannot be changed."""

    name = TextField(label="Rule", max_length=NAME_CHARACTERS_MAX, disabled=True, required=False)
    reason = reason_field()

    def __init__(
        self, request: HttpRequest, object_id: Any = None, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(request, object_id, *arguments, **options)
        self.row = _row_named(_rows_of(object_id), request.GET.get("rule", ""))
        self.initial["name"] = self.row["name"]


class RuleForm(FreshDialogForm):
    signal = SelectField(label="Matches when")
    more_than = NumberField(
        label="Number", min_value=0, help_text="It must be exceeded; amounts in minor units."
    )
    window_minutes = NumberField(
        label="Window in minutes", min_value=0, help_text="0 for what has none."
    )
    points = NumberField(label="Points", help_text="Below zero for what speaks for the buyer.")
    shadow = forms.BooleanField(
        label="Shadow: only note it", required=False, widget=UnfoldBooleanSwitchWidget
    )
    reason = reason_field()

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        field = self.fields["signal"]
        assert isinstance(field, SelectField)
        field.choices = [
            (name, signal.sentence.format(number="N", window="the window"))
            for name, signal in SIGNALS.items()
        ]

    def rule(self, name: str) -> dict[str, Any]:
        return {"name": name, **{field: self.cleaned_data[field] for field in RULE_FIELDS}}


class NewRuleForm(RuleForm):
    field_order = ("name", "signal", "more_than", "window_minutes", "points", "shadow", "reason")

    name = TextField(
        label="Name", max_length=NAME_CHARACTERS_MAX, help_text="Small letters, digits and _."
    )


class ChangeRuleForm(NamedForm, RuleForm):
    field_order = NewRuleForm.field_order

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        self.initial |= {field: self.row[field] for field in RULE_FIELDS}


class RuleSetAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "tune"
    view_permission = "fraud.view"

    list_display = ("version", "written", "author", "count", "reason")
    sortable_by = ()
    ordering = ("-number",)
    actions_detail = ("add_rule", "change_rule", "remove_rule")
    fieldsets = (
        (
            None,
            {"fields": (("version", "standing"), ("written", "author"), "reason", "bands")},
        ),
    )
    readonly_fields = ("version", "standing", "written", "author", "bands")
    change_form_after_template = PANELS_TEMPLATE

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        rule_set = self.get_object(request, object_id)
        panels = [] if rule_set is None else [_panel(rule_set, _may_change(request, rule_set))]
        context = {**(extra_context or {}), "panels": panels, "show_close": False}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Rules are changed and removed from their rows, and only the newest version's."""
        rule_set = RuleSet.objects.filter(pk=object_id).first()
        if rule_set is None or not _may_change(request, rule_set):
            return []
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.method.original_function_name == "add_rule"]

    @action(
        description="Add a rule",
        permissions=["fraud.act"],
        icon="add",
        variant=ActionVariant.PRIMARY,
        dialog=dialog(
            "Add a rule",
            "It makes a new version, which counts for the next attempt to buy.",
            submit="Add",
            form=NewRuleForm,
        ),
    )
    def add_rule(self, request: HttpRequest, form: NewRuleForm, object_id: str) -> HttpResponse:
        rule = form.rule(form.cleaned_data["name"])
        return _change(request, form, object_id, [*_rows_of(object_id), rule])

    @action(
        description="Change a rule",
        permissions=["fraud.act"],
        icon="edit",
        dialog=dialog(
            "Change this rule",
            "It makes a new version, which counts for the next attempt to buy.",
            submit="Change",
            form=ChangeRuleForm,
        ),
    )
    def change_rule(
        self, request: HttpRequest, form: ChangeRuleForm, object_id: str
    ) -> HttpResponse:
        name = form.row["name"]
        changed = [form.rule(name) if row["name"] == name else row for row in _rows_of(object_id)]
        return _change(request, form, object_id, changed)

    @action(
        description="Remove a rule",
        permissions=["fraud.act"],
        icon="delete",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Remove this rule",
            "It makes a new version without it. Scores of the past stay as they are.",
            submit="Remove",
            form=NamedForm,
        ),
    )
    def remove_rule(self, request: HttpRequest, form: NamedForm, object_id: str) -> HttpResponse:
        left = [row for row in _rows_of(object_id) if row != form.row]
        return _change(request, form, object_id, left)

    @display(description="Version")
    def version(self, rule_set: RuleSet) -> int:
        return rule_set.number

    @display(description="State")
    def standing(self, rule_set: RuleSet) -> str:
        newest = rule_set.number == newest_rule_set().number
        return chip("in force", "success") if newest else chip("replaced", "")

    @display(description="Since (UTC)")
    def written(self, rule_set: RuleSet) -> str:
        return moment(rule_set.created_at)

    @display(description="By")
    def author(self, rule_set: RuleSet) -> str:
        actor_id = rule_set.actor_id
        return Names.of([actor_id])[actor_id] if actor_id else "installation"

    @display(description="Rules")
    def count(self, rule_set: RuleSet) -> int:
        return len(rule_set.rules)

    @display(description="Bands")
    def bands(self, _rule_set: RuleSet) -> str:
        bands = present_bands()
        return (
            f"review from {bands.review_points} points on, refused from "
            f"{bands.block_points} on (settings)"
        )


def _may_change(request: Any, rule_set: RuleSet) -> bool:
    may_act: bool = request.user.has_perm("fraud.act")
    return may_act and rule_set.number == newest_rule_set().number


def _panel(rule_set: RuleSet, may_change: bool) -> Panel:
    headers = ("Rule", "Matches when", "Points", "", "")
    return Panel(
        title="Rules",
        icon="rule",
        wide=True,
        headers=headers if may_change else headers[:-1],
        rows=[_row(rule_set, rule, may_change) for rule in read_rules(rule_set.rules)],
    )


def _row(rule_set: RuleSet, rule: Rule, may_change: bool) -> list[Any]:
    cells = [
        rule.name,
        format_html('<span class="staff-wrap">{}</span>', rule.sentence),
        f"{rule.points:+}",
        chip("shadow", "info") if rule.shadow else chip("live", "success"),
    ]
    if may_change:
        cells.append(
            format_html(
                '<span class="staff-pair">{}{}</span>',
                _dialog_link("change_rule", rule_set, rule, "Change"),
                _dialog_link("remove_rule", rule_set, rule, "Remove"),
            )
        )
    return cells


def _dialog_link(name: str, rule_set: RuleSet, rule: Rule, text: str) -> str:
    address = reverse(f"admin:payments_ruleset_{name}", args=[rule_set.number])
    return format_html(
        '<a class="staff-link" href="#" hx-get="{}?rule={}" hx-target="#modal-content"'
        ' hx-select="#dialog" x-on:htmx:after-on-load="openModal = true">{}</a>',
        address,
        rule.name,
        text,
    )


def _rows_of(object_id: Any) -> list[dict[str, Any]]:
    rule_set = RuleSet.objects.filter(pk=object_id).first()
    if rule_set is None:
        raise NotFound
    rows: list[dict[str, Any]] = rule_set.rules
    return rows


def _row_named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for row in rows:
        if row["name"] == name:
            return row
    raise NotFound("There is no such rule in this version.")


def _change(request: Any, form: Any, object_id: str, rows: list[dict[str, Any]]) -> HttpResponse:
    made = change_rules(
        actor_id=request.user.pk,
        base_number=int(object_id),
        rules=rows,
        reason=form.cleaned_data["reason"],
        now=clock.now(),
        request_id=request_id_of(request),
    )
    address = reverse("admin:payments_ruleset_change", args=[made.number])
    return done(request, f"Version {made.number} is in force.", address)
