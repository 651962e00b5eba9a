"""The ledger of work: what waits, what runs, what failed; the dead can be tried again."""

import re
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from taskflow.application import ledger, ports
from taskflow.interfaces.admin.base import AdminPage, actor_of, column
from taskflow.interfaces.admin.display import JOB_TONES, NOTHING, ago, document, moment, one_line, preformatted, shorten
from taskflow.interfaces.admin.filters import ChoicesDropdownFilter, JobKindFilter, RangeDateTimeFilter
from taskflow.interfaces.admin.site import site
from taskflow.store.models import Job
from taskflow.store.models.jobs import JobState

_MODULE = re.compile(r"\A(?:\w+\.)+(?=\w+:)")


@admin.register(Job, site=site)
class JobPage(AdminPage):
    """Jobs; read-only but for trying dead ones again."""

    list_display = (
        "kind",
        "state_badge",
        "attempts_of",
        "standing",
        "last_error_line",
        "created",
    )
    list_filter = (("state", ChoicesDropdownFilter), JobKindFilter, ("created_at", RangeDateTimeFilter))
    search_fields = ("last_error",)
    search_help_text = "Words of the last error"
    ordering = ("-id",)
    sortable_by = ("created", "standing")
    actions = ("retry",)
    fieldsets = (
        (None, {"fields": ("kind", "state_badge", "attempts_of", "last_error_text")}),
        ("When", {"fields": ("created_at", "next_attempt_at", "lease_expires_at", "worker", "finished_at")}),
        ("What", {"fields": ("id", "key", "payload_document")}),
    )

    @column("State", tones=JOB_TONES)
    def state_badge(self, job: Job) -> str:
        return job.state

    @column("Attempts")
    def attempts_of(self, job: Job) -> str:
        return f"{job.attempts} of {job.max_attempts}"

    @column("Stands", order="next_attempt_at")
    def standing(self, job: Job) -> Any:
        return one_line(_describe_standing(job, ports.now()))

    @column("Created", order="created_at")
    def created(self, job: Job) -> Any:
        return moment(job.created_at)

    @column("Last error")
    def last_error_line(self, job: Job) -> str:
        # A traceback's last line begins with the error's module; its name is what tells.
        return shorten(_MODULE.sub("", job.last_error), 60) or NOTHING

    @column("Last error")
    def last_error_text(self, job: Job) -> Any:
        return preformatted(job.last_error)

    @column("Payload")
    def payload_document(self, job: Job) -> Any:
        return document(job.payload)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("store.change_job")

    @admin.action(description="Retry", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Queues the dead ones of the chosen jobs again."""
        ids = list(queryset.values_list("pk", flat=True))
        revived = ledger.retry(actor_of(request), ids)
        left = len(ids) - revived
        note = f"{revived} queued again." if revived else "Nothing was queued again."
        if left:
            note += f" {left} left as they were: only dead jobs are retried, and none whose work is queued already."
        self.message_user(request, note, messages.SUCCESS if revived else messages.WARNING)


def _describe_standing(job: Job, now: datetime) -> str:
    """What the job waits for, who holds it, or when it ended."""
    if job.state == JobState.QUEUED:
        return f"{'due' if job.next_attempt_at <= now else 'next attempt'} {ago(job.next_attempt_at, now)}"
    if job.state == JobState.RUNNING and job.lease_expires_at is not None:
        verb = "ended" if job.lease_expires_at <= now else "ends"
        return f"lease of {job.worker} {verb} {ago(job.lease_expires_at, now)}"
    return f"ended {ago(job.finished_at, now)}"
