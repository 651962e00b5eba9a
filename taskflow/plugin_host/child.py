"""The process that one plugin runs in. `process.py` starts it, talks to it and may kill it.

    python -m taskflow.plugin_host.child SOCKET LIFELINE

The first message on the socket names the module and holds its settings; the answer lists the objects that the plugin
offers, or says what is wrong. Then each request `{id, kind, name, method, payload}` is a task of the event loop,
answered by `{id, result}` or `{id, error}`; `{cancel: id}` cancels one, `{stop: true}` ends the process.
"""

import asyncio
import contextlib
import fcntl
import importlib
import json
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pluggy
from pydantic import SecretStr, TypeAdapter, ValidationError

from taskflow.plugin_api import hooks
from taskflow.plugin_api.data import CompletionRequest, Message, PriorityRequest, Recipient
from taskflow.plugin_api.errors import AuthError, PermanentError, TransientError
from taskflow.plugin_api.manifest import Kind, Manifest
from taskflow.plugin_api.protocols import (
    Embedder,
    LLMProvider,
    ModelLibrary,
    NotificationChannel,
    Prioritiser,
    Scorer,
)
from taskflow.plugin_host.context import HostContext, open_log
from taskflow.plugin_host.frames import HEADER, TooLong, encode, read_length
from taskflow.plugin_host.messages import LONGEST_NAME, MOST_OFFERS
from taskflow.plugin_host.redaction import Redactor, clean, redactor_of
from taskflow.plugin_host.state import Outbound

Answer: TypeAlias = dict[str, Any]

_HOOKS: tuple[tuple[str, Kind, type[Any]], ...] = (
    ("taskflow_llm_providers", Kind.LLM_PROVIDER, LLMProvider),
    ("taskflow_prioritisers", Kind.PRIORITISER, Prioritiser),
    ("taskflow_notification_channels", Kind.NOTIFICATION_CHANNEL, NotificationChannel),
)
_METHODS: dict[Kind, tuple[tuple[str, type[Any]], ...]] = {
    Kind.LLM_PROVIDER: (
        ("complete", LLMProvider),
        ("check", LLMProvider),
        ("score", Scorer),
        ("embed", Embedder),
        ("models", ModelLibrary),
        ("pull", ModelLibrary),
    ),
    Kind.PRIORITISER: (("prioritise", Prioritiser),),
    Kind.NOTIFICATION_CHANNEL: (("send", NotificationChannel), ("check", NotificationChannel)),
}
_LONGEST_MESSAGE = 1_000
_LONGEST_TRACE = 8_000
_LONGEST_LINE = 2_000
#: Seconds between two looks whether the parent is still there.
_WATCH_EVERY = 1.0
#: Seconds that an error may ask to wait for: ten years are a slip.
_LONGEST_WAIT = 10 * 365 * 86_400.0
#: Seconds that a plugin's own closing may take.
_FAREWELL = 0.1
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


class Misfit(Exception):
    """What the plugin made is not what the contract wants; the message says which and how."""


def main() -> None:
    """Serves until the parent says so or is gone; ends without waiting for what the plugin left behind."""
    _hold_on(int(sys.argv[2]))
    _give_memory_first()
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True, name="parent-watch").start()
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        asyncio.run(_serve(connection))
    os._exit(0)


def _hold_on(lifeline: int) -> None:
    """Has the kernel end this process (SIGIO) once nobody holds the other end of a pipe.

    That is so once the parent is gone, whatever a plugin does, C code that lets no other thread run included.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _give_memory_first() -> None:
    """Where memory runs out Linux ends a plugin before the instance."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _follow(parent: int) -> None:
    """Ends the process with its parent, even where the event loop is blocked and sees no end of the socket."""
    while os.getppid() == parent:
        time.sleep(_WATCH_EVERY)
    os._exit(1)


async def _serve(connection: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=connection)
    first = await _receive(reader)
    if first is None:
        return
    server = _Server(writer, redactor_of(first["config"], first["secrets"]))
    if server.load(first):
        await server.serve(reader)


async def _receive(reader: asyncio.StreamReader) -> Answer | None:
    try:
        length = read_length(await reader.readexactly(HEADER.size))
        message = json.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return message if isinstance(message, dict) else None


class _Server:
    """One plugin's objects, and the calls to them that run."""

    def __init__(self, writer: asyncio.StreamWriter, redact: Redactor) -> None:
        self._writer, self._redact = writer, redact
        self._objects: dict[tuple[str, str], Any] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._cancelled: set[int] = set()
        self._stop: Callable[[], object] = lambda: None
        self._user_config: Any = None
        self._context: HostContext | None = None
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()

    def load(self, first: Mapping[str, Any]) -> bool:
        """Imports the plugin and calls its hooks; whether it can serve."""
        stage = f"Importing {first['module']}"
        try:
            module = importlib.import_module(first["module"])
            stage = "Reading its settings"
            manifest: Manifest = module.manifest
            config = manifest.config.model_validate(first["config"])
            self._user_config = manifest.user_config
            log = open_log(first["slug"], self._send_log)
            context = HostContext(first["slug"], config, Outbound(**first["outbound"]), log)
            self._context = context
            manager = pluggy.PluginManager(hooks.PROJECT)
            manager.add_hookspecs(hooks)
            manager.register(module)
            for hook, kind, protocol in _HOOKS:
                stage = hook
                for made in getattr(manager.hook, hook)(ctx=context):
                    self._keep(kind, _check_made(hook, made, protocol))
            self._stop = lambda: manager.hook.taskflow_stop(ctx=context)
        # SystemExit and KeyboardInterrupt too: the plugin is told of, not obeyed.
        except BaseException as error:
            self._send({"error": self._describe(error, "bug", f"{stage} raised ")})
            return False
        self._send({"offers": [self._offer(kind, name) for kind, name in self._objects]})
        return True

    def _keep(self, kind: Kind, made: Sequence[Any]) -> None:
        for each in made:
            if len(self._objects) >= MOST_OFFERS:
                raise Misfit(f"It offers more than {MOST_OFFERS} objects.")
            if (kind.value, each.name) in self._objects:
                raise Misfit(f"It offers two objects of kind {kind.value} with the name {each.name!r}.")
            self._objects[kind.value, each.name] = each

    def _offer(self, kind: str, name: str) -> dict[str, Any]:
        held = self._objects[kind, name]
        can = [method for method, protocol in _METHODS[Kind(kind)] if isinstance(held, protocol)]
        return {"kind": kind, "name": name, "can": can}

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answers requests until the parent says stop, or is gone."""
        while (message := await _receive(reader)) is not None and "stop" not in message:
            if "cancel" in message:
                self._cancel(int(message["cancel"]))
            else:
                task = asyncio.create_task(self._run(message))
                self._running[message["id"]] = task
                task.add_done_callback(lambda ended, key=message["id"]: self._forget(key, ended))  # type: ignore[misc]
        await self._close()

    def _cancel(self, key: int) -> None:
        task = self._running.get(key)
        if task is not None:
            self._cancelled.add(key)
            task.cancel()

    def _forget(self, key: int, ended: "asyncio.Task[None]") -> None:
        self._running.pop(key, None)
        if ended.cancelled() and key in self._cancelled:
            # Given up before its first step: it never came to say so itself, and the parent waits for it.
            self._cancelled.discard(key)
            self._send({"id": key, "cancelled": True})

    async def _close(self) -> None:
        try:
            self._stop()
            # What it scheduled for its end.
            await asyncio.sleep(_FAREWELL)
            if self._context is not None:
                await self._context.close()
        except BaseException as error:
            sys.stderr.write(self._redact(f"taskflow_stop raised {type(error).__name__}: {error}\n"))

    async def _run(self, message: Mapping[str, Any]) -> None:
        key = message["id"]
        try:
            answer = await self._call(message["kind"], message["name"], message["method"], message["payload"])
            # The parent does so too, but does not know which settings of a person are secret.
            self._send({"id": key, "result": clean(answer, self._redact)})
        except TooLong as error:
            self._send({"id": key, "error": {"kind": "permanent", "message": f"It answered with {error}."}})
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and key in self._cancelled:
                self._send({"id": key, "cancelled": True})
            else:
                self._send({"id": key, "error": self._describe(error, _kind_of(error))})
        finally:
            self._cancelled.discard(key)

    async def _call(self, kind: str, name: str, method: str, payload: Mapping[str, Any]) -> Any:
        held = self._objects.get((kind, name))
        if held is None:
            raise PermanentError(f"It offers no {kind} named {name!r}.")
        arguments = self._read_arguments(method, payload)
        return _ANY.dump_python(await getattr(held, method)(*arguments), mode="json")

    def _read_arguments(self, method: str, payload: Mapping[str, Any]) -> list[Any]:
        match method:
            case "complete":
                return [CompletionRequest.model_validate(payload["request"])]
            case "score":
                return [CompletionRequest.model_validate(payload["request"]), payload["choices"]]
            case "embed":
                return [payload["texts"]]
            case "pull":
                return [payload["model"]]
            case "prioritise":
                return [PriorityRequest.model_validate(payload["request"])]
            case "send":
                return [Message.model_validate(payload["message"]), self._read_recipient(payload["recipient"])]
        return []

    def _read_recipient(self, given: dict[str, Any]) -> Recipient:
        settings = given.get("settings")
        if self._user_config is not None:
            personal = self._user_config.model_validate(settings or {})
            self._redact = self._redact.extended(
                value.get_secret_value() for _, value in personal if isinstance(value, SecretStr)
            )
            given = given | {"settings": personal}
        return Recipient.model_validate(given)

    def _describe(self, error: BaseException, kind: str, prefix: str = "") -> Answer:
        """An error as it is sent: what happened, where in the plugin, without secrets."""
        known = isinstance(error, AuthError | TransientError | PermanentError | Misfit)
        text = _text_of(error)
        shown = text if known and text else f"{prefix}{type(error).__name__}{f': {text}' if text else ''}"
        frames = traceback.extract_tb(error.__traceback__)
        trace = "".join(traceback.format_exception(error)) if not isinstance(error, ValidationError) else shown
        return {
            "kind": kind,
            "message": self._redact(shown)[:_LONGEST_MESSAGE],
            "retry_after": _retry_after(error),
            "trace": self._redact(trace)[-_LONGEST_TRACE:],
            "where": f"{type(error).__name__} {frames[-1].filename}:{frames[-1].lineno}" if frames else "",
        }

    def _send_log(self, level: int, text: str) -> None:
        self._send({"log": [level, self._redact(text)[:_LONGEST_LINE]]})

    def _send(self, message: Answer) -> None:
        frame = encode(message)
        if threading.get_ident() == self._thread:
            self._write(frame)
        else:
            # A thread of the plugin's that logs, perhaps when all is over.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._write, frame)

    def _write(self, frame: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(frame)


def _check_made(hook: str, made: Any, protocol: type[Any]) -> Sequence[Any]:
    if not isinstance(made, list | tuple):
        raise Misfit(f"{hook} must return a list; it returned a {type(made).__name__}.")
    for each in made:
        named = type(each).__name__
        if not isinstance(each, protocol):
            raise Misfit(f"{hook} returned a {named}, which is no {protocol.__name__}: a method is missing.")
        if not isinstance(each.name, str) or not 0 < len(each.name) <= LONGEST_NAME:
            raise Misfit(f"{hook} returned a {named} whose name is no text of 1 to {LONGEST_NAME} characters.")
    return made


def _kind_of(error: BaseException) -> str:
    match error:
        case AuthError():
            return "auth"
        case TransientError():
            return "transient"
        case PermanentError():
            return "permanent"
    return "bug"


def _text_of(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        return _without_values(error)
    try:
        return str(error).strip()
    except Exception as second:
        return f"(its text raised {type(second).__name__})"


def _retry_after(error: BaseException) -> float | None:
    """Seconds, where the error names some that can be waited for."""
    given: object = getattr(error, "retry_after", None)
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if 0 <= given < _LONGEST_WAIT else None


def _without_values(error: ValidationError) -> str:
    """What does not fit and where; what was given there may be a secret."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in found[:5])


if __name__ == "__main__":
    main()
