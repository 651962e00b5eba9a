"""The OpenAPI document: each endpoint's `operations`, with what follows from its action, method and address.

Only the schema command and `/api/v1/schema` import this module.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from drf_spectacular.drainage import warn
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, append_meta, build_parameter_type
from rest_framework import serializers

from taskflow.domain.permissions import TABLE, Action
from taskflow.interfaces.api import headers
from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.interfaces.api.fields import StrictSerializer, TextField
from taskflow.interfaces.api.operation import Document, Operation, Query
from taskflow.interfaces.api.problems import CONTENT_TYPE, TITLES, ProblemDocument

PREFIX = "/api/v1/"

#: What the parts of addresses look like; the patterns are those of `urls.py`.
_PATH: dict[str, dict[str, Any]] = {
    "project": {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$", "description": "Id or key, for instance HOME"},
    "task": {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$", "description": "Id or key, for instance HOME-12"},
    "comment": {"type": "string", "format": "uuid", "description": "Id"},
    "attachment": {"type": "string", "format": "uuid", "description": "Id"},
    "invitation": {"type": "string", "format": "uuid", "description": "Id"},
    "feed": {"type": "string", "format": "uuid", "description": "Id"},
    "secret": {"type": "string", "pattern": "^tff_[0-9A-Za-z_-]{43}$", "description": "The feed's secret"},
    "username": {"type": "string", "pattern": "^[\\w.-]{1,64}$", "description": "Username"},
}

_SECURITY: dict[str, dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "tfp_…",
        "description": "An API token of `POST /api/v1/auth/tokens`. Each operation names the scope that it needs.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
        "description": f"With a session: the value of the cookie `{settings.CSRF_COOKIE_NAME}`.",
    },
}


class EndpointSchema(AutoSchema):
    """Builds the document's operation from an endpoint's declaration."""

    _direction = "response"

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any] | None:
        """The operation object; None, with a warning, for a method that declares none."""
        self.path, self.path_regex, self.path_prefix = path, path_regex, path_prefix
        self.method, self.registry = method.upper(), registry
        declared = self._endpoint.operations.get(self.method)
        if declared is None:
            warn(f"{type(self.view).__name__} declares no operation for {self.method}")
            return None
        parts = {
            "operationId": declared.name,
            "summary": (declared.summary or self._doc().partition("\n")[0]).rstrip("."),
            "description": self._describe(declared),
            "tags": [path.removeprefix(PREFIX).partition("/")[0]],
            "parameters": [
                *self._path_parameters(),
                *map(self._query_parameter, declared.parameters),
                *headers.request_headers(declared, self.method, self._endpoint),
            ],
            "requestBody": self._request_body(declared),
            "security": self._security(),
            "responses": self._responses(declared),
        }
        return {name: value for name, value in parts.items() if value}

    @property
    def _endpoint(self) -> Endpoint:
        return cast(Endpoint, self.view)

    def _doc(self) -> str:
        return (type(self.view).__doc__ or "").strip()

    def _describe(self, declared: Operation) -> str:
        handler = getattr(self.view, self.method.lower())
        doc = " ".join((handler.__doc__ or "").split())
        rule, needs = TABLE[self._action()], []
        if rule.scope is not None:
            needs.append(f"the scope `{rule.scope.value}`")
        elif not rule.any_scope:
            needs.append("a session or a token without scopes")
        if rule.project is not None:
            needs.append(f"the role {rule.project.value} in the project")
        if rule.site is not None:
            needs.append(f"the site role {rule.site.value}")
        return " ".join(filter(None, [doc, f"Needs {' and '.join(needs)}." if needs else ""]))

    def _action(self) -> Action:
        return self._endpoint.actions[self.method]

    def _security(self) -> list[dict[str, list[str]]]:
        for name, scheme in _SECURITY.items():
            self._component(ResolvedComponent.SECURITY_SCHEMA, name, scheme)
        rule = TABLE[self._action()]
        session: dict[str, list[str]] = {"session": []} if self.method == "GET" else {"session": [], "csrf": []}
        bearer: dict[str, list[str]] = {"bearer": [rule.scope.value] if rule.scope else []}
        return [bearer, session, {}] if rule.anonymous else [bearer, session]

    def _path_parameters(self) -> list[dict[str, Any]]:
        parent: Any = super()
        parameters: list[dict[str, Any]] = parent._resolve_path_parameters(self._variables())
        for parameter in parameters:
            known = dict(_PATH.get(parameter["name"], {}))
            if known:
                parameter["description"] = known.pop("description")
                parameter["schema"] = known
        return parameters

    def _variables(self) -> list[str]:
        return re.findall(r"{([a-z_]+)}", self.path)

    def _query_parameter(self, query: Query) -> dict[str, Any]:
        schema = dict(query.schema)
        listed = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
        parameter: dict[str, Any] = build_parameter_type(
            name=query.name, schema=schema, location="query", description=query.description, **listed
        )
        return parameter

    def _request_body(self, declared: Operation) -> dict[str, Any] | None:
        if declared.body is None:
            return None
        serializer = declared.body(partial=self.method == "PATCH")
        component = self.resolve_serializer(serializer, "request")
        required = bool(component.schema.get("required"))
        return {"content": {declared.media: {"schema": component.ref}}, "required": required}

    def _responses(self, declared: Operation) -> dict[str, Any]:
        responses: dict[str, Any] = {}
        for status, document in declared.answers.items():
            responses[str(status)] = {
                "description": "Nothing" if document is None else (document.__doc__ or "").strip().partition("\n")[0],
                "headers": self._headers(
                    headers.answer_headers(declared, status, document, self.method, self._endpoint)
                ),
                **self._content(declared, document),
            }
        for status in self._refusals(declared):
            name = "".join(word.capitalize() for word in TITLES[status].split())
            shared = self._component(ResolvedComponent.RESPONSE, name, self._problem(status, TITLES[status]))
            responses[str(status)] = self._problem(status, declared.conflicts) if status == 409 else shared.ref
        return responses

    def _problem(self, status: int, description: str) -> dict[str, Any]:
        return {
            "description": description,
            "headers": self._headers(headers.refusal_headers(status)),
            "content": {CONTENT_TYPE: {"schema": self.resolve_serializer(ProblemDocument, "response").ref}},
        }

    def _headers(self, names: list[str]) -> dict[str, Any]:
        return {name: self._component(ResolvedComponent.HEADER, name, headers.HEADERS[name]).ref for name in names}

    def _component(self, kind: str, name: str, schema: Mapping[str, Any]) -> ResolvedComponent:
        component = ResolvedComponent(name=name, type=kind, object=name, schema=dict(schema))
        self.registry.register_on_missing(component)
        return component

    def _content(self, declared: Operation, document: Document | None) -> dict[str, Any]:
        if declared.forms:
            return {"content": {media: {"schema": dict(schema)} for media, schema in declared.forms.items()}}
        if document is None:
            return {}
        component = self.resolve_serializer(document, "response")
        if declared.paged:
            component = self._page_of(component)
        return {"content": {"application/json": {"schema": component.ref}}}

    def _page_of(self, component: ResolvedComponent) -> ResolvedComponent:
        schema = {
            "type": "object",
            "description": "One page of a list.",
            "properties": {
                "results": {"type": "array", "items": component.ref},
                "next_cursor": {"type": ["string", "null"], "description": "null on the last page"},
            },
            "required": ["results", "next_cursor"],
        }
        return self._component(ResolvedComponent.SCHEMA, f"{component.name}Page", schema)

    def _refusals(self, declared: Operation) -> list[int]:
        """The problem statuses that can come, in order."""
        statuses = {400, 429, 503}
        if self.method != "GET" or not TABLE[self._action()].anonymous:
            statuses |= {401, 403}
        if self._variables() or declared.hides:
            statuses.add(404)
        if declared.conflicts:
            statuses.add(409)
        if declared.conditional:
            statuses.add(412)
        if declared.body is not None:
            statuses |= {413, 415}
        if self.method == "POST" and self._endpoint.keeps_answers:
            statuses.add(422)
        return sorted(statuses)

    def get_serializer_name(self, serializer: serializers.Serializer[Any], direction: str) -> str:
        """`Task` for TaskDocument, `TaskFields` for TaskFields."""
        return type(serializer).__name__.removesuffix("Document")

    def _get_serializer_name(
        self, serializer: serializers.Serializer[Any], direction: str, bypass_extensions: bool = False
    ) -> str:
        """Requests and answers have classes of their own, so names need no suffix; a PATCH takes `TaskChanges`."""
        serializer = getattr(serializer, "child", serializer)
        name = self.get_serializer_name(serializer, direction)
        return name.removesuffix("Fields") + "Changes" if getattr(serializer, "partial", False) else name

    def _map_basic_serializer(self, serializer: Any, direction: str) -> dict[str, Any]:
        """Requests refuse what they do not know; answers always have all their fields, but for `optional` ones."""
        self._direction = direction
        parent: Any = super()
        schema: dict[str, Any] = parent._map_basic_serializer(serializer, direction)
        if direction == "request" and isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        if direction == "response":
            optional = getattr(serializer, "optional", ())
            schema["required"] = [name for name in schema.get("properties", {}) if name not in optional]
        return schema

    def _map_serializer_field(self, field: Any, direction: str, bypass_extensions: bool = False) -> Any:
        """A field may bring its own `json_schema`."""
        parent: Any = super()
        known: Mapping[str, Any] | None = getattr(field, "json_schema", None)
        if known is not None:
            return append_meta(dict(known), parent._get_serializer_field_meta(field, direction))
        return parent._map_serializer_field(field, direction, bypass_extensions)

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        parent: Any = super()
        parent._insert_field_validators(field, schema)
        if isinstance(field, TextField) and self._direction == "request":
            schema["pattern"] = field.pattern
