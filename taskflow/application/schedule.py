"""Periodic work: files a job wherever the database shows that one is due, so that no timetable can be lost."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from taskflow.application import idempotency, ledger, plugins, stored_files, trash, urgency
from taskflow.application.changes import change
from taskflow.application.jobs import handles
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import IdempotencyRecord, Invitation, Job, ModelCall, SignInLink
from taskflow.store.models.jobs import JobState

CLEAN_UP = "site.clean_up"
#: Expired rows are harmless; they may lie for a day so that cleaning runs daily and not at every tick.
LINGER = timedelta(days=1)
#: Entries about calls of models are kept so long.
CALLS_KEPT = timedelta(days=90)
#: What ended `dead` is filed again after this wait and not at the next tick: one dead job an hour can be looked at.
REST = timedelta(hours=1)


def run_due(now: datetime) -> None:
    """Files what is due; cheap (a few indexed look-ups), to be called every minute or so."""
    due = {
        urgency.SWEEP: urgency.is_sweep_due(now),
        trash.PURGE: trash.is_purge_due(now),
        stored_files.SWEEP: stored_files.is_sweep_due(now),
        CLEAN_UP: _is_clean_up_due(now),
    }
    wanted = {kind for kind, is_due in due.items() if is_due}
    if wanted:
        wanted -= _recently_dead(wanted, now)
    if wanted:
        with change(SYSTEM) as opened:
            for kind in sorted(wanted):
                opened.job(kind, {}, key=kind)


def run_at_start() -> None:
    """Files what a worker's start gives reason to: settings and installed plugins may be others than before."""
    with change(SYSTEM) as opened:
        opened.job(plugins.REFRESH, {}, key=plugins.REFRESH)


def _recently_dead(kinds: set[str], now: datetime) -> set[str]:
    dead = Job.objects.filter(state=JobState.DEAD, finished_at__gte=now - REST, kind__in=kinds)
    return set(dead.values_list("kind", flat=True))


def _is_clean_up_due(now: datetime) -> bool:
    return (
        IdempotencyRecord.objects.filter(created_at__lt=now - idempotency.LIFETIME - LINGER).exists()
        or Session.objects.filter(expire_date__lt=now - LINGER).exists()
        or SignInLink.objects.filter(expires_at__lt=now - LINGER).exists()
        or Invitation.objects.filter(expires_at__lt=now - LINGER).exists()
        or ModelCall.objects.filter(at__lt=now - CALLS_KEPT - LINGER).exists()
    )


@handles(CLEAN_UP)
def clean_up(job: Job) -> None:
    """Deletes expired answers, sessions, sign-in links, invitations and entries about calls of models."""
    with change(SYSTEM) as opened:
        IdempotencyRecord.objects.filter(created_at__lt=opened.now - idempotency.LIFETIME).delete()
        Session.objects.filter(expire_date__lt=opened.now).delete()
        UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
        SignInLink.objects.filter(expires_at__lt=opened.now).delete()
        Invitation.objects.filter(expires_at__lt=opened.now).delete()
        ModelCall.objects.filter(at__lt=opened.now - CALLS_KEPT).delete()
        ledger.finish(job)
