"""The form of one task, and how its values become those of the use cases."""

from datetime import UTC, date, datetime
from typing import Any

from django import forms

from taskflow.domain.priority import Priority
from taskflow.interfaces.admin.base import TextInput, UseCaseForm, Values

_YEARS = range(1900, 9999)


class NamesField(forms.CharField):
    """Names separated by commas, as a list."""

    widget = TextInput

    def to_python(self, value: Any) -> Any:
        text = value if isinstance(value, str) else ", ".join(value or ())
        return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else ", ".join(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(self.to_python(initial)) != set(self.to_python(data))

    def validate(self, value: Any) -> None:
        if any(len(name) > 100 for name in value):
            raise forms.ValidationError("Names have at most 100 characters. Separate several with commas.")

    def run_validators(self, value: Any) -> None:
        super().run_validators(", ".join(value))


class TaskForm(UseCaseForm):
    """A task."""

    labels = NamesField(required=False, help_text="Separated by commas; unknown ones are made in the project.")
    assignees = NamesField(required=False, help_text="User names of members, separated by commas.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "recurrence" in self.fields:
            self.fields["recurrence"].help_text = "A rule such as FREQ=WEEKLY;BYDAY=MO. Empty: the task comes once."
            self.fields["recurrence_basis"].required = False
        # The rows of the change page are there already; an empty form has none.
        if not self.instance._state.adding:
            self._fill("labels", "name")
            self._fill("assignees", "username")

    def _fill(self, field: str, name: str) -> None:
        if field in self.fields:
            rows = getattr(self.instance, field).order_by(name)
            self.initial[field] = list(rows.values_list(name, flat=True))

    def clean_due_date(self) -> date | None:
        day: date | None = _refuse_far(self.cleaned_data["due_date"])
        return day

    def clean_start_date(self) -> date | None:
        day: date | None = _refuse_far(self.cleaned_data["start_date"])
        return day

    def clean_due_at(self) -> datetime | None:
        moment: datetime | None = _refuse_far(self.cleaned_data["due_at"])
        return None if moment is None else moment.astimezone(UTC)


def _refuse_far(when: Any) -> Any:
    if when is not None and when.year not in _YEARS:
        raise forms.ValidationError("Give a date between the years 1900 and 9998.")
    return when


def fields_of(values: Values) -> dict[str, Any]:
    """The form's values as the use cases take them: rows by id, priorities by name."""
    fields = dict(values)
    for name in ("project", "parent"):
        if fields.get(name) is not None:
            fields[name] = fields[name].pk
    if not fields.get("recurrence_basis"):
        fields.pop("recurrence_basis", None)
    if "priority" in fields:
        fields["priority"] = Priority.from_rank(fields["priority"]).value
    return fields
