"""The fields of a plugin's settings, read from its JSON schema.

Forms, the REST interface, commands and variables are made of them.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]
#: What a setting can be.
Value: TypeAlias = str | int | float | bool | list[str] | None

#: Instance settings that a field may take its default from (`json_schema_extra={"default_from": …}`).
DEFAULTS_FROM = frozenset({"EMAIL_URL", "EMAIL_FROM", "PUBLIC_URL"})
_ON, _OFF = {"on", "true", "yes", "1"}, {"off", "false", "no", "0"}


class FieldKind(StrEnum):
    """What a field holds, and so how it is asked for."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - the name of a kind
    INTEGER = "integer"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    URL = "url"
    EMAIL = "email"
    LIST = "list"


class UnknownField(ValueError):
    """A field of a type that settings cannot have; the message names it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. `default` is None where there is none; numbers' bounds are inclusive."""

    name: str
    title: str
    about: str
    kind: FieldKind
    required: bool
    nullable: bool
    default: Value = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    #: The instance's setting that stands in for a value, such as `EMAIL_URL`.
    default_from: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether its value is encrypted and never shown."""
        return self.kind is FieldKind.SECRET


def read_fields(schema: Schema) -> tuple[Field, ...]:
    """The fields of a model's JSON schema as pydantic writes it, in their order. `UnknownField`."""
    definitions = schema.get("$defs", {})
    if "$ref" in schema:
        # Of a model that refers to itself.
        schema = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
    required = set(schema.get("required", ()))
    return tuple(
        _read_field(name, described, name in required, definitions)
        for name, described in schema.get("properties", {}).items()
    )


def _read_field(name: str, described: Schema, required: bool, definitions: Schema) -> Field:
    shape, nullable = _unwrap(name, described, definitions)
    kind = _find_kind(name, shape)
    default_from = str(described.get("default_from", ""))
    if default_from and default_from not in DEFAULTS_FROM:
        raise UnknownField(f"{name}: default_from is {default_from!r}; known: {', '.join(sorted(DEFAULTS_FROM))}.")
    if default_from == "EMAIL_URL" and kind is not FieldKind.SECRET:
        raise UnknownField(f"{name}: EMAIL_URL holds a password, so that only a SecretStr may take it.")
    choices = shape.get("enum", [shape["const"]] if "const" in shape else [])
    if not all(isinstance(choice, str) for choice in choices):
        raise UnknownField(f"{name}: its choices must be texts.")
    return Field(
        name=name,
        title=str(described.get("title") or name.replace("_", " ").capitalize()),
        about=str(described.get("description", "")),
        kind=kind,
        required=required,
        nullable=nullable,
        default=None if kind is FieldKind.SECRET else described.get("default"),
        choices=tuple(choices),
        least=_bound(shape, "minimum", "exclusiveMinimum"),
        most=_bound(shape, "maximum", "exclusiveMaximum"),
        longest=shape.get("maxLength"),
        default_from=default_from,
    )


def _unwrap(name: str, described: Schema, definitions: Schema) -> tuple[Schema, bool]:
    """The field's shape without the `null` beside it and without a reference, and whether there was a `null`."""
    shape, nullable = described, False
    options = described.get("anyOf")
    if options is not None:
        shapes = [option for option in options if option.get("type") != "null"]
        nullable = len(shapes) < len(options)
        if len(shapes) != 1:
            raise UnknownField(f"{name}: a setting has one type, with or without None.")
        shape = shapes[0]
    wrapped = shape.get("allOf")
    if wrapped is not None and len(wrapped) == 1:
        shape = wrapped[0]
    reference = shape.get("$ref")
    if reference is not None:
        shape = definitions.get(str(reference).rpartition("/")[2], {})
    return shape, nullable


def _find_kind(name: str, shape: Schema) -> FieldKind:
    match shape.get("type"), shape.get("format"):
        case _ if "enum" in shape or "const" in shape:
            return FieldKind.CHOICE
        case "string", "password":
            return FieldKind.SECRET
        case "string", "uri":
            return FieldKind.URL
        case "string", "email":
            return FieldKind.EMAIL
        case "string", None:
            return FieldKind.TEXT
        case "integer", None:
            return FieldKind.INTEGER
        case "number", None:
            return FieldKind.NUMBER
        case "boolean", None:
            return FieldKind.SWITCH
        case "array", None if shape.get("items", {}).get("type") == "string":
            return FieldKind.LIST
    raise UnknownField(
        f"{name}: settings are str, SecretStr, int, float, bool, Literal, Enum, a URL, an e-mail address or list[str]."
    )


def _bound(shape: Schema, inclusive: str, exclusive: str) -> float | None:
    found = shape.get(inclusive, shape.get(exclusive))
    return found if isinstance(found, int | float) else None


def parse_text(field: Field, text: str) -> Value:
    """A value from a variable, a command or a form. `ValueError` says what the field takes.

    Of an empty text comes None, or an empty list.
    """
    text = text.strip()
    if field.kind is FieldKind.LIST:
        return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]
    if not text:
        return None
    match field.kind:
        case FieldKind.SWITCH:
            if text.lower() in _ON | _OFF:
                return text.lower() in _ON
            raise ValueError("It takes on or off.")
        case FieldKind.INTEGER:
            if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
                return int(text)
            raise ValueError("It takes a whole number.")
        case FieldKind.NUMBER:
            return _parse_number(text)
        case FieldKind.CHOICE if text not in field.choices:
            raise ValueError(f"It takes one of: {', '.join(field.choices)}.")
    return text


def _parse_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("It takes a number.")
    return number
