"""The form of a plugin's settings, made of the fields that its JSON schema names.

What a plugin says of its fields is somebody else's text: it is shown escaped, and never as a form field's `help_text`,
which Unfold trusts. A secret goes in and never comes out.
"""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from taskflow.application.plugin_cards import Card
from taskflow.application.plugin_settings import SET
from taskflow.application.plugin_setups import MOST_ORDER, Wish
from taskflow.domain.errors import StaleVersion, TaskFlowError
from taskflow.interfaces.admin.base import (
    Checkbox,
    NumberInput,
    PasswordInput,
    Select,
    Switch,
    Textarea,
    TextInput,
    explain,
)
from taskflow.interfaces.admin.display import NOTHING
from taskflow.plugin_host.fields import Field, FieldKind, Value, parse_text

CONFIG, FORGET = "config.", "forget."
_KEEP = "set - leave empty to keep"
_UNDECRYPTABLE = "cannot be decrypted - enter it again"
_INPUT_TYPES = {FieldKind.URL: "url", FieldKind.EMAIL: "email"}
_ON_OFF = ("on", "off")


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the page shows it."""

    field: BoundField
    about: str
    #: What it takes: its default, its bounds.
    hint: str
    required: bool
    #: Where its value comes from, in words.
    source: str
    is_fixed: bool
    #: What stands between this value and its use.
    note: str
    forget: BoundField | None


class SettingField(forms.CharField):
    """A setting that is typed or chosen; its value is what `parse_text` makes of the text."""

    def __init__(self, known: Field, **options: Any) -> None:
        super().__init__(required=False, label=known.title, **options)
        self.known = known

    def prepare_value(self, value: Any) -> str:
        """A value as it stands in the input."""
        if value is None:
            return ""
        if isinstance(value, list):
            return "\n".join(str(item) for item in value)
        if isinstance(value, bool):
            return _ON_OFF[not value]
        return str(value)

    def to_python(self, value: Any) -> Any:
        """The setting; None, or an empty list, for an empty text."""
        text = self.prepare_value(value).strip()
        if self.known.kind is FieldKind.LIST:
            # A line may hold a comma.
            return [line.strip() for line in text.splitlines() if line.strip()]
        try:
            return parse_text(self.known, text)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def run_validators(self, value: Any) -> None:
        """Left to the plugin's own model but for what no text may hold."""
        if isinstance(value, str):
            super().run_validators(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the text stands for another value than `initial`."""
        if self.disabled:
            return False
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


class PluginForm(forms.Form):
    """Settings under `config.<field>`, secrets to forget under `forget.<field>`, and what is wanted of the plugin."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    enabled = forms.BooleanField(required=False, widget=Switch)
    order = forms.IntegerField(
        min_value=0, max_value=MOST_ORDER, widget=NumberInput(attrs={"style": "max-width: 10rem"})
    )

    def __init__(self, card: Card, data: Any = None) -> None:
        self.card = card
        self.shown = card.effect.shown(card.fields)
        setup = card.setup
        initial: dict[str, Any] = {"seen_version": setup.version, "enabled": setup.enabled, "order": setup.order}
        initial |= {CONFIG + name: value for name, value in self.shown.items() if value != SET}
        super().__init__(data, initial=initial)
        self._notes = {problem.field: problem.detail for problem in card.effect.problems}
        if not self._notes:
            self._notes = {problem["field"]: problem["detail"] for problem in setup.problems}
        for known in card.fields:
            self.fields[CONFIG + known.name] = self._make_field(known)
            if known.name in setup.secrets and not self._is_fixed(known):
                self.fields[FORGET + known.name] = forms.BooleanField(
                    required=False, label=f"Forget the stored {known.title}", widget=Checkbox
                )

    def _is_fixed(self, known: Field) -> bool:
        return self.card.effect.sources[known.name] == "environment"

    def _make_field(self, known: Field) -> forms.Field:
        fixed = self._is_fixed(known)
        if known.is_secret:
            field: forms.Field = forms.CharField(
                required=False,
                strip=False,
                label=known.title,
                widget=PasswordInput(attrs=self._secret_attributes(known)),
            )
            # A field's `disabled` would take the initial value, which a secret has none of.
            field.disabled = fixed
            return field
        value = self.shown[known.name]
        if known.kind is FieldKind.SWITCH and isinstance(value, bool) and not known.nullable:
            return forms.BooleanField(required=False, label=known.title, widget=Switch, disabled=fixed)
        return SettingField(known, widget=_make_widget(known, value), disabled=fixed)

    def _secret_attributes(self, known: Field) -> dict[str, str]:
        if self._is_fixed(known):
            placeholder = "set by the environment"
        elif self.shown[known.name] == SET:
            placeholder = _KEEP
        else:
            placeholder = _UNDECRYPTABLE if known.name in self.card.setup.secrets else "not set"
        return {"autocomplete": "new-password", "placeholder": placeholder}

    @property
    def rows(self) -> list[Row]:
        """The settings, in the plugin's order."""
        return [self._make_row(known) for known in self.card.fields]

    def _make_row(self, known: Field) -> Row:
        forget = self[FORGET + known.name] if FORGET + known.name in self.fields else None
        fixed = self._is_fixed(known)
        note = self._notes.get(known.name, "")
        if known.is_secret and self.is_bound and self.errors and CONFIG + known.name in self.changed_data:
            note = "It was not kept: type it again. Pages never hold secrets."
        return Row(
            field=self[CONFIG + known.name],
            about=known.about,
            hint=f"{self._variable(known)} sets it; change it there." if fixed else _hint(known),
            required=known.required,
            source=self._name_source(known),
            is_fixed=fixed,
            note=note,
            forget=forget,
        )

    def _variable(self, known: Field) -> str:
        return f"TASKFLOW_PLUGIN_{self.card.plugin.slug}__{known.name}".upper()

    def _name_source(self, known: Field) -> str:
        source = self.card.effect.sources[known.name]
        if source != "default":
            return source
        if known.name in self.card.effect.values:
            return f"from TASKFLOW_{known.default_from}"
        return "not set" if known.is_secret or self.shown[known.name] is None else "default"

    def wish(self) -> Wish | None:
        """What the form changes; None where it changes nothing."""
        changed = set(self.changed_data) - {"seen_version"}
        if not changed:
            return None
        config: dict[str, Value] = {}
        for known in self.card.fields:
            if CONFIG + known.name in changed:
                config[known.name] = self.cleaned_data[CONFIG + known.name]
            elif FORGET + known.name in changed:
                config[known.name] = None
        return Wish(
            enabled=self.cleaned_data["enabled"] if "enabled" in changed else None,
            order=self.cleaned_data["order"] if "order" in changed else None,
            config=config or None,
        )

    def refuse(self, error: TaskFlowError) -> None:
        """Puts what the use case said on the fields that it names."""
        if isinstance(error, StaleVersion):
            self._refuse_stale(error)
            return
        for field, detail in explain(error):
            known = field in self.fields
            self.add_error(field if known else None, detail if known or not field else f"{field}: {detail}")

    def _refuse_stale(self, error: StaleVersion) -> None:
        """Keeps what was typed, and shows beside it what is in force since."""
        self.add_error(
            None,
            "Somebody changed this plugin since you opened the page. What you typed is kept: save again to put it over "
            "theirs, or reload the page to see theirs.",
        )
        for known in self.card.fields:
            if CONFIG + known.name in self.changed_data and not known.is_secret:
                in_force = SettingField(known).prepare_value(self.shown[known.name]) or NOTHING
                self._notes[known.name] = f"In force now: {in_force}"
        self.data = {**self.data, "seen_version": str(error.current)}


def _make_widget(known: Field, value: Value) -> forms.Widget:
    match known.kind:
        case FieldKind.CHOICE | FieldKind.SWITCH:
            choices = known.choices or _ON_OFF
            text = SettingField(known).prepare_value(value)
            # Without it a browser would choose the first by itself.
            empty = [("", NOTHING)] if known.nullable or text not in choices else []
            return Select(choices=empty + [(choice, choice) for choice in choices])
        case FieldKind.INTEGER | FieldKind.NUMBER:
            step = "1" if known.kind is FieldKind.INTEGER else "any"
            bounds = {"min": known.least, "max": known.most}
            return NumberInput(
                attrs={"step": step, **{name: f"{at:g}" for name, at in bounds.items() if at is not None}}
            )
        case FieldKind.LIST:
            return Textarea(attrs={"rows": 4, "spellcheck": "false"})
    attributes = {"spellcheck": "false", "type": _INPUT_TYPES.get(known.kind, "text")}
    return TextInput(attrs=attributes if known.longest is None else {**attributes, "maxlength": str(known.longest)})


def _hint(known: Field) -> str:
    """What an input takes, in a line."""
    parts = ["One a line"] if known.kind is FieldKind.LIST else []
    if known.least is not None:
        parts.append(f"from {known.least:g}")
    if known.most is not None:
        parts.append(f"up to {known.most:g}")
    if known.longest is not None:
        parts.append(f"at most {known.longest} characters")
    if known.default is not None and known.default not in ("", []):
        default = SettingField(known).prepare_value(known.default).replace("\n", ", ")
        parts.append(f"default: {default}")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]
