"""A server on loopback that answers Chat Completions as a test tells it to, and the context that a host would give."""

import asyncio
import json
import logging
import math
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from taskflow.plugin_api import Live, PermanentError
from taskflow.plugin_host.outbound import GivenBy, Guard
from taskflow_llm_openai import taskflow_llm_providers, taskflow_stop
from taskflow_llm_openai.config import Config
from taskflow_llm_openai.provider import ChatCompletions

KEY = "sk-planted-4711"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Reply:
    """One answer of the server."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    #: Seconds before it.
    delay: float = 0.0
    #: The connection ends without an answer.
    hangs_up: bool = False


#: What to answer to a request's JSON.
Script: TypeAlias = Callable[[dict[str, Any]], Reply]
#: Makes a provider with these settings.
Make: TypeAlias = Callable[..., ChatCompletions]


def says(text: str | None, **choice: Any) -> Reply:
    """A proper answer."""
    message = {"role": "assistant", "content": text}
    body = {
        "id": "c1",
        "object": "chat.completion",
        "model": "small-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }
    return Reply(body=body)


def tells(*positions: dict[str, float], text: str = "high") -> Reply:
    """A proper answer with the alternatives of its tokens, by probability; the first of each position is the token."""
    content = []
    for alternatives in positions:
        listed = [{"token": token, "logprob": math.log(p), "bytes": None} for token, p in alternatives.items()]
        content.append({**listed[0], "top_logprobs": listed})
    return says(text, logprobs={"content": content, "refusal": None})


def refuses(status: int, message: str, **headers: str) -> Reply:
    """An error as OpenAI words it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"message": message, "type": "x", "code": None}}, named)


class Server:
    """Listens until it is stopped. `script` is asked for each answer; `requests` and `headers` are what came."""

    def __init__(self) -> None:
        self.script: Script = lambda request: says("ready")
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def answer(self, *replies: Reply) -> None:
        """These, one after the other; the last one again and again."""
        left = list(replies)
        self.script = lambda request: left.pop(0) if len(left) > 1 else left[0]

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: the second of two would wait 40 ms for the first one's acknowledgement.
        wbufsize = -1

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(request)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            server.paths.append(self.path)
            reply = server.script(request)
            time.sleep(reply.delay)
            if reply.hangs_up:
                self.close_connection = True
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    return Handler


class Clock:
    """Stands at `NOW`."""

    def now(self) -> datetime:
        return NOW


class Context:
    """What the host hands to hooks."""

    def __init__(self, *, offline: bool = False, **values: Any) -> None:
        self.config = Config.model_validate(values)
        self.log = logging.getLogger("plugin.llm_openai")
        self.clock = Clock()
        self._guard = Guard(offline=offline)

    @property
    def live(self) -> Live:
        raise PermanentError("not asked for")

    async def open_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        raise PermanentError("Chat Completions is HTTP")

    def http(self, timeout: float) -> Any:
        return self._guard.client(timeout=timeout, given_by=GivenBy.ADMINISTRATOR)


@asynccontextmanager
async def providers(server: Any) -> AsyncIterator[Make]:
    """Makes providers for the server at its `url`; what they opened is closed in the end."""
    contexts: list[Context] = []

    def make(**values: Any) -> ChatCompletions:
        settings: dict[str, Any] = {"base_url": server.url, "model": "small", "api_key": KEY, "max_retries": 0} | values
        contexts.append(Context(**settings))
        (made,) = taskflow_llm_providers(contexts[-1])
        assert isinstance(made, ChatCompletions)
        return made

    yield make
    for context in contexts:
        taskflow_stop(context)
        taskflow_stop(context)
    await asyncio.sleep(0.05)
