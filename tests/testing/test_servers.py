"""The fake servers answer like the real ones, fail as they are told, and leave nothing behind."""

import smtplib
import socket
import threading
import time
from email.message import EmailMessage

import httpx
import pytest

from taskflow.testing.servers import Answer, FakeHTTP, FakeOllama, FakeOpenAI, FakeServer, FakeSMTP, Fault, Request

pytest_plugins = ["taskflow.testing.plugin"]
ASK = {"model": "fake-model", "messages": [{"role": "user", "content": "How urgent?"}]}


def test_chat_completions_answer_in_openais_form(fake_openai: FakeOpenAI) -> None:
    answer = httpx.post(f"{fake_openai.url}/chat/completions", json=ASK, headers={"Authorization": "Bearer k"}).json()
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "How urgent?"}
    assert answer["usage"] == {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    assert [model["id"] for model in httpx.get(f"{fake_openai.url}/models").json()["data"]] == [fake_openai.model]
    asked = fake_openai.requests[0]
    assert (asked.method, asked.path, asked.headers["authorization"]) == ("POST", "/v1/chat/completions", "Bearer k")
    assert asked.json() == ASK


def test_chat_completions_stream(fake_openai: FakeOpenAI) -> None:
    text = httpx.post(f"{fake_openai.url}/chat/completions", json=ASK | {"stream": True}).text
    assert text.startswith('data: {"id"')
    assert '"content": "How"' in text
    assert text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("wrong", [{}, {"model": "m", "messages": []}, {"messages": ASK["messages"]}, "text"])
def test_what_the_real_one_refuses_is_refused(fake_openai: FakeOpenAI, wrong: object) -> None:
    answer = httpx.post(f"{fake_openai.url}/chat/completions", json=wrong)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert httpx.get(f"{fake_openai.url}/nothing").status_code == 404


def test_ollama_streams_unless_told_otherwise(fake_ollama: FakeOllama) -> None:
    lines = httpx.post(f"{fake_ollama.url}/api/chat", json=ASK).text.splitlines()
    assert (len(lines), '"done": true' in lines[-1]) == (3, True)
    whole = httpx.post(f"{fake_ollama.url}/api/chat", json=ASK | {"stream": False}).json()
    assert (whole["message"]["content"], whole["done_reason"]) == ("How urgent?", "stop")
    assert "version" in httpx.get(f"{fake_ollama.url}/api/version").json()
    assert httpx.get(f"{fake_ollama.url}/api/tags").json()["models"][0]["name"] == fake_ollama.model


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.UNAUTHORISED, 401),
        (Fault.FORBIDDEN, 403),
        (Fault.NOT_FOUND, 404),
        (Fault.TOO_MANY, 429),
        (Fault.SERVER_ERROR, 500),
    ],
)
def test_refusals_have_their_status_and_repeat_the_key(fake_http: FakeHTTP, fault: Fault, status: int) -> None:
    fake_http.fault = fault
    answer = httpx.get(fake_http.url, headers={"Authorization": "Bearer sk-1"})
    assert answer.status_code == status
    assert "sk-1" in answer.text
    assert answer.headers.get("retry-after") == ("7" if fault is Fault.TOO_MANY else None)


def test_bodies_that_mean_nothing(fake_http: FakeHTTP) -> None:
    fake_http.fault = Fault.GARBAGE
    with pytest.raises(ValueError, match="Expecting value"):
        httpx.get(fake_http.url).json()
    fake_http.fault, fake_http.wrong_json = Fault.WRONG_JSON, [1]
    assert httpx.get(fake_http.url).json() == [1]
    fake_http.fault = Fault.TEN_MEGABYTES
    assert len(httpx.get(fake_http.url, timeout=20).content) > 10_000_000


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.CUT])
def test_a_connection_that_ends_too_early(fake_http: FakeHTTP, fault: Fault) -> None:
    fake_http.fault = fault
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(fake_http.url)
    fake_http.fault = None
    assert httpx.get(fake_http.url).json() == {}


def test_hanging_and_dripping_last_longer_than_a_client_waits(fake_http: FakeHTTP) -> None:
    fake_http.fault = Fault.HANG
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(fake_http.url, timeout=0.2)
    fake_http.fault = Fault.DRIP
    began = time.monotonic()
    with httpx.stream("GET", fake_http.url, timeout=0.5) as answer:
        for _ in answer.iter_raw():
            if time.monotonic() - began > 1:
                break
    assert time.monotonic() - began > 1


def test_an_answer_is_what_a_subclass_says() -> None:
    class Rooms(FakeHTTP):
        def answer(self, request: Request) -> Answer:
            return Answer({"room": request.path}, 201, {"X-Room": "home"})

    with Rooms() as server, httpx.Client() as client:
        answers = [client.post(f"{server.url}/{name}", content=iter([b"a", b"bc"])) for name in "xy"]
    assert [(answer.status_code, answer.json(), answer.headers["x-room"]) for answer in answers] == [
        (201, {"room": "/x"}, "home"),
        (201, {"room": "/y"}, "home"),
    ]
    assert [request.body for request in server.requests] == [b"abc", b"abc"]


def test_what_is_no_http_ends_the_connection(fake_http: FakeHTTP) -> None:
    with socket.create_connection((fake_http.host, fake_http.port), timeout=5) as client:
        client.sendall(b"\x16\x03\x01\r\n\r\n")
        assert client.recv(10) == b""


@pytest.mark.parametrize("kind", [FakeHTTP, FakeOpenAI, FakeOllama, FakeSMTP])
def test_a_stopped_server_refuses_and_leaves_no_thread(kind: type[FakeServer]) -> None:
    before = threading.active_count()
    with kind() as server, socket.create_connection((server.host, server.port)):
        server.stop()
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port))
    assert threading.active_count() == before


def mail(subject: str = "Grüße") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "tasks@example.org", "ada@example.org"
    message.set_content("Hello\n.\n..dots\n")
    return message


def test_a_mail_is_taken_with_its_envelope(fake_smtp: FakeSMTP) -> None:
    with smtplib.SMTP(fake_smtp.host, fake_smtp.port, timeout=5) as client:
        client.login("ada", "secret")
        client.send_message(mail())
        client.send_message(mail("Second"), to_addrs=["bob@example.org", "eve@example.org"])
    first, second = fake_smtp.messages
    assert (first.sender, first.recipients) == ("tasks@example.org", ("ada@example.org",))
    assert first.parsed()["Subject"] == "Grüße"
    assert first.parsed().get_content() == "Hello\r\n.\r\n..dots\r\n"
    assert second.recipients == ("bob@example.org", "eve@example.org")
    assert fake_smtp.logins == [("ada", "secret")]
    assert fake_smtp.commands[:2] == ["ehlo " + fake_smtp.commands[0].partition(" ")[2], "AUTH"]


@pytest.mark.parametrize("method", ["auth_plain", "auth_login"])
def test_both_ways_to_sign_in(fake_smtp: FakeSMTP, method: str) -> None:
    with smtplib.SMTP(fake_smtp.host, fake_smtp.port, timeout=5) as client:
        client.ehlo()
        client.user, client.password = "ada", "secret"
        client.auth(method.removeprefix("auth_").upper(), getattr(client, method))
    assert fake_smtp.logins == [("ada", "secret")]


def sign_in_and_send(server: FakeSMTP) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=1) as client:
        client.login("ada", "secret")
        client.send_message(mail())


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (Fault.UNAUTHORISED, smtplib.SMTPAuthenticationError, 535),
        (Fault.FORBIDDEN, smtplib.SMTPAuthenticationError, 534),
        (Fault.NOT_FOUND, smtplib.SMTPRecipientsRefused, 550),
        (Fault.TOO_MANY, smtplib.SMTPRecipientsRefused, 452),
        (Fault.SERVER_ERROR, smtplib.SMTPSenderRefused, 451),
        (Fault.CUT, smtplib.SMTPServerDisconnected, None),
        (Fault.CLOSE, smtplib.SMTPServerDisconnected, None),
        (Fault.GARBAGE, smtplib.SMTPException, None),
        (Fault.TEN_MEGABYTES, smtplib.SMTPException, None),
        (Fault.HANG, smtplib.SMTPServerDisconnected, None),
    ],
)
def test_mail_servers_fail(fake_smtp: FakeSMTP, fault: Fault, error: type[Exception], code: int | None) -> None:
    fake_smtp.fault = fault
    with pytest.raises(error) as caught:
        sign_in_and_send(fake_smtp)
    assert code is None or str(code) in str(caught.value)
    assert fake_smtp.messages == []


def test_head_is_answered_with_the_head_alone() -> None:
    with FakeHTTP() as server, httpx.Client() as client:
        server.fault = Fault.UNAUTHORISED
        answers = [client.request(method, server.url).status_code for method in ("HEAD", "GET", "HEAD")]
    assert answers == [401, 401, 401]
