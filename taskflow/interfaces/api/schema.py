"""REST: the API's own documents, as OpenAPI 3.1 and as pages. Nothing on the pages comes from another host."""

import functools
import json

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from rest_framework.request import Request

from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.interfaces.api.operation import Operation, Query

JSON = "application/json"
YAML = "application/yaml"
#: First the form for those who do not ask for one; the others are what clients call the same two forms.
_TYPES = {
    YAML: "yaml",
    JSON: "json",
    "application/vnd.oai.openapi": "yaml",
    "application/vnd.oai.openapi+json": "json",
    "application/openapi+json": "json",
    "application/openapi+yaml": "yaml",
}

#: Styles of both viewers are made by their scripts.
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)


@functools.cache
def render_schema(form: str) -> bytes:
    """The OpenAPI document as `json` or `yaml`. Made once a process: it depends on nothing but the code."""
    # The generator is only needed here, and 0.3 s of imports are not for every process.
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiYamlRenderer

    document = SchemaGenerator().get_schema(public=True)
    if form == "json":
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    text: bytes = OpenApiYamlRenderer().render(document, renderer_context={})
    return text


class SchemaDocument(Endpoint):
    """This document."""

    actions = {"GET": Action.PUBLIC}
    operations = {
        "GET": Operation(
            "get_schema",
            {200: None},
            query=(Query("format", "Instead of Accept", {"type": "string", "enum": ["json", "yaml"]}),),
            forms={JSON: {"type": "object"}, YAML: {}},
        )
    }

    def get(self, request: Request) -> HttpResponse:
        """JSON or YAML, as Accept says; YAML where it says nothing."""
        form = self.query().get("format") or _TYPES[request._request.get_preferred_type(list(_TYPES)) or YAML]
        if form not in {"json", "yaml"}:
            raise Invalid.field("format", "invalid", "Give json or yaml.")
        response = HttpResponse(render_schema(form), content_type=JSON if form == "json" else YAML)
        response["Vary"] = "Accept"
        return response


class SwaggerPage(Endpoint):
    """The document as Swagger UI shows it."""

    actions = {"GET": Action.PUBLIC}
    operations = {"GET": Operation("show_swagger", {200: None}, forms={"text/html": {"type": "string"}})}
    template = "taskflow/documents/swagger.html"

    def get(self, request: Request) -> HttpResponse:
        """A page for people; requests can be tried out there."""
        context = {"schema_url": reverse("schema") + "?format=json", "csrf_cookie": settings.CSRF_COOKIE_NAME}
        response = render(request._request, self.template, context)
        response["Content-Security-Policy"] = _POLICY
        return response


class RedocPage(SwaggerPage):
    """The document as Redoc shows it."""

    operations = {"GET": Operation("show_redoc", {200: None}, forms={"text/html": {"type": "string"}})}
    template = "taskflow/documents/redoc.html"
