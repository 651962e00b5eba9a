"""Events reach a real RabbitMQ, and nothing is called published that the broker has not confirmed."""

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from taskflow.gateway import publishing as publishing_module
from tests.bootstrap.instances import wait_for
from tests.gateway.gateways import Gateway
from tests.gateway.relay import Relay

pytestmark = pytest.mark.once

ADDRESS = os.environ.get("TEST_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672/%2F")


@pytest.fixture(scope="module")
def channel() -> Iterator[BlockingChannel]:
    """The broker; skips where none answers, and fails in CI."""
    try:
        connection = pika.BlockingConnection(pika.URLParameters(ADDRESS))
    except (AMQPError, OSError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no RabbitMQ at {urlsplit(ADDRESS).hostname}: {type(error).__name__}")
    yield connection.channel()
    connection.close()


@pytest.fixture(scope="module")
def relay(channel: BlockingChannel) -> Iterator[Relay]:
    """Between gateway and broker."""
    parts = urlsplit(ADDRESS)
    made = Relay(parts.hostname or "127.0.0.1", parts.port or 5672)
    yield made
    made.close()


@pytest.fixture(scope="module")
def publishing(relay: Relay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    parts = urlsplit(ADDRESS)
    account = f"{parts.username}:{parts.password}"
    address = parts._replace(netloc=f"{account}@127.0.0.1:{relay.port}").geturl()
    made = Gateway(tmp_path_factory.mktemp("site"), broker=address)
    yield made
    made.close()


@pytest.fixture
def queue(channel: BlockingChannel, publishing: Gateway) -> str:
    """A queue that gets this test's events, by their type."""
    channel.exchange_declare("taskflow.events", exchange_type="topic", durable=True)
    name: str = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(name, "taskflow.events", routing_key=f"{kind_of(name)}.#")
    return name


def kind_of(queue: str) -> str:
    """The types that only one test's events have."""
    return f"taskflow.test-{queue}"


def event(queue: str, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/taskflow",
        "type": f"{kind_of(queue)}.created",
        "data": {"title": "Grüße"},
        **more,
    }


def take(channel: BlockingChannel, queue: str, count: int) -> list[Any]:
    """So many messages, as (routing key, properties, body)."""
    taken: list[Any] = []
    ends = time.monotonic() + 10
    while len(taken) < count and time.monotonic() < ends:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            time.sleep(0.02)
        else:
            taken.append((method.routing_key, properties, body))
    return taken


def test_one_event_and_a_list_arrive_in_order_as_durable_messages(
    channel: BlockingChannel, publishing: Gateway, queue: str
) -> None:
    events = [event(queue, subject=str(number)) for number in range(20)]
    assert publishing.client.post("/events", json=events[0]).status_code == 202
    answer = publishing.client.post("/events", json=events[1:])
    assert (answer.status_code, answer.json()) == (202, {"published": 19})
    taken = take(channel, queue, 20)
    assert [properties.message_id for _, properties, _ in taken] == [each["id"] for each in events]
    key, properties, body = taken[0]
    assert key == events[0]["type"]
    assert (properties.delivery_mode, properties.content_type) == (2, "application/cloudevents+json")
    assert "Grüße" in body.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "ü" * 200}, "id"),
        ({"type": 5}, "type"),
        ({"specversion": "0.3"}, "specversion"),
        ({"source": None}, "source"),
        ({"data": "\ud800"}, "event"),
        ({"fooBar": 1}, "event"),
        ({"\ud800": 1}, "event"),
        ({"subject": {"a": 1}}, "subject"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-11-24T09:00:00"}, "time"),
        ({"data_base64": "QQ=="}, "data_base64"),
    ],
)
def test_what_is_no_cloudevent_is_400_and_nothing_of_the_list_is_published(
    channel: BlockingChannel, publishing: Gateway, queue: str, change: dict[str, Any], field: str
) -> None:
    body = json.dumps([event(queue), event(queue) | change])
    refused = publishing.client.post("/events", content=body)
    assert refused.status_code == 400
    assert (refused.json()["errors"][0]["field"], refused.json()["errors"][0]["index"]) == (field, 1)
    time.sleep(0.2)
    assert channel.basic_get(queue)[0] is None


def test_what_only_python_takes_for_json_is_not_published(publishing: Gateway, queue: str) -> None:
    refused = publishing.client.post("/events", content=json.dumps(event(queue, data=float("nan"))))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    # No number of Python's either: it would be written as Infinity.
    large = json.dumps(event(queue, data="large")).replace('"large"', "1e999")
    refused = publishing.client.post("/events", content=large)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_what_the_standard_allows_is_published(channel: BlockingChannel, publishing: Gateway, queue: str) -> None:
    more = {"time": "2026-11-24T09:00:00.5+01:00", "subject": "🎉", "comexampleflag": True, "retries": 3, "gone": None}
    assert publishing.client.post("/events", json=event(queue, **more)).status_code == 202
    ((_, _, body),) = take(channel, queue, 1)
    assert json.loads(body).items() >= more.items()


def test_an_event_that_a_full_queue_refuses_is_named_and_not_tried_again(
    channel: BlockingChannel, publishing: Gateway, queue: str
) -> None:
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    full: str = channel.queue_declare("", exclusive=True, arguments=limits).method.queue
    channel.queue_bind(full, "taskflow.events", routing_key=f"{kind_of(queue)}.full")
    events = [event(queue, type=f"{kind_of(queue)}.full") for _ in range(2)]
    refused = publishing.client.post("/events", json=events)
    assert (refused.status_code, refused.json()["code"]) == (503, "broker_refused")
    assert "full" in refused.json()["detail"]
    # The other queue got each of them once.
    time.sleep(0.2)
    assert channel.queue_declare(queue, passive=True).method.message_count == 2


def test_a_server_that_is_no_broker_is_told_as_one_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing_module, "CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        publisher = publishing_module.Publisher(f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/%2F")
        with pytest.raises(publishing_module.NotPublished) as refused:
            publisher.publish([publishing_module.Outgoing("a.type", "1", b"{}")])
        publisher.close()
    assert refused.value.code == "broker_down"


def test_a_connection_that_was_cut_is_opened_anew(
    channel: BlockingChannel, publishing: Gateway, relay: Relay, queue: str
) -> None:
    assert publishing.client.post("/events", json=event(queue)).status_code == 202
    relay.cut()
    events = [event(queue), event(queue)]
    assert publishing.client.post("/events", json=events).status_code == 202
    taken = take(channel, queue, 3)
    assert {properties.message_id for _, properties, _ in taken} >= {each["id"] for each in events}


def test_a_broker_that_goes_silent_is_503_in_time_and_used_again_when_it_is_back(
    channel: BlockingChannel, publishing: Gateway, relay: Relay, queue: str
) -> None:
    assert publishing.client.post("/events", json=event(queue)).status_code == 202
    relay.silence()
    began = time.monotonic()
    refused = publishing.client.post("/events", json=event(queue))
    assert refused.status_code == 503
    assert refused.json()["code"] in {"broker_slow", "broker_down"}
    assert time.monotonic() - began < 10
    relay.resume()
    wait_for(lambda: publishing.client.post("/events", json=event(queue)).status_code == 202, 20)


def test_a_broker_that_is_not_there_is_503_within_its_limit(tmp_path: Path) -> None:
    made = Gateway(tmp_path, broker="amqp://guest:planted-secret@127.0.0.1:9/%2F")
    try:
        began = time.monotonic()
        refused = made.client.post("/events", json=event("x"))
        assert (refused.status_code, refused.json()["code"]) == (503, "broker_down")
        assert time.monotonic() - began < 8
        assert "planted" not in refused.text
        assert httpx.Headers(refused.headers)["retry-after"]
    finally:
        made.close()
