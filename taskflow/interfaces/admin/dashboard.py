"""The admin's first page: how the ledger of work is doing, how suggestions fare, what gets done."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from taskflow.application import ledger, ports
from taskflow.application.insights import WEEKS, prioritisation_insights
from taskflow.application.plugin_cards import Status, make_cards
from taskflow.domain.permissions import Actor, SiteRole
from taskflow.interfaces.admin.base import actor_of
from taskflow.interfaces.admin.charts import Chart, Series, bar_chart, line_chart
from taskflow.interfaces.admin.display import NOTHING, ago, percent, span
from taskflow.store.models import Job, Plugin, Task, User, WorkerBeat
from taskflow.store.models.jobs import JobState

#: How many days of activity are drawn.
DAYS = 30
DAY = timedelta(days=1)


def build_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's callback: `context` with what the reader's role may see."""
    context["people"] = _people()
    if not request.user.has_perm("store.view_job"):
        return context
    now = ports.now()
    return {
        **context,
        "cards": [*_cards(now), _plugins_card()],
        "recent_failures": _recent_failures(now),
        **_charts(actor_of(request), now),
    }


def _people() -> list[tuple[str, int]]:
    counted = User.objects.filter(is_active=True).values_list("role").annotate(number=Count("pk"))
    by_role = dict(counted)
    return [(role.value, by_role.get(role.value, 0)) for role in SiteRole]


def _cards(now: datetime) -> list[dict[str, Any]]:
    """What an operator looks at first. A card with `alarm` wants attention."""
    # Finished jobs, the most of the table, are left alone; the index on the state has the others.
    unfinished = Job.objects.exclude(state=JobState.DONE)
    depth = dict(
        unfinished.filter(state__in=(JobState.QUEUED, JobState.RUNNING, JobState.DEAD))
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    due = Job.objects.filter(state=JobState.QUEUED, next_attempt_at__lte=now)
    oldest = due.aggregate(at=Min("next_attempt_at"))["at"]
    failed = Job.objects.filter(state=JobState.DEAD, finished_at__gte=now - DAY).count()
    retrying = Job.objects.filter(state=JobState.QUEUED).exclude(last_error="").count()
    beat = WorkerBeat.objects.aggregate(at=Max("beat_at"))["at"]
    alive = ledger.is_alive(now)
    dead = depth.get(JobState.DEAD, 0)
    return [
        _card("Queued", depth.get(JobState.QUEUED, 0), f"{retrying} after a failure", _jobs("queued")),
        _card("Running", depth.get(JobState.RUNNING, 0), "held by a worker now", _jobs("running")),
        _card("Dead", dead, "can be retried", _jobs("dead"), alarm=dead > 0),
        _card(
            "Oldest due job",
            span(now - oldest) if oldest else "none",
            "waiting for a worker" if oldest else "no job is due",
            _jobs("queued"),
            alarm=oldest is not None and now - oldest > timedelta(minutes=5),
        ),
        _card("Failures, 24 h", failed, "jobs that gave up", _jobs("dead"), alarm=failed > 0),
        _card(
            "Job loop",
            "alive" if alive else "silent",
            f"last sign of life {ago(beat, now)}" if beat else "no worker was ever seen",
            None,
            alarm=not alive,
        ),
    ]


def _plugins_card() -> dict[str, Any]:
    """How the known plugins are; what was installed since somebody looked is not looked into here."""
    statuses = [card.status for card in make_cards(list(Plugin.objects.all()))]
    active = statuses.count(Status.ACTIVE)
    ailing = sum(status not in {Status.ACTIVE, Status.DISABLED} for status in statuses)
    need = "needs" if ailing == 1 else "need"
    note = f"{ailing} {need} attention" if ailing else "none needs attention"
    return _card("Plugins", f"{active} active", note, reverse("admin:store_plugin_changelist"), alarm=ailing > 0)


def _card(title: str, value: Any, note: str, url: str | None, *, alarm: bool = False) -> dict[str, Any]:
    return {"title": title, "value": value, "note": note, "url": url, "alarm": alarm}


def _jobs(state: str) -> str:
    return f"{reverse('admin:store_job_changelist')}?state__exact={state}"


def _recent_failures(now: datetime) -> list[dict[str, Any]]:
    dead = Job.objects.filter(state=JobState.DEAD).order_by("-finished_at")[:5]
    return [
        {
            "kind": job.kind,
            "url": reverse("admin:store_job_change", args=(job.pk,)),
            "error": job.last_error,
            "when": ago(job.finished_at, now),
        }
        for job in dead
    ]


def _charts(actor: Actor, now: datetime) -> dict[str, Any]:
    insights = prioritisation_insights(actor)
    return {
        "activity_chart": _draw_activity(now),
        "decision_chart": _draw_decisions(insights, now),
        "agreement_chart": _draw_agreement(insights, now),
        "insights": {
            "decisions": insights["decisions"],
            "agreement": percent(insights["agreement"]),
            "auto_applied": insights["auto_applied"],
            "latency": NOTHING if insights["mean_latency_ms"] is None else f"{insights['mean_latency_ms']:.1f} ms",
            "by_source": [
                (row["source"] or NOTHING, row["decisions"], percent(row["agreement"])) for row in insights["by_source"]
            ],
        },
    }


def _draw_activity(now: datetime) -> Chart:
    """Tasks created and completed a day, days being those of the reader."""
    today = timezone.localdate(now)
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    created, completed = _a_day("created_at", now), _a_day("completed_at", now)
    return bar_chart(
        f"Tasks created and completed a day, last {DAYS} days",
        [f"{day.day} {day:%b}" for day in days],
        [
            Series("Created", [created.get(day, 0) for day in days]),
            Series("Completed", [completed.get(day, 0) for day in days]),
        ],
    )


def _a_day(column: str, now: datetime) -> dict[date, int]:
    recent = Task.objects.filter(**{f"{column}__gte": now - timedelta(days=DAYS)})
    return dict(recent.annotate(day=TruncDate(column)).values_list("day").annotate(number=Count("pk")))


def _draw_decisions(insights: dict[str, Any], now: datetime) -> Chart:
    weeks = _weeks(now)
    decided = {row["week"]: row["decisions"] for row in insights["by_week"]}
    return bar_chart(
        f"Decisions on suggestions a week, last {WEEKS} weeks",
        [_name(week) for week in weeks],
        [Series("Decisions", [decided.get(week.isoformat(), 0) for week in weeks])],
    )


def _draw_agreement(insights: dict[str, Any], now: datetime) -> Chart:
    """The share of suggestions that were accepted as they were; weeks without a decision have no point."""
    weeks = _weeks(now)
    rates = {row["week"]: row["agreement"] for row in insights["by_week"]}
    shares = [None if rates.get(week.isoformat()) is None else round(rates[week.isoformat()] * 100) for week in weeks]
    return line_chart(
        f"Agreement a week in per cent, last {WEEKS} weeks",
        [_name(week) for week in weeks],
        [Series("Agreement, %", shares)],
        highest=100,
    )


def _weeks(now: datetime) -> list[date]:
    """The Mondays of the weeks that the insights reach over, oldest first."""
    today = timezone.localdate(now)
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in range(WEEKS, -1, -1)]


def _name(week: date) -> str:
    return f"{week.day} {week:%b}"
