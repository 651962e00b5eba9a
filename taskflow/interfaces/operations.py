"""What operators' tools ask: is the process there, can it work, what does it count."""

import hmac

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from taskflow.application import ledger, ports
from taskflow.config import Settings, current_settings
from taskflow.interfaces.api.problems import problem_response
from taskflow.store.models import Job, PluginPause, Suggestion, Task, User
from taskflow.store.models.jobs import JobState

#: Seconds that the gateway gets to answer.
GATEWAY_TIMEOUT = 1.0
#: Migrations are looked at until they are found complete: in a running process they do not come back.
_migrated = False


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served; 503 names what is missing: database, migrations or job loop. Whatever else is
    not well is named as degraded."""
    checks: dict[str, str] = {}
    others: dict[str, str] = {}
    try:
        checks["migrations"] = "ok" if _is_migrated() else "pending: run 'taskflow migrate'"
        checks["database"] = "ok"
        checks["job_loop"] = "ok" if ledger.is_alive(ports.now()) else "no worker gave a sign of life"
        others = {"plugins": _look_at_plugins(), **_look_at_gateway()}
    except DatabaseError as error:
        checks["database"] = f"unreachable: {type(error).__name__}"
    ready = all(value == "ok" for value in checks.values())
    well = "ok" if all(value == "ok" for value in others.values()) else "degraded"
    document = {"status": well if ready else "unavailable", "checks": checks | others}
    return JsonResponse(document, status=200 if ready else 503)


def _look_at_plugins() -> str:
    """Plugins that failed so often that they are given a rest."""
    resting = PluginPause.objects.filter(until__gt=ports.now()).values_list("slug", flat=True)
    named = ", ".join(sorted(set(resting)))
    return f"degraded: {named}" if named else "ok"


def _look_at_gateway() -> dict[str, str]:
    """Whether somebody else's gateway answers, to this instance's token; an instance's own is its worker's business."""
    address, token = current_settings().gateway_url, current_settings().gateway_token
    if address is None:
        return {}
    # A tenth of a second to import, which an instance without one is spared.
    import httpx

    headers = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
    try:
        answer = httpx.get(f"{address}/providers", headers=headers, timeout=GATEWAY_TIMEOUT, trust_env=False)
    except httpx.HTTPError as error:
        return {"gateway": f"degraded: {type(error).__name__}"}
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return {"gateway": "degraded: it refuses TASKFLOW_GATEWAY_TOKEN"}
    return {"gateway": "ok" if answer.is_success else "degraded: it does not answer as a gateway"}


def _is_migrated() -> bool:
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return _migrated


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text form; to whoever has the token, or to loopback where no proxy stands between."""
    if not _may_read_metrics(request):
        return problem_response(403, "forbidden", "Send 'Authorization: Bearer' with TASKFLOW_METRICS_TOKEN.")
    return HttpResponse(generate_latest(_collect()), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    token = _metrics_token()
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return hmac.compare_digest(given.encode(), token.encode())
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-Ip"))
    return request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"} and not forwarded


def _metrics_token() -> str | None:
    configured: Settings = settings.TASKFLOW
    return None if configured.metrics_token is None else configured.metrics_token.get_secret_value()


def _collect() -> CollectorRegistry:
    now = ports.now()
    registry = CollectorRegistry()
    jobs = Gauge("taskflow_jobs", "Jobs of the ledger by state.", ["state"], registry=registry)
    counted = dict(Job.objects.values_list("state").annotate(Count("pk")).order_by())
    for state in JobState.values:
        jobs.labels(state).set(counted.get(state, 0))
    oldest = Job.objects.filter(state=JobState.QUEUED, next_attempt_at__lte=now).order_by("next_attempt_at").first()
    age = Gauge("taskflow_oldest_due_job_seconds", "How long the oldest due job has waited.", registry=registry)
    age.set((now - oldest.next_attempt_at).total_seconds() if oldest else 0)
    alive = Gauge("taskflow_job_loop_alive", "1 while a worker gives signs of life.", registry=registry)
    alive.set(ledger.is_alive(now))
    suggestions = Gauge("taskflow_suggestions", "Suggestions by state.", ["state"], registry=registry)
    for state, count in Suggestion.objects.values_list("state").annotate(Count("pk")).order_by():
        suggestions.labels(state).set(count)
    Gauge("taskflow_open_tasks", "Tasks that want doing.", registry=registry).set(Task.objects.open().count())
    people = User.objects.filter(is_active=True).count()
    Gauge("taskflow_users", "Active accounts.", registry=registry).set(people)
    return registry
