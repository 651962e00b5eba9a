"""What operators' tools ask."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from taskflow.application import ledger, ports
from taskflow.config import current_settings, load_settings, use_settings
from taskflow.store.models import PluginPause
from tests.conftest import FrozenClock
from tests.gateway.gateways import TOKEN, Gateway


@pytest.mark.django_db
def test_the_process_answers_and_readiness_wants_a_worker(clock: FrozenClock) -> None:
    client = Client()
    assert client.get("/healthz").status_code == 200
    unready = client.get("/readyz")
    assert unready.status_code == 503
    assert unready.json()["checks"]["job_loop"] != "ok"
    ledger.beat("w1", ports.now())
    assert client.get("/readyz").json()["status"] == "ok"
    clock.advance(seconds=60)
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_plugins_and_a_gateway_that_are_not_well_are_named_as_degraded(
    clock: FrozenClock, settings_of: Callable[..., None]
) -> None:
    client = Client()
    ledger.beat("w1", ports.now())
    PluginPause.objects.create(slug="model", capability="score", until=ports.now() + timedelta(minutes=1), reason="x")
    settings_of(GATEWAY_URL="http://127.0.0.1:9", GATEWAY_TOKEN="a" * 16)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["plugins"] == "degraded: model"
    assert answer.json()["checks"]["gateway"] == "degraded: ConnectError"


@pytest.mark.django_db
def test_a_gateway_with_another_token_is_degraded(
    clock: FrozenClock, settings_of: Callable[..., None], tmp_path: Path
) -> None:
    running = Gateway(tmp_path)
    try:
        address = f"http://127.0.0.1:{running.port}"
        ledger.beat("w1", ports.now())
        settings_of(GATEWAY_URL=address, GATEWAY_TOKEN=TOKEN)
        assert Client().get("/readyz").json()["checks"]["gateway"] == "ok"
        settings_of(GATEWAY_URL=address, GATEWAY_TOKEN="a" * 16)
        refused = Client().get("/readyz").json()
        assert refused["checks"]["gateway"] == "degraded: it refuses TASKFLOW_GATEWAY_TOKEN"
        assert refused["status"] == "degraded"
    finally:
        running.close()


@pytest.fixture
def settings_of() -> Iterator[Callable[..., None]]:
    """Sets variables of the environment, without their prefix, for one test."""
    before = current_settings()

    def set_variables(**variables: str) -> None:
        named = {f"TASKFLOW_{name}": value for name, value in variables.items()}
        use_settings(load_settings({"TASKFLOW_DATA_DIR": str(before.data_dir), **named}))

    yield set_variables
    use_settings(before)


@pytest.mark.django_db
def test_metrics_are_for_loopback_without_a_proxy() -> None:
    client = Client()
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert b'taskflow_jobs{state="queued"}' in answer.content
    assert client.get("/metrics", headers={"X-Forwarded-For": "8.8.8.8"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 403


@pytest.mark.django_db
def test_an_unknown_address_below_the_api_is_a_problem_document() -> None:
    answer = Client().get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
