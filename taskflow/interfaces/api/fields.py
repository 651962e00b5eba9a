"""Serializers and fields that take exactly what the contract says."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

_CONTROLS = {"\n", "\t", "\r"}


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, and values that only look right (`"5"` for 5)."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields or self.fields[name].read_only]
            if unknown:
                raise serializers.ValidationError({name[:100]: [self._explain(name)] for name in unknown})
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
        if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in _CONTROLS for c in data):
            self.fail("control")
        return super().to_internal_value(data)


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
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false, and nothing that stands for them."""

    default_error_messages = {"not_flag": "Give true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("not_flag")
        return data


class InstantField(serializers.DateTimeField):
    """An RFC 3339 time with its offset; naive times are refused."""

    default_error_messages = {
        "naive": "Give the time with its offset, for instance 2026-12-01T09:00:00Z.",
        "range": "The time must be between the years 1900 and 9998.",
        "not_text": "Give a string in double quotes.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("not_text")
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
        "not_text": "Give a string in double quotes.",
    }

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            self.fail("not_text")
        day = super().to_internal_value(value)
        if not 1900 <= day.year <= 9998:
            self.fail("range")
        return day
