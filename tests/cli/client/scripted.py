"""A server that answers as a test says: for what no healthy instance does."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Scripted(ThreadingHTTPServer):
    """A server that answers as a test says, and notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.bodies: list[Any] = []
        self.queries: list[dict[str, str]] = []
        #: What the next requests of a path get: status, headers, body; None ends the connection without an answer.
        self.answers: dict[str, list[tuple[int, dict[str, str], str] | None]] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def say(self, path: str, status: int, document: object, **headers: str) -> None:
        kind = "application/problem+json" if status >= 400 else "application/json"
        self.answers.setdefault(path, []).append((status, {"Content-Type": kind, **headers}, json.dumps(document)))

    def hang_up(self, path: str) -> None:
        self.answers.setdefault(path, []).append(None)


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        address = urlsplit(self.path)
        path = address.path.removeprefix("/api/v1/")
        self.server.queries.append(dict(parse_qsl(address.query)))
        self.server.asked.append((self.command, path, self.headers.get("Idempotency-Key")))
        self.server.bodies.append(json.loads(body or b"null"))
        answer = self.server.answers[path].pop(0)
        if answer is None:
            self.close_connection = True
            return
        status, headers, text = answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - names of the standard library

    def log_message(self, *arguments: object) -> None:
        pass
