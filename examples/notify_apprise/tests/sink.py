"""A server on this machine that takes what Apprise sends."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sink:
    """Takes each POST once `gate` is open, except at paths that `refusals` gives a status for; `taken` holds bodies."""

    def __init__(self) -> None:
        self.refusals: dict[str, int] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.taken: list[tuple[str, dict[str, Any]]] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                sink.gate.wait(10)
                refusal = sink.refusals.get(self.path.strip("/"))
                if refusal is None:
                    sink.taken.append((self.path, body))
                self.send_response(refusal or 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def url(self, path: str = "in") -> str:
        """Its address as Apprise has it, with a password."""
        return f"json://ada:a-secret-word@127.0.0.1:{self.port}/{path}"

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
