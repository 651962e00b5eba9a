"""Fetching models: begun by an administrator, looked at every second, ended by the provider."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from taskflow.application import ledger, ports
from taskflow.application.model_pulls import PATIENCE
from taskflow.plugin_host.runner import Runner
from taskflow.store.models import Job, ModelPull
from taskflow.store.models.jobs import JobState
from tests.conftest import Api, FrozenClock, World
from tests.plugins.conftest import Instance
from tests.plugins.libraries import LIBRARY
from tests.plugins.models import PROVIDER, enable

pytestmark = [pytest.mark.django_db, pytest.mark.once]

RunJobs = Callable[[], int]


def install(instance: Instance, root_api: Api, slug: str = "library") -> None:
    instance.install(slug, LIBRARY.replace("SLUG", slug), raw=True)
    enable(root_api, slug)


def test_a_model_is_fetched_look_by_look(
    instance: Instance, root_api: Api, clock: FrozenClock, runner: Runner, run_jobs: RunJobs
) -> None:
    install(instance, root_api)
    begun = root_api.post("prioritisation/models/pulls", {"slug": "library", "model": " small "})
    assert (begun.status_code, begun.json()["model"], begun.json()["state"]) == (202, "small", "running")
    run_jobs()
    (half,) = root_api.get("prioritisation/models/pulls").json()["results"]
    assert (half["state"], half["completed_bytes"], half["total_bytes"]) == ("running", 500, 1000)
    assert half["detail"] == "downloading"
    job = Job.objects.get(kind="model.pull")
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert job.next_attempt_at == clock.moment + timedelta(seconds=1)
    clock.advance(seconds=1)
    run_jobs()
    (whole,) = root_api.get("prioritisation/models/pulls").json()["results"]
    assert (whole["state"], whole["completed_bytes"], whole["detail"]) == ("done", 1000, "")
    assert Job.objects.get(pk=job.pk).state == JobState.DONE
    (known,) = root_api.get("prioritisation/models").json()["results"]
    assert (known["slug"], known["model"], known["used_at"], known["chosen"]) == ("library", "small", None, False)
    assert known["pulled_at"] is not None


def test_a_second_start_joins_and_one_after_the_end_begins_anew(
    instance: Instance, root_api: Api, clock: FrozenClock, runner: Runner, run_jobs: RunJobs
) -> None:
    install(instance, root_api)
    wish = {"slug": "library", "model": "small"}
    first = root_api.post("prioritisation/models/pulls", wish).json()
    run_jobs()
    again = root_api.post("prioritisation/models/pulls", wish).json()
    assert (again["id"], again["completed_bytes"]) == (first["id"], 500)
    assert Job.objects.filter(kind="model.pull").count() == 1
    clock.advance(seconds=1)
    run_jobs()
    anew = root_api.post("prioritisation/models/pulls", wish).json()
    assert (anew["id"], anew["state"], anew["completed_bytes"]) == (first["id"], "running", 0)
    assert Job.objects.filter(kind="model.pull").count() == 2


@pytest.mark.parametrize(
    ("model", "said"), [("no-such-model", "there is no model of that name"), ("small", "keeps no library of models")]
)
def test_a_refusal_ends_it_with_the_reason(
    instance: Instance,
    root_api: Api,
    clock: FrozenClock,
    runner: Runner,
    run_jobs: RunJobs,
    model: str,
    said: str,
) -> None:
    install(instance, root_api)
    instance.install("plain", PROVIDER.replace("SLUG", "plain"), raw=True)
    enable(root_api, "plain")
    slug = "plain" if model == "small" else "library"
    root_api.post("prioritisation/models/pulls", {"slug": slug, "model": model})
    run_jobs()
    (row,) = ModelPull.objects.all()
    assert row.state == "failed"
    assert said in row.detail
    assert Job.objects.get(kind="model.pull").state == JobState.DONE


def test_a_provider_out_of_reach_is_asked_again_for_five_minutes(
    instance: Instance, root_api: Api, clock: FrozenClock, runner: Runner, run_jobs: RunJobs
) -> None:
    install(instance, root_api)
    root_api.post("prioritisation/models/pulls", {"slug": "library", "model": "unreachable"})
    run_jobs()
    (row,) = ModelPull.objects.all()
    assert (row.state, row.detail) == ("running", "Trying again: the library does not answer")
    clock.advance(seconds=PATIENCE.total_seconds() + 1)
    run_jobs()
    row.refresh_from_db()
    assert row.state == "failed"


def test_a_worker_that_dies_leaves_it_to_the_next(
    instance: Instance, root_api: Api, clock: FrozenClock, runner: Runner, run_jobs: RunJobs
) -> None:
    install(instance, root_api)
    root_api.post("prioritisation/models/pulls", {"slug": "library", "model": "small"})
    # Claimed, and never heard of again.
    claimed = [job for job in ledger.claim(20, "dead", ports.now()) if job.kind == "model.pull"]
    assert len(claimed) == 1
    clock.advance(seconds=ledger.LEASE.total_seconds() + 1)
    ledger.sweep(ports.now())
    for _ in range(3):
        clock.advance(minutes=1)
        run_jobs()
    assert ModelPull.objects.get().state == "done"


def test_what_can_not_be_fetched_is_refused_at_once(instance: Instance, root_api: Api, api: Api, world: World) -> None:
    install(instance, root_api)
    for wish, field in (
        ({"slug": "nobody", "model": "small"}, "slug"),
        ({"slug": "library", "model": "   "}, "model"),
        ({"slug": "library", "model": "x" * 201}, "model"),
    ):
        refused = root_api.post("prioritisation/models/pulls", wish)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)
    root_api.patch("plugins/library", {"enabled": False})
    refused = root_api.post("prioritisation/models/pulls", {"slug": "library", "model": "small"})
    assert refused.json()["errors"][0]["code"] == "not_ready"
    assert api.post("prioritisation/models/pulls", {"slug": "library", "model": "small"}).status_code == 403
    assert not ModelPull.objects.exists()


def test_a_test_tells_how_fast_the_model_writes(instance: Instance, root_api: Api) -> None:
    install(instance, root_api)
    assert root_api.post("plugins/library/check").json()["tokens_per_second"] == 41.25
