"""The core's way to the gateway: asks it, pushes the configuration that it lacks, and takes along what went wrong."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import httpx

from taskflow.application.ports import ModelAnswer
from taskflow.domain.prompts import Asked
from taskflow.plugin_api import Embeddings, ModelInfo, Pull
from taskflow.plugin_host.breaker import REST, Breaker
from taskflow.plugin_host.state import CallFailed, ErrorSink, Failure

#: Seconds beyond its deadline that an answer may be on its way.
_LATE = 1.0
#: Seconds to connect, and for taking a configuration over, however little is left of a question's own.
_CONNECT, _PUSH = 3.0, 2.0
_ATTEMPTS = 4


class Place(Protocol):
    """Where the gateway is."""

    @property
    def token(self) -> str:
        """What it asks for."""

    def find(self, *, deadline: float) -> str:
        """Its address; starts it where that is its business, within `deadline` seconds. `CallFailed` where it cannot
        be had."""

    def lost(self) -> None:
        """A connection to it ended without an answer."""

    def silent(self) -> None:
        """It has not answered many times in a row: whoever runs it may start it anew."""


class ConfigSource(Protocol):
    """What the gateway is to hold."""

    def generation(self) -> int:
        """The number in force; cheap."""

    def config(self) -> dict[str, Any]:
        """The configuration of that number, as `PUT /config` takes it."""


class GatewayClient:
    """Safe to share between threads. What the gateway tells of providers goes to `sink`."""

    def __init__(self, place: Place, source: ConfigSource, sink: ErrorSink) -> None:
        self._place, self._source, self._sink = place, source, sink
        # Neither proxies nor certificates of the environment's: the address is an operator's.
        self._client = httpx.Client(trust_env=False, headers={"User-Agent": "taskflow"})
        self._has_pushed = False
        # A list of a hundred tasks must not wait for its silence a hundred times.
        self._breaker = Breaker(time.monotonic, longest=REST)

    def suggest(self, asked: Asked, *, deadline: float, may_leave: bool = False) -> ModelAnswer:
        """What the active model says of a task, within `deadline` seconds. `CallFailed`, `not_allowed` where it counts
        as leaving this machine by now and the task may not."""
        body = {"task": _tell_task(asked), "context": _tell_context(asked), "may_leave": may_leave}
        found = self._ask("POST", "/suggest-priority", body, deadline, says=True)
        return ModelAnswer(
            probabilities=found["probabilities"],
            words=found["words"],
            provider=found["provider"],
            model=found["model"],
            method=found["method"],
            prompt_version=found["prompt_version"],
            cached=found["cached"],
            leaves=found["leaves"],
            sha256=found["sent"]["sha256"],
            sent_bytes=found["sent"]["bytes"],
            redactions=found["sent"]["redactions"],
            prompt_tokens=found["prompt_tokens"],
            completion_tokens=found["completion_tokens"],
        )

    def embed(self, slug: str, texts: tuple[str, ...], *, deadline: float) -> Embeddings | None:
        """Vectors of texts, which stay on this machine; None where the provider has no model for that. `CallFailed`."""
        body = {"texts": list(texts), "may_leave": False}
        found = self._ask("POST", f"/providers/{slug}/embed", body, deadline, says=True)
        return None if found["vectors"] is None else Embeddings(vectors=found["vectors"], model=found["model"])

    def models(self, slug: str, *, deadline: float) -> tuple[ModelInfo, ...]:
        """The models that a provider has at hand. `CallFailed`."""
        found = self._ask("GET", f"/providers/{slug}/models", None, deadline)
        return tuple(ModelInfo.model_validate(each) for each in found["results"])

    def pull(self, slug: str, model: str, *, deadline: float) -> Pull:
        """Begins to fetch a model, or says how far that is. `CallFailed`."""
        found = self._ask("POST", f"/providers/{slug}/pull", {"model": model}, deadline)
        return Pull.model_validate({name: found[name] for name in Pull.model_fields})

    def configure(self, *, deadline: float) -> None:
        """Has the gateway hold the configuration in force, starting it where it does not run. `CallFailed`."""
        self._push(time.monotonic() + deadline)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, deadline: float, *, says: bool = False
    ) -> dict[str, Any]:
        """The document of a good answer, after pushing the configuration where that is lacking."""
        ends = time.monotonic() + deadline
        if not self._has_pushed:
            self._push(ends)
        for _ in range(_ATTEMPTS):
            told = None if body is None else {**body, "generation": self._source.generation()}
            answer = self._send(method, path, told, ends, says=says)
            document = _read(answer)
            self._take_notes(document)
            if answer.is_success:
                return document
            if answer.status_code != 409:
                raise _failure(answer, document)
            self._push(ends)
        raise CallFailed("busy", "The configuration of the gateway changes too often.", retry_after=1.0)

    def _push(self, ends: float) -> None:
        answer = self._send("PUT", "/config", self._source.config(), max(ends, time.monotonic() + _PUSH))
        if not answer.is_success:
            raise _failure(answer, _read(answer))
        self._has_pushed = True

    def _send(self, method: str, path: str, body: Any, ends: float, *, says: bool = False) -> httpx.Response:
        """One request, which `says` how long it may take; once more where the gateway ended in the middle. One that was
        silent five times in a row is given a rest."""
        wait = self._breaker.admit()
        if wait is not None:
            text = f"The gateway did not answer many times in a row and is not asked for another {wait:.0f} s."
            raise CallFailed("breaker_open", text, retry_after=wait)
        try:
            answer = self._send_it(method, path, body, ends, says=says)
        except httpx.TimeoutException as error:
            if self._breaker.failed() is not None:
                self._place.silent()
            raise CallFailed("timeout", "The gateway did not answer in time.") from error
        except BaseException:
            self._breaker.released()
            raise
        self._breaker.succeeded()
        return answer

    def _send_it(self, method: str, path: str, body: Any, ends: float, *, says: bool) -> httpx.Response:
        """`CallFailed`, `httpx.TimeoutException`."""
        for last in (False, True):
            address = self._place.find(deadline=ends - time.monotonic())
            left = ends - time.monotonic()
            if left <= 0:
                raise CallFailed("timeout", "No time was left to ask the gateway.")
            if says:
                body = {**body, "deadline_ms": _milliseconds(left)}
            headers = {"Authorization": f"Bearer {self._place.token}"}
            timeout = httpx.Timeout(left + _LATE, connect=min(left, _CONNECT))
            try:
                return self._client.request(method, address + path, json=body, headers=headers, timeout=timeout)
            except httpx.TimeoutException:
                raise
            except httpx.TransportError as error:
                if last:
                    raise CallFailed("transient", f"The gateway cannot be reached: {type(error).__name__}.") from error
                self._place.lost()
        raise AssertionError("unreachable")

    def _take_notes(self, document: Mapping[str, Any]) -> None:
        for note in document.get("notes", ()):
            match note:
                case {"failed": failure}:
                    self._sink.failed(Failure(**failure))
                case {"opened": opened}:
                    self._sink.opened(**opened)
                case {"closed": closed}:
                    self._sink.closed(**closed)


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _tell_task(asked: Asked) -> dict[str, Any]:
    return asked.facts.as_json()


def _tell_context(asked: Asked) -> dict[str, Any]:
    return {
        "now": _text(asked.now),
        "timezone": asked.timezone,
        "examples": [{"title": title, "priority": level} for title, level in asked.decided],
    }


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise CallFailed("transient", f"The gateway answered {answer.status_code} with something that is none of its.")
    return document


def _failure(answer: httpx.Response, document: Mapping[str, Any]) -> CallFailed:
    wait = answer.headers.get("retry-after", "")
    retry_after = float(wait) if wait.isdecimal() else None
    code, detail = str(document.get("code", "transient")), str(document.get("detail", answer.reason_phrase))
    if answer.status_code == 401:
        return CallFailed("not_allowed", "The gateway refuses TASKFLOW_GATEWAY_TOKEN.")
    failure = CallFailed(code, detail, retry_after=retry_after)
    sent = document.get("sent")
    if isinstance(sent, dict):
        failure.sent = sent
    return failure
