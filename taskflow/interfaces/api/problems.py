"""Problem documents (RFC 9457): the one place where errors become answers."""

import json
import logging
import sqlite3
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.db.utils import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from taskflow.domain import errors
from taskflow.store.models import User

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
_MOST_ERRORS = 100
_LONGEST = 500

STATUS_OF: dict[type[errors.TaskFlowError], int] = {
    errors.Invalid: 400,
    errors.NotAuthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.StaleVersion: 412,
    errors.KeyReused: 422,
    errors.TooMany: 429,
    errors.StorageFull: 507,
}

TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    412: "Precondition failed",
    413: "Request too large",
    415: "Unsupported media type",
    422: "Idempotency key reused",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
    507: "No space left",
}

_CODES = {
    "authentication_failed": "not_authenticated",
    "permission_denied": "forbidden",
    "parse_error": "malformed",
    "throttled": "rate_limited",
}


class FieldErrorDocument(serializers.Serializer[Any]):
    """One thing that is wrong with one field."""

    optional = ("index", "position")

    field = serializers.CharField(help_text="Path with dots, for instance reminders.0.at")
    code = serializers.CharField()
    detail = serializers.CharField(help_text="What is wrong, and the remedy")
    index = serializers.IntegerField(help_text="Which operation of a bulk")
    position = serializers.IntegerField(help_text="Where in the field's text, from 0")


class ProblemDocument(serializers.Serializer[Any]):
    """What went wrong (RFC 9457)."""

    type = serializers.CharField(help_text="urn:taskflow:problem:<code>")
    title = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = FieldErrorDocument(many=True)  # type: ignore[assignment]


def problem(
    http_status: int, code: str, detail: str, field_errors: list[errors.FieldError] | None = None
) -> dict[str, Any]:
    """The document itself, with at most 100 `errors`; their members without a value are left out.

    What it repeats of the request is cut short, and readable even where the request was no Unicode.
    """
    return {
        "type": f"urn:taskflow:problem:{code}",
        "title": TITLES.get(http_status, "Error"),
        "status": http_status,
        "code": code,
        "detail": _quote(detail),
        "errors": error_documents(field_errors or []),
    }


def error_documents(field_errors: list[errors.FieldError]) -> list[dict[str, Any]]:
    """The first 100 errors, without the members that have no value."""
    return [
        {
            name: _quote(value) if isinstance(value, str) else value
            for name, value in asdict(error).items()
            if value is not None
        }
        for error in field_errors[:_MOST_ERRORS]
    ]


def _quote(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    # A lone surrogate would make the answer itself impossible to encode.
    return text.encode("utf-8", "backslashreplace").decode()


def problem_response(http_status: int, code: str, detail: str) -> HttpResponse:
    """A problem for code outside of REST framework (middleware, error handlers)."""
    document = json.dumps(problem(http_status, code, detail))
    return HttpResponse(document, status=http_status, content_type=CONTENT_TYPE)


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler. None (a bug) ends as a 500 without internals."""
    headers: dict[str, str] = {}
    if isinstance(error, IntegrityError | ObjectDoesNotExist) and _is_asker_gone(context):
        error = errors.NotAuthenticated("Your account was deleted meanwhile.")
    if isinstance(error, errors.TaskFlowError):
        http_status = status_of(error)
        field_errors = error.errors if isinstance(error, errors.Invalid) else None
        document = problem(http_status, error.code, error.detail, field_errors)
        if isinstance(error, errors.TooMany):
            headers["Retry-After"] = str(error.retry_after)
        if isinstance(error, errors.StaleVersion):
            headers["ETag"] = f'"{error.current}"'
        if isinstance(error, errors.NotAuthenticated):
            headers["WWW-Authenticate"] = 'Bearer realm="taskflow"'
    elif isinstance(error, exceptions.ValidationError):
        http_status = status.HTTP_400_BAD_REQUEST
        found = list(flatten(error.detail))
        document = problem(http_status, "invalid", "The request has invalid fields.", found)
    elif isinstance(error, Http404):
        http_status, document = 404, problem(404, "not_found", errors.NotFound().detail)
    elif isinstance(error, PermissionDenied):
        http_status, document = 403, problem(403, "forbidden", "You may not do that.")
    elif isinstance(error, RequestDataTooBig):
        http_status, document = 413, problem(413, "too_large", "The request is larger than 10 MB.")
    elif isinstance(error, exceptions.UnsupportedMediaType):
        takes = ", ".join(parser.media_type for parser in context["view"].parser_classes)
        http_status, document = 415, problem(415, "unsupported_media_type", f"{error.detail} Send {takes}.")
    elif isinstance(error, exceptions.APIException):
        http_status = error.status_code
        code = str(error.get_codes())
        document = problem(http_status, _CODES.get(code, code), str(error.detail))
        if getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
        if getattr(error, "wait", None):
            headers["Retry-After"] = str(int(error.wait) + 1)  # type: ignore[attr-defined]
    elif isinstance(error, OperationalError):
        log.exception("the database did not answer in time")
        http_status, document = 503, problem(503, "busy", "The database is busy. Try again in a moment.")
        headers["Retry-After"] = "1"
    elif isinstance(error, IntegrityError) and _is_broken_reference(error):
        detail = "Something that this needs was deleted meanwhile. Read it again."
        http_status, document = 404, problem(404, "not_found", detail)
    else:
        return None
    set_rollback()
    return Response(document, status=http_status, headers=headers, content_type=CONTENT_TYPE)


def _is_asker_gone(context: dict[str, Any]) -> bool:
    """Whether the account that was found when the request came is deleted now."""
    user = getattr(context.get("request"), "user", None)
    return isinstance(user, User) and not User.objects.filter(pk=user.pk).exists()


def _is_broken_reference(error: IntegrityError) -> bool:
    """Whether a row names one that is gone: it was looked up before the transaction began."""
    cause = error.__cause__
    broken = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
    return broken or getattr(cause, "sqlstate", None) == "23503"


def status_of(error: errors.TaskFlowError) -> int:
    """The HTTP status that an error becomes."""
    for kind, http_status in STATUS_OF.items():
        if isinstance(error, kind):
            return http_status
    return 400


def flatten(detail: Any, path: str = "") -> list[errors.FieldError]:
    """REST framework's nested errors as a flat list with dotted paths."""
    if isinstance(detail, dict):
        return [error for name, inner in detail.items() for error in flatten(inner, _join(path, str(name)))]
    if isinstance(detail, list):
        nested = any(isinstance(inner, dict | list) for inner in detail)
        return [
            error
            for index, inner in enumerate(detail)
            for error in flatten(inner, _join(path, str(index)) if nested else path)
        ]
    return [errors.FieldError(path or "body", getattr(detail, "code", "invalid"), str(detail))]


def _join(path: str, name: str) -> str:
    if name == "non_field_errors":
        return path
    return f"{path}.{name}" if path else name


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return problem_response(400, "malformed", "The request cannot be understood.")


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """For addresses below /api/ that lead nowhere. Exempt from CSRF: a refusal would be an HTML page."""
    return problem_response(404, "not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return problem_response(500, "internal", "Something went wrong here; the log of the server has the details.")
