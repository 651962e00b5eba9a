"""Django REST framework, its tokens and the API documents."""

from typing import Any

#: Middleware of the HTTP interface; it runs before sessions and authentication.
API_MIDDLEWARE: list[str] = [
    "taskflow.interfaces.api.middleware.limit_body",
    "taskflow.interfaces.api.middleware.accept_trailing_slash",
]

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "taskflow.interfaces.api.authentication.BearerAuthentication",
        "taskflow.interfaces.api.authentication.SessionAuthentication",
    ],
    # Endpoint asks domain/permissions.py; a view that forgets to be an Endpoint is refused to everybody unknown.
    "DEFAULT_PERMISSION_CLASSES": ["taskflow.interfaces.api.permissions.ActionPermission"],
    "DEFAULT_PARSER_CLASSES": ["taskflow.interfaces.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
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
    "OAS_VERSION": "3.1.1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
