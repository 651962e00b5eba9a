"""Who may speak to the gateway, how it is configured, what else it answers; and what its process holds."""

import http.client
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.gateway.gateways import TOKEN, Gateway, describe

pytestmark = pytest.mark.once

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/suggest-priority"),
        ("POST", "/suggest-priority/batch"),
        ("GET", "/providers"),
        ("POST", "/providers/model/check"),
        ("POST", "/providers/model/embed"),
        ("GET", "/providers/model/models"),
        ("POST", "/providers/model/pull"),
        ("PUT", "/config"),
        ("POST", "/events"),
        ("GET", "/metrics"),
    ],
)
@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_nothing_is_answered_without_the_token(gateway: Gateway, method: str, path: str, header: str) -> None:
    refused = gateway.client.request(method, path, json={}, headers={"Authorization": header})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


def test_a_question_for_a_newer_configuration_is_409_until_that_is_sent(gateway: Gateway, site: Path) -> None:
    assert gateway.ask("Pay", generation=1).status_code == 200
    stale = gateway.ask("Pay", generation=2)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_config")
    gateway.configure(describe(site, trusted=True), generation=2)
    assert gateway.ask("Pay", generation=2).status_code == 200
    # One that was asked for a moment before the change is not held up by it.
    assert gateway.ask("Pay", generation=1).status_code == 200


def test_a_restored_core_may_send_a_lower_generation(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True), generation=900)
    gateway.configure(describe(site, trusted=True, scores=False), generation=3)
    assert gateway.ask("Pay", generation=3).json()["method"] == "json"
    assert gateway.ask("Pay", generation=4).status_code == 409


def test_without_a_configuration_or_a_provider_it_says_so(site: Path) -> None:
    made = Gateway(site)
    try:
        assert made.ask("Pay").json()["code"] == "stale_config"
        assert made.client.get("/readyz").json()["checks"]["config"] == "none was sent yet"
        made.configure()
        refused = made.ask("Pay")
        assert (refused.status_code, refused.json()["code"]) == (503, "no_provider")
        assert refused.headers["retry-after"]
    finally:
        made.close()


def test_providers_are_listed_checked_and_asked_for_vectors_and_models(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True), describe(site, "other"), generation=7, model="large")
    listed = gateway.client.get("/providers").json()
    assert (listed["generation"], listed["active"], listed["model"]) == (7, "model", "large")
    assert [(found["slug"], found["leaves"]) for found in listed["results"]] == [("model", False), ("other", True)]
    assert gateway.ask("Pay").json()["model"] == "large"
    checked = gateway.client.post("/providers/other/check").json()
    assert (checked["ok"], checked["sample"], checked["tokens_per_second"]) == (True, "pong", 12.5)
    vectors = gateway.client.post("/providers/model/embed", json={"texts": ["a", "abc"]}).json()
    assert vectors["vectors"] == [[1.0, 1.0], [3.0, 1.0]]
    models = gateway.client.get("/providers/model/models").json()["results"]
    assert models == [{"name": "tiny", "size_bytes": 9}]
    pulls = [gateway.client.post("/providers/model/pull", json={"model": "new"}).json() for _ in range(3)]
    assert [pull["state"] for pull in pulls] == ["running", "running", "done"]
    unknown = gateway.client.post("/providers/nothing/check")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
def test_a_body_that_is_not_said_to_be_json_is_told_so(gateway: Gateway, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    refused = gateway.client.post("/suggest-priority", content=b'{"task": {"title": "Pay"}}', headers=headers)
    assert refused.status_code == 400
    (error,) = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("body", "content_type")
    assert "Content-Type: application/json" in error["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "task"),
        ({"task": {}}, "task.title"),
        ({"task": {"title": ""}}, "task.title"),
        ({"task": {"title": "x" * 501}}, "task.title"),
        ({"task": {"title": "x", "due_date": "soon"}}, "task.due_date"),
        ({"task": {"title": "x", "due_at": "2026-11-24T09:00:00"}}, "task.due_at"),
        ({"task": {"title": "x"}, "deadline_ms": 0}, "deadline_ms"),
        ({"task": {"title": "x"}, "deadline_ms": 10**9}, "deadline_ms"),
        ({"task": {"title": "x"}, "speed": 1}, "speed"),
        ({"task": {"title": "x"}, "context": {"now": "0001-01-01T00:00:00+14:00"}}, "context.now"),
        ({"task": {"title": "x"}, "context": {"now": "9999-12-31T23:59:59-12:00"}}, "context.now"),
        (
            {"task": {"title": "x"}, "context": {"examples": [{"title": "a", "priority": "none"}]}},
            "context.examples.0.priority",
        ),
    ],
)
def test_bad_input_is_400_and_names_the_field(gateway: Gateway, body: dict[str, Any], field: str) -> None:
    refused = gateway.client.post("/suggest-priority", json=body)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"][0]["field"] == field


def test_a_body_that_is_no_json_is_400(gateway: Gateway) -> None:
    for content in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        refused = gateway.client.post("/suggest-priority", content=content)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
        assert refused.headers["content-type"] == "application/problem+json"
    stated = {"Content-Type": "application/json"}
    assert gateway.client.post("/suggest-priority", content=b"{", headers=stated).json()["errors"][0]["field"] == "body"
    deep = gateway.client.post("/suggest-priority", content=b"[" * 100_000, headers=stated)
    assert (deep.status_code, deep.json()["code"]) == (400, "invalid")


def test_a_strangers_body_is_not_even_read(gateway: Gateway) -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer wrong"}
    for content in (b"{", b"[" * 5_000_000):
        refused = gateway.client.post("/suggest-priority", content=content, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nothing", 404, "not_found"), ("GET", "/suggest-priority", 405, "method_not_allowed")],
)
def test_what_is_not_there_is_a_problem_too(gateway: Gateway, method: str, path: str, status: int, code: str) -> None:
    refused = gateway.client.request(method, path)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_413(gateway: Gateway, announced: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    if announced:
        connection.putrequest("POST", "/suggest-priority")
        for name, value in {**headers, "Content-Length": str(11_000_000)}.items():
            connection.putheader(name, value)
        connection.endheaders()
    else:
        chunks = (b"x" * MB for _ in range(11))
        connection.request("POST", "/suggest-priority", body=chunks, headers=headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_time_zones_that_are_none_do_no_harm(gateway: Gateway) -> None:
    refused = gateway.ask("Pay", context={"timezone": "Mars/Olympus"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "context.timezone")


def test_health_metrics_and_openapi(gateway: Gateway) -> None:
    gateway.ask("Pay")
    gateway.ask("refuse")
    anonymous = httpx.Client(base_url=gateway.client.base_url)
    assert anonymous.get("/healthz").json() == {"status": "ok"}
    assert anonymous.get("/readyz").json()["checks"]["config"] == "ok"
    metrics = gateway.client.get("/metrics").text
    assert 'taskflow_gateway_answer_seconds_count{cached="false",provider="model"}' in metrics
    assert 'taskflow_gateway_failures_total{kind="permanent",provider="model"}' in metrics
    document = anonymous.get("/openapi.json").json()
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert document["openapi"].startswith("3.1")
    assert {"/suggest-priority", "/suggest-priority/batch", "/providers", "/config", "/events"} <= set(
        document["paths"]
    )
    anonymous.close()


def test_answers_are_what_the_openapi_document_says(gateway: Gateway, site: Path) -> None:
    document = gateway.client.get("/openapi.json").json()

    def check(answer: httpx.Response, path: str) -> None:
        stated = document["paths"][path][answer.request.method.lower()]["responses"]
        found = stated.get(str(answer.status_code), stated["default"])["content"]
        kind = answer.headers["content-type"].partition(";")[0]
        schema = found[kind]["schema"] | {"components": document["components"]}
        jsonschema.validate(answer.text if kind == "text/plain" else answer.json(), schema)

    client, question = gateway.client, {"task": {"title": "Pay"}}
    check(client.post("/suggest-priority", json=question), "/suggest-priority")
    check(client.post("/suggest-priority", json={}), "/suggest-priority")
    check(client.post("/suggest-priority", json=question | {"generation": 99}), "/suggest-priority")
    batch = {"items": [question, {"task": {"title": "refuse"}}]}
    check(client.post("/suggest-priority/batch", json=batch), "/suggest-priority/batch")
    for path, body in (("check", None), ("embed", {"texts": ["a"]}), ("pull", {"model": "new"})):
        check(client.post(f"/providers/model/{path}", json=body), f"/providers/{{slug}}/{path}")
    check(client.get("/providers/model/models"), "/providers/{slug}/models")
    for path in ("/providers", "/metrics", "/healthz", "/readyz"):
        check(client.get(path), path)
    check(client.post("/events", json={}), "/events")
    check(client.post("/events", json={"specversion": "1.0", "id": "1", "source": "/", "type": "x"}), "/events")
    assert "422" not in str(document["paths"])
    assert "application/cloudevents+json" in document["paths"]["/events"]["post"]["requestBody"]["content"]


def test_no_events_without_a_broker(gateway: Gateway) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/", "type": "taskflow.task.created"}
    refused = gateway.client.post("/events", json=event)
    assert (refused.status_code, refused.json()["code"]) == (503, "no_broker")


def test_a_running_one_has_imported_no_django_and_has_little_memory(site: Path, tmp_path: Path) -> None:
    imports = tmp_path / "imports"
    made = Gateway(site, imports=imports)
    try:
        made.configure(describe(site, trusted=False))
        for title in ("Pay", "refuse", "Write to ann@example.org"):
            made.ask(title)
        made.client.post("/providers/model/embed", json={"texts": ["a"]})
        made.client.post("/events", json={})
        maps = Path(f"/proc/{made.process.pid}/smaps_rollup").read_text()
    finally:
        made.close()
    lines = [line.rpartition("|")[2].strip() for line in imports.read_text().splitlines() if "import time:" in line]
    assert {"fastapi", "taskflow.gateway.app", "taskflow.domain.prompts"} <= set(lines)
    barred = {"django", "rest_framework", "numpy", "psycopg", "sqlite3"}
    assert not [name for name in lines if name.partition(".")[0] in barred]
    above = ("taskflow.store", "taskflow.application", "taskflow.learning", "taskflow.interfaces")
    assert not [name for name in lines if name.startswith(above)]
    pss = next(int(line.split()[1]) for line in maps.splitlines() if line.startswith("Pss:"))
    assert pss < 120 * 1024, f"{pss} kB"


def test_it_is_started_by_command_with_nothing_of_the_core_in_its_environment(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("taskflow")), "gateway", "--port", "18199", "--json"]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
    refused = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=30)
    assert (refused.returncode, "TASKFLOW_GATEWAY_TOKEN" in refused.stderr, '"host"' in refused.stdout) == (
        1,
        True,
        False,
    )
    with socket.create_server(("127.0.0.1", 18199)):
        taken = subprocess.run(
            command, env=bare | {"TASKFLOW_GATEWAY_TOKEN": TOKEN}, capture_output=True, text=True, timeout=30
        )
        assert (taken.returncode, '"host"' in taken.stdout) == (1, False)
        assert "Port 18199 is in use by another program" in taken.stderr
    secret = "postgres://user:planted-secret-7@db.example.org/x"
    environment = bare | {
        "TASKFLOW_GATEWAY_TOKEN": TOKEN,
        "TASKFLOW_DATABASE_URL": secret,
        "TASKFLOW_SECRET_KEY": "planted-secret-8" * 3,
        "TASKFLOW_DATA_DIR": str(tmp_path),
        "PGPASSWORD": "planted-secret-9",
    }
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"host": "127.0.0.1", "port": 18199}
        client = httpx.Client(base_url="http://127.0.0.1:18199", transport=httpx.HTTPTransport(retries=50))
        _wait(client)
        seen = Path(f"/proc/{process.pid}/environ").read_bytes() + Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert b"planted-secret" not in seen
        assert TOKEN.encode() not in seen
        assert b"TASKFLOW_" not in seen
        assert not list(tmp_path.iterdir())
        client.close()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _wait(client: httpx.Client) -> None:
    from tests.bootstrap.instances import wait_for

    def answers() -> bool:
        try:
            return client.get("/healthz").is_success
        except httpx.TransportError:
            return False

    wait_for(answers, 20)
