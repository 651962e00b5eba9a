"""Serializers and fields that take exactly what the contract says."""

import re
import unicodedata
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

_CONTROLS = {"\n", "\t", "\r"}
#: Control characters and lone surrogates, written for JSON Schema and Python alike.
_REFUSED = r"\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F"
_SAYS_SOMETHING = rf"^[^{_REFUSED}]*[^\s{_REFUSED}][^{_REFUSED}]*$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAIVE = re.compile(_DAY.pattern + r"([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,20})?)?)?")
_INSTANT = re.compile(_DAY.pattern + r"[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,20})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
#: Unknown fields that are named in an answer; a hostile body has a million.
_NAMED = 20


def is_clean(text: str) -> bool:
    """Whether `text` has no control characters but line ends and tabs, and no lone surrogates."""
    return text.isprintable() or not any(
        unicodedata.category(character) in {"Cc", "Cs"} and character not in _CONTROLS for character in text
    )


def _is_expected(field: Any) -> bool:
    return bool(field.required) or field.default is not empty


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, and values that only look right (`"5"` for 5)."""

    _given: Container[str] | None = None

    @property
    def _writable_fields(self) -> list[serializers.Field[Any, Any, Any, Any]]:
        """REST framework's hook: the fields to validate. What is absent and may be so needs no look."""
        given = self._given
        return [
            field
            for name, field in self.fields.items()
            if not field.read_only and (given is None or name in given or _is_expected(field))
        ]

    def to_internal_value(self, data: Any) -> Any:
        # A form says some things by leaving them out.
        self._given = data if type(data) is dict else None
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields or self.fields[name].read_only]
            if unknown:
                raise serializers.ValidationError({name[:100]: [self._explain(name)] for name in unknown[:_NAMED]})
        return super().to_internal_value(data)

    def _explain(self, name: str) -> serializers.ErrorDetail:
        if name in self.fields:
            return serializers.ErrorDetail("This field is read-only. Leave it out.", code="read_only")
        known = ", ".join(field for field, value in self.fields.items() if not value.read_only)
        return serializers.ErrorDetail(f"There is no such field here. Known: {known or 'none'}.", code="unknown_field")


class TextField(serializers.CharField):
    """A string; no number, no NUL, no other control character but line ends and tabs, no lone surrogate."""

    default_error_messages = {
        "not_text": "Give a string in double quotes.",
        "control": "Control characters are not allowed here. Remove them.",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        if not is_clean(data):
            self.fail("control")
        return super().to_internal_value(data)

    @property
    def pattern(self) -> str:
        """What is accepted, as a regular expression of JSON Schema."""
        if self.allow_blank or not self.trim_whitespace:
            return f"^[^{_REFUSED}]*$"
        return _SAYS_SOMETHING


class ProseField(TextField):
    """A text that is taken to the letter, and is more than white space."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text.isspace():
            self.fail("blank")
        return text

    @property
    def pattern(self) -> str:
        """What is accepted, as a regular expression of JSON Schema."""
        return _SAYS_SOMETHING


class WholeNumberField(serializers.IntegerField):
    """An integer, as a JSON number."""

    default_error_messages = {"not_number": "Give a whole number, without quotes."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("not_number")
        return super().to_internal_value(data)


class FractionField(serializers.FloatField):
    """A finite number, as a JSON number."""

    default_error_messages = {"not_number": "Give a number, without quotes."}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data or abs(data) > 1e300:
            self.fail("not_number")
        # Adding zero turns -0.0 into 0.0.
        return super().to_internal_value(data) + 0.0


class FlagField(serializers.BooleanField):
    """true or false, and nothing that stands for them."""

    default_error_messages = {"not_flag": "Give true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("not_flag")
        return data


class NamesField(serializers.ListField):
    """A list that is counted before its members are looked at: a million of them costs nothing."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError(f"Give at most {self.max_length}.", code="max_length")
        return super().to_internal_value(data)


class InstantField(serializers.DateTimeField):
    """An RFC 3339 time with its offset; naive times are refused."""

    default_error_messages = {
        "naive": "Give the time with its offset, for instance 2026-12-01T09:00:00Z.",
        "shape": "Write the time as in 2026-12-01T09:00:00Z or 2026-12-01T10:00:00+01:00.",
        "range": "The time must be between the years 1900 and 9998.",
        "not_text": "Give a string in double quotes.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("not_text")
        if not _INSTANT.fullmatch(value):
            self.fail("naive" if _NAIVE.fullmatch(value) else "shape")
        try:
            moment = super().to_internal_value(value)
        except OverflowError:
            self.fail("range")
        if not 1900 <= moment.year <= 9998:
            self.fail("range")
        return moment.astimezone(UTC)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("naive")
        return value


class DayField(serializers.DateField):
    """A date `YYYY-MM-DD`."""

    default_error_messages = {
        "range": "The date must be between the years 1900 and 9998.",
        "shape": "Write the date as in 2026-12-01.",
        "not_text": "Give a string in double quotes.",
    }

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            self.fail("not_text")
        if not _DAY.fullmatch(value):
            self.fail("shape")
        day = super().to_internal_value(value)
        if not 1900 <= day.year <= 9998:
            self.fail("range")
        return day
