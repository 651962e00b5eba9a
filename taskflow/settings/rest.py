"""Django REST framework, its tokens and the API documents."""

from importlib.metadata import version
from typing import Any

#: Middleware of the HTTP interface; it runs before sessions and authentication.
API_MIDDLEWARE: list[str] = [
    "taskflow.interfaces.api.middleware.limit_body",
    "taskflow.interfaces.api.middleware.refuse_charsets",
    "taskflow.interfaces.api.middleware.accept_trailing_slash",
    "taskflow.interfaces.api.short_cut.enter",
]
#: Where the middleware of pages ends, which `short_cut.enter` leaves out for requests with a token.
END_OF_PAGES = "taskflow.interfaces.api.short_cut.leave"

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "taskflow.interfaces.api.authentication.BearerAuthentication",
        "taskflow.interfaces.api.authentication.SessionAuthentication",
    ],
    # Endpoint asks domain/permissions.py; a view that forgets to be an Endpoint is refused to everybody unknown.
    "DEFAULT_PERMISSION_CLASSES": ["taskflow.interfaces.api.permissions.ActionPermission"],
    "DEFAULT_PARSER_CLASSES": ["taskflow.interfaces.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["taskflow.interfaces.api.rendering.FastJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "taskflow.interfaces.api.negotiation.OnlyForm",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "taskflow.interfaces.api.documents.EndpointSchema",
    "DEFAULT_THROTTLE_CLASSES": ["taskflow.interfaces.api.throttling.RequestThrottle"],
    "EXCEPTION_HANDLER": "taskflow.interfaces.api.problems.handle_exception",
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": None,
}
REST_KNOX: dict[str, Any] = {"TOKEN_PREFIX": "tfp_", "AUTO_REFRESH": False, "TOKEN_TTL": None}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "TaskFlow",
    "DESCRIPTION": "Tasks, the people who share them, and advice on their priorities.",
    "VERSION": version("taskflow-server"),
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Requests and answers have serializers of their own; the split gives each its own rules.
    "COMPONENT_SPLIT_REQUEST": True,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_SUFFIX": "",
    "ENUM_NAME_OVERRIDES": {
        "Priority": ["none", "low", "medium", "high", "urgent"],
        "Level": ["low", "medium", "high", "urgent"],
        "ProjectRole": ["viewer", "member", "admin", "owner"],
        "SiteRole": ["member", "manager", "admin"],
        "TaskStatus": ["todo", "in_progress", "done", "cancelled"],
        "PluginStatus": [
            "active",
            "degraded",
            "needs_config",
            "incompatible",
            "load_error",
            "missing",
            "disabled",
        ],
    },
    "SORT_OPERATION_PARAMETERS": False,
}
