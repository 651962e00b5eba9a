"""The ledger on the admin pages."""

from collections.abc import Callable

from taskflow.application import ledger, ports
from taskflow.store.models import Job
from tests.admin.conftest import Browser, messages_of


def test_retrying_queues_dead_jobs_again(admin: Browser, file_jobs: Callable[..., list[Job]]) -> None:
    dead = file_jobs("no.such.kind", 2, dead=True)
    answer = admin.act("job", "retry", *dead)
    assert messages_of(answer) == ["2 queued again."]
    for job in Job.objects.all():
        assert job.state == "queued"
        assert job.max_attempts > job.attempts
    assert len(ledger.claim(10, "test", ports.now())) == 2


def test_retrying_leaves_other_jobs_alone_and_says_so(admin: Browser, file_jobs: Callable[..., list[Job]]) -> None:
    waiting = file_jobs("no.such.kind")
    answer = admin.act("job", "retry", *waiting)
    assert messages_of(answer)[0].startswith("Nothing was queued again. 1 left as they were")


def test_a_job_shows_why_it_failed_and_what_it_was_about(admin: Browser, file_jobs: Callable[..., list[Job]]) -> None:
    (job,) = file_jobs("no.such.kind", dead=True)
    listed = admin.open("store_job_changelist").content.decode()
    assert "1 of 8" in listed
    assert "PermanentFailure" in listed
    html = admin.open("store_job_change", job.pk).content.decode()
    assert "handles jobs of kind" in html
    assert "number&quot;: 0" in html


def test_a_running_job_shows_who_holds_it(admin: Browser, file_jobs: Callable[..., list[Job]]) -> None:
    file_jobs("no.such.kind")
    ledger.claim(1, "worker-7", ports.now())
    assert "lease of worker-7 ends in" in admin.open("store_job_changelist").content.decode()


def test_jobs_are_filtered_by_state_and_kind(admin: Browser, file_jobs: Callable[..., list[Job]]) -> None:
    file_jobs("one.kind", dead=True)
    file_jobs("other.kind")

    def kinds(**query: str) -> list[str]:
        return [job.kind for job in admin.open("store_job_changelist", **query).context["cl"].result_list]

    assert kinds(state__exact="dead") == ["one.kind"]
    assert kinds(kind="other.kind") == ["other.kind"]
    assert kinds(state__exact="dead", kind="other.kind") == []


def test_jobs_cannot_be_written(admin: Browser, file_jobs: Callable[..., list[Job]]) -> None:
    (job,) = file_jobs("no.such.kind")
    assert admin.send("store_job_change", job.pk, state="done").status_code == 403
    assert admin.send("store_job_delete", job.pk, post="yes").status_code == 403
    assert admin.open("store_job_add").status_code == 403
