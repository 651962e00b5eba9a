"""What every address of the REST interface has in common.

An endpoint names, for each of its methods, the action of `domain/permissions.py` that it stands for, and what the
method takes and gives. The credential's scope and the query parameters are checked here, before the handler runs; roles
are checked by the use case that the handler calls.
"""

import math
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from django.db import DatabaseError, connection
from django.utils.encoding import iri_to_uri
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from taskflow.application.access import require_scope
from taskflow.domain.errors import Invalid, NotAuthenticated
from taskflow.domain.permissions import TABLE, Action, Actor
from taskflow.interfaces.api.authentication import actor_of
from taskflow.interfaces.api.fields import StrictSerializer, is_clean
from taskflow.interfaces.api.idempotency import answer_once
from taskflow.interfaces.api.operation import NoFields, Operation

_ANONYMOUS = Actor(user_id=None, username="", projects=frozenset())
#: Enough for every filter; SQLite refuses a LIKE beyond 50,000 bytes.
_LONGEST_VALUE = 2_000
#: A cursor holds the keys of a row, such as a title of 500 characters; a filter says itself that it is too long, and
#: from which position on.
_LONGER = {"cursor": 40_000, "filter": 40_000}
#: PostgreSQL's codes of a deadlock, of a reference to what somebody deleted meanwhile, and of a change whose log was
#: deleted meanwhile (`store/at_once.py`); and how often a request is tried before its client hears of one.
_PASSING = {"40P01", "23503", "22012"}
_TRIES = 5
_ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"|([0-9]+)')


#: Each thread's serializers, for one request after another: making one copies all of its fields, which costs more than
#: a request's checks.
class _Kept(threading.local):
    def __init__(self) -> None:
        self.serializers: dict[tuple[type[StrictSerializer], bool], StrictSerializer] = {}


_kept = _Kept()


def _take_serializer(serializer: type[StrictSerializer], partial: bool) -> StrictSerializer:
    found = _kept.serializers.get((serializer, partial))
    if found is None:
        found = _kept.serializers[serializer, partial] = serializer(data={}, partial=partial)
    return found


def _empty(serializer: StrictSerializer) -> None:
    """Forgets the request that a serializer was used for."""
    serializer.initial_data, serializer._context = {}, {}
    for name in ("_validated_data", "_errors", "_data"):
        serializer.__dict__.pop(name, None)


@cache
def _made(classes: tuple[type[Any], ...]) -> list[Any]:
    """One of each: REST framework would make them for every request, and none of ours holds anything."""
    return [made() for made in classes]


class Endpoint(APIView):
    """A REST address. Subclasses give `actions` and `operations` (method → …) and a handler a method."""

    actions: ClassVar[Mapping[str, Action]] = {}
    operations: ClassVar[Mapping[str, Operation]] = {}
    #: Answers that show a secret once are not kept for `Idempotency-Key`.
    keeps_answers: ClassVar[bool] = True
    actor: Actor
    _allow: ClassVar[str] = ""
    _parameters: dict[str, str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # Django lets GET answer HEAD.
        known = [name for name in cls.http_method_names if hasattr(cls, "get" if name == "head" else name)]
        cls._allow = ", ".join(known).upper()

    @property
    def default_response_headers(self) -> dict[str, str]:
        """What every answer of this address says."""
        return {"Allow": self._allow}

    def get_authenticators(self) -> list[Any]:
        """REST framework's hook, as are the four below."""
        return _made(tuple(self.authentication_classes))

    def get_parsers(self) -> list[Any]:
        return _made(tuple(self.parser_classes))

    def get_permissions(self) -> list[Any]:
        return _made(tuple(self.permission_classes))

    def get_renderers(self) -> list[Any]:
        return _made(tuple(self.renderer_classes))

    def get_throttles(self) -> list[Any]:
        return _made(tuple(self.throttle_classes))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method == "OPTIONS":
            return
        if method not in self.actions:
            raise MethodNotAllowed(method[:20])
        super().initial(request, *args, **kwargs)
        action = self.actions[method]
        actor = actor_of(request)
        if actor is None and not TABLE[action].anonymous:
            raise NotAuthenticated("Sign in, or send a token: 'Authorization: Bearer tfp_…'.")
        self.actor = actor or _ANONYMOUS
        require_scope(self.actor, action)
        if method != "GET":
            # REST framework looks the handler up after this.
            setattr(self, method.lower(), repeat_deadlocked(getattr(self, method.lower())))
        self._parameters = self._read_query([known.name for known in self.operations[method].parameters])

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Says in `Allow` what can be done here, to everybody."""
        return Response(status=204)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().dispatch(request, *args, **kwargs)
        return self.after(response) if isinstance(response, Response) else response

    def after(self, response: Response) -> Response:
        """A last step once everything that the request changed is committed."""
        return response

    def parse(self, serializer: type[StrictSerializer], *, partial: bool = False) -> dict[str, Any]:
        """The request's body, validated; `Invalid` or REST framework's ValidationError naming each field."""
        data = self.request.data
        if not isinstance(data, Mapping):
            raise Invalid.field("body", "not_an_object", "Send a JSON object.")
        checked = _take_serializer(serializer, partial)
        checked.initial_data, checked._context = data, {"endpoint": self}
        try:
            checked.is_valid(raise_exception=True)
            return dict(checked.validated_data)
        finally:
            _empty(checked)

    def refuse_body(self) -> None:
        """For verbs that take no fields: an empty body or `{}`."""
        self.parse(NoFields)

    def query(self) -> dict[str, str]:
        """The query parameters that were given; others than the operation's own were refused before."""
        return self._parameters

    def _read_query(self, known: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, values in self.request.query_params.lists():
            if name not in known:
                raise Invalid.field(name[:100], "unknown_parameter", f"Known here: {', '.join(known) or 'none'}.")
            if len(values) != 1:
                raise Invalid.field(name, "repeated", "Give it once; filter values take commas.")
            # A filter says itself where in it the character is.
            if name != "filter" and not is_clean(values[0]):
                raise Invalid.field(name, "control", "Control characters are not allowed here. Remove them.")
            if len(values[0]) > _LONGER.get(name, _LONGEST_VALUE):
                raise Invalid.field(name, "too_long", f"Give at most {_LONGER.get(name, _LONGEST_VALUE)} characters.")
            found[name] = values[0]
        return found

    def if_match(self) -> int | None:
        """The version that `If-Match` names; None without the header or with `*`, -1 for what is no version."""
        header = self.request.headers.get("If-Match", "*").strip()
        if header == "*":
            return None
        tag = _ENTITY_TAG.fullmatch(header)
        if tag is None:
            raise Invalid.field("If-Match", "invalid", 'Give one ETag as it was sent, for instance "3", or *.')
        digits = tag[1] if tag[1] is not None else tag[2]
        # 15 digits are far beyond any version; what is no number matches none.
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else -1

    def once(self, handler: Callable[[], Response]) -> Response:
        """Runs a POST's `handler`, or repeats the first answer to the same `Idempotency-Key`."""
        return answer_once(self.request, self.actor, handler) if self.keeps_answers else handler()


def repeat_deadlocked(handler: Callable[..., Response]) -> Callable[..., Response]:
    """`handler`, run again where PostgreSQL ended its transaction for what others did: nothing of it was kept."""

    def run(*args: Any, **kwargs: Any) -> Response:
        for _ in range(_TRIES - 1):
            try:
                return handler(*args, **kwargs)
            except DatabaseError as error:
                if getattr(error.__cause__, "sqlstate", None) not in _PASSING or connection.in_atomic_block:
                    raise
        return handler(*args, **kwargs)

    return run


def answer(data: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON object, with its version as ETag where it has one."""
    extra = dict(headers or {})
    if "Location" in extra:
        # Usernames may have any letters, headers may not.
        extra["Location"] = iri_to_uri(extra["Location"])
    if "version" in data:
        extra["ETag"] = f'"{data["version"]}"'
    return Response(data, status=status, headers=extra)


def prefer_wait(request: Request) -> float:
    """Seconds of `Prefer: wait=N` (RFC 7240), 0 to 30; 0 without it or where it cannot be read."""
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.partition("=")
        if name.strip().lower() == "wait":
            try:
                seconds = float(value.strip().strip('"'))
            except ValueError:
                return 0.0
            return min(30.0, max(0.0, seconds)) if math.isfinite(seconds) else 0.0
    return 0.0
