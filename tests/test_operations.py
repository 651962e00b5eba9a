"""What operators' tools ask."""

import pytest
from django.test import Client

from taskflow.application import ledger, ports
from tests.conftest import FrozenClock


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
