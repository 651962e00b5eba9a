"""What only a real server and a real socket show: bodies without an end, chunks, headers of any size."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.schemathesis.run import serve

MEGABYTE = 1024 * 1024


class Server:
    """A running instance, spoken to byte by byte."""

    def __init__(self, address: str, token: str) -> None:
        self.host, _, port = address.removeprefix("http://").partition(":")
        self.port = int(port)
        self.token = token

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=30)

    def head(self, method: str = "POST", path: str = "/api/v1/tasks", **headers: str) -> bytes:
        lines = {"Host": "localhost", "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        rest = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {path} HTTP/1.1\r\n{rest}\r\n".encode("latin-1")

    def ask(self, *parts: bytes) -> tuple[int, dict[str, str], bytes]:
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
            return read_answer(connection)


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and body of one answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += receive(connection)
        body = b"".join(re.findall(rb"[0-9a-f]+\r\n(.*?)\r\n", body, re.DOTALL))
    else:
        while len(body) < int(headers.get("content-length", 0)):
            body += receive(connection)
    return int(status.split()[1]), headers, body


def receive(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionError("the server closed before the end of its answer")
    return data


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as (address, token):
        yield Server(address, token)


def check(answer: tuple[int, dict[str, str], bytes], status: int, code: str) -> None:
    assert answer[0] == status, answer
    assert answer[1]["content-type"] == "application/problem+json"
    assert json.loads(answer[2])["code"] == code


def test_a_body_that_is_too_large_gets_an_answer_that_can_be_read(server: Server) -> None:
    size = 11 * MEGABYTE
    parts = [b"x" * MEGABYTE] * 11
    check(server.ask(server.head(Content_Length=str(size)), *parts), 413, "too_large")


def test_a_body_in_chunks_is_read(server: Server) -> None:
    parts = (chunk(b'{"title": '), chunk(b'"in chunks"}'), b"0\r\n\r\n")
    status, _, body = server.ask(server.head(Transfer_Encoding="chunked"), *parts)
    assert (status, json.loads(body)["title"]) == (201, "in chunks")


def test_a_body_in_chunks_is_no_way_around_the_limit(server: Server) -> None:
    parts = [chunk(b"x" * MEGABYTE)] * 11
    check(server.ask(server.head(Transfer_Encoding="chunked"), *parts, b"0\r\n\r\n"), 413, "too_large")


def test_many_endless_bodies_cost_little_memory(server: Server) -> None:
    before = memory(server)
    assert before > 20 * MEGABYTE
    for _ in range(5):
        with server.connect() as connection:
            connection.sendall(server.head(Transfer_Encoding="chunked"))
            try:
                for _ in range(100):
                    connection.sendall(chunk(b"x" * MEGABYTE))
            except OSError:
                continue
    assert memory(server) - before < 120 * MEGABYTE
    assert server.ask(server.head("GET", "/healthz"))[0] == 200


def memory(server: Server) -> int:
    """Bytes that the processes listening at the server's port hold for themselves."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            rollup = (process / "smaps_rollup").read_text()
        except OSError:
            continue
        if f"--port\0{server.port}".encode() in command:
            found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
            total += int(found[1]) * 1024 if found else 0
    return total


def test_length_and_chunks_together_smuggle_nothing(server: Server) -> None:
    head = server.head(Transfer_Encoding="chunked", Content_Length="5")
    smuggled = b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head + chunk(b'{"title": "one"}') + b"0\r\n\r\n")
        first = read_answer(connection)
        assert first[0] in {201, 400}
    with server.connect() as connection:
        connection.sendall(server.head(Content_Length="0") + smuggled)
        assert read_answer(connection)[0] == 400


@pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30, "+5", "0x10"])
def test_a_length_that_is_none_is_refused(server: Server, length: str) -> None:
    status, headers, _ = server.ask(server.head(Content_Length=length), b"{}" * 10)
    assert status in {400, 413}
    assert "html" not in headers.get("content-type", "")


def test_who_asks_before_sending_is_told_to_go_on(server: Server) -> None:
    body = b'{"title": "expected"}'
    with server.connect() as connection:
        connection.sendall(server.head(Content_Length=str(len(body)), Expect="100-continue"))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert read_answer(connection)[0] == 201


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/api/v1/tasks?q=" + "x" * 40_000, {400}),
        ("/api/v1/tasks?q=" + "x" * 300_000, {400, 414, 431}),
        ("/api/v1/" + "x" * 40_000, {404}),
        ("/api/v1/tasks/%00", {404}),
        ("/api/v1/tasks/%ff", {404}),
        ("/api/v1/tasks?q=%00", {400}),
        ("/api/v1/tasks?q=%ff", {200}),
        ("/api/v1/tasks?%", {400}),
        ("/api/v1/%2e%2e/%2e%2e/etc/passwd", {404}),
        ("/static/%00", {404}),
        ("/static/..%2f..%2fetc%2fpasswd", {404}),
        ("http://evil.example/api/v1/tasks", {200, 400, 404}),
        ("*", {400, 404}),
    ],
)
def test_any_address_gets_an_answer(server: Server, path: str, statuses: set[int]) -> None:
    status, headers, _ = server.ask(server.head("GET", path))
    assert status in statuses
    if path.startswith("/api/"):
        assert "html" not in headers.get("content-type", "")


def test_headers_of_any_size_get_an_answer(server: Server) -> None:
    status, headers, _ = server.ask(server.head("GET", X_Large="x" * 300_000))
    assert status in {400, 431}
    assert "html" not in headers.get("content-type", "")
    many = {f"X_{number}": "1" for number in range(2_000)}
    assert server.ask(server.head("GET", **many))[0] in {200, 400, 431}


@pytest.mark.parametrize("line", [b"GET /api/v1/tasks?q=\xff HTTP/1.1", b"GET  HTTP/1.1", b"\x16\x03\x01"])
def test_what_is_no_http_is_refused(server: Server, line: bytes) -> None:
    assert server.ask(line + b"\r\nHost: localhost\r\n\r\n")[0] == 400


@pytest.mark.parametrize("charset", ["base64", "utf-16", "undefined"])
def test_a_charset_that_is_none_ends_in_no_500(server: Server, charset: str) -> None:
    head = server.head("GET", "/api/v1/tasks?limit=1", Content_Type=f"application/json; charset={charset}")
    check(server.ask(head), 415, "unsupported_charset")


def test_headers_with_odd_bytes_are_only_bytes(server: Server) -> None:
    for name in (
        "If-Match",
        "Idempotency-Key",
        "Accept",
        "Prefer",
        "Cookie",
        "Accept-Language",
        "X-Forwarded-For",
        "Origin",
    ):
        status, _, _ = server.ask(server.head(**{name: "\xff\xfe;=,\"'", "Content_Length": "2"}), b"{}")
        assert 400 <= status < 500, name


def test_a_client_that_leaves_half_way_changes_nothing(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(server.head(Content_Length="1000") + b'{"title": "half')
    status, _, body = server.ask(server.head("GET", "/api/v1/tasks?q=half"))
    assert (status, json.loads(body)["results"]) == (200, [])
