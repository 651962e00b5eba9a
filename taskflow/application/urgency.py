"""Keeps the stored urgency of tasks true: with every change of a task or a neighbour, and at least hourly."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from taskflow.application import ledger
from taskflow.application.changes import change
from taskflow.application.jobs import handles
from taskflow.domain.permissions import SYSTEM
from taskflow.domain.priority import Priority
from taskflow.domain.urgency import Urgency, UrgencyInput, UrgencyNode, compute_urgency, propagate
from taskflow.domain.urgency_weights import Weights, parse_weights
from taskflow.store.models import Dependency, Job, Task, User
from taskflow.store.models.tasks import TaskQuerySet
from taskflow.store.scores import store_scores

SWEEP = "urgency.sweep"
REFRESH_PROJECT = "urgency.refresh_project"

#: A stored score that is older is computed anew. Half of the hour that is promised, so that a late sweep keeps it.
FRESH_FOR = timedelta(minutes=30)
#: Tasks of one sweep's transaction: about 50 ms of SQLite's one write lock.
CHUNK = 500
#: A dependency graph is followed this far; what lies beyond keeps its score until its own turn.
MOST_NODES = 2000


def refresh(task_ids: Iterable[UUID], now: datetime) -> None:
    """Computes and stores the urgency of these tasks and of all that depend on them or that they depend on."""
    nodes, links = _neighbourhood(set(task_ids))
    # Held from here on: a score made of facts that another change is replacing must not overwrite that change's score.
    # Always in one order, so that two refreshes cannot wait for each other.
    held = Task.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    tasks = list(held.filter(pk__in=nodes, deleted_at=None).select_related("project", "created_by"))
    weights: dict[UUID, Weights] = {}
    for task in tasks:
        if task.project_id not in weights:
            weights[task.project_id] = parse_weights(task.project.urgency_weights)
    graph = {task.pk: _node(task, weights[task.project_id]) for task in tasks}
    scores = propagate(graph, links, now=now)
    for task in tasks:
        _store(task, scores[task.pk])
    store_scores(tasks)


def score_new(tasks: Sequence[Task], now: datetime) -> None:
    """Computes, and does not store, the urgency of tasks that are about to be made and are linked with nothing."""
    creators = User.objects.in_bulk({task.created_by_id for task in tasks if task.created_by_id is not None})
    weights: dict[UUID, Weights] = {}
    for task in tasks:
        task.created_by = creators.get(task.created_by_id) if task.created_by_id else None
        if task.project_id not in weights:
            weights[task.project_id] = parse_weights(task.project.urgency_weights)
    scores = propagate({task.pk: _node(task, weights[task.project_id]) for task in tasks}, (), now=now)
    for task in tasks:
        _store(task, scores[task.pk])


def score_alone(task: Task, timezone: str, now: datetime) -> None:
    """Computes, and does not store, the urgency of a task that is linked with no other; `timezone` is its creator's."""
    weights = parse_weights(task.project.urgency_weights)
    _store(task, compute_urgency(_facts(task), weights, now=now, timezone=timezone))


def _neighbourhood(roots: set[UUID]) -> tuple[set[UUID], set[tuple[UUID, UUID]]]:
    """The tasks linked with `roots` at whatever distance, and the (blocker, blocked) pairs: a query a generation."""
    found, frontier = set(roots), set(roots)
    links: set[tuple[UUID, UUID]] = set()
    while frontier and len(found) < MOST_NODES:
        touching = Q(blocker__in=frontier) | Q(blocked__in=frontier)
        pairs = set(Dependency.objects.filter(touching).values_list("blocker_id", "blocked_id"))
        links |= pairs
        frontier = {end for pair in pairs for end in pair} - found
        found |= frontier
    return found, links


def _node(task: Task, weights: Weights) -> UrgencyNode:
    return UrgencyNode(_facts(task), weights, task.created_by.timezone if task.created_by else "UTC")


def _facts(task: Task) -> UrgencyInput:
    return UrgencyInput(
        status=task.status,
        priority=Priority.from_rank(task.priority),
        due_date=task.due_date,
        due_at=task.due_at,
        start_date=task.start_date,
        created_at=task.created_at,
    )


def _store(task: Task, urgency: Urgency) -> None:
    task.urgency_score = urgency.score
    task.urgency_as_of = urgency.as_of
    task.urgency_factors = [
        {
            "code": factor.code,
            "label": factor.label,
            "value": factor.value,
            "weight": factor.weight,
            "contribution": factor.contribution,
        }
        for factor in urgency.factors
    ]


def is_sweep_due(now: datetime) -> bool:
    """Whether some open task's score has grown old."""
    return _aged(now).exists()


def _aged(now: datetime) -> TaskQuerySet:
    return Task.objects.open().filter(Q(urgency_as_of=None) | Q(urgency_as_of__lt=now - FRESH_FOR))


@handles(SWEEP)
def sweep(job: Job) -> None:
    """Refreshes one chunk of aged scores, oldest first, and files the next sweep if some are left."""
    with change(SYSTEM) as opened:
        aged = _aged(opened.now).order_by(F("urgency_as_of").asc(nulls_first=True)).values_list("pk", flat=True)
        refresh(aged[:CHUNK], opened.now)
        ledger.finish(job)
        if aged.exists():
            opened.job(SWEEP, {}, key=SWEEP)


@handles(REFRESH_PROJECT)
def refresh_project(job: Job) -> None:
    """Marks a project's scores as old after a change of its weights, and files a sweep."""
    with change(SYSTEM) as opened:
        # A task that is done or trashed is refreshed when it comes back.
        Task.objects.open().filter(project_id=job.payload["project"]).update(urgency_as_of=None)
        ledger.finish(job)
        opened.job(SWEEP, {}, key=SWEEP)
