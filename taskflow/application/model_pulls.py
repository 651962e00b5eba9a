"""Models that providers fetch because an administrator asked for them, and how far each is.

The job looks at a pull once and is put back for a second later, so that hours of fetching hold no thread of a worker,
and a worker that dies costs nothing but its last look. Whoever fetches is the provider itself.
"""

from datetime import timedelta
from uuid import UUID

from taskflow.application import ledger, ports
from taskflow.application.access import require_site
from taskflow.application.changes import Change, change
from taskflow.application.jobs import handles
from taskflow.application.model_provider import check_name
from taskflow.application.plugin_cards import Status, list_cards
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import SYSTEM, Action, Actor
from taskflow.plugin_api import Kind, Pull
from taskflow.plugin_host.state import CallFailed
from taskflow.store.models import Job, ModelPull
from taskflow.store.models.jobs import JobState

PULL = "model.pull"
RUNNING, DONE, FAILED = "running", "done", "failed"
#: Between two looks.
EVERY = timedelta(seconds=1)
#: Seconds that one look may take.
DEADLINE = 10.0
#: How long a provider may be out of reach before a pull counts as failed.
PATIENCE = timedelta(minutes=5)
MOST_LISTED = 100
_USABLE = {Status.ACTIVE, Status.DEGRADED}
#: Failures that pass: it is looked at again.
_PASSING = {"transient", "timeout", "busy", "crash", "breaker_open", "not_running"}


def start_pull(actor: Actor, slug: str, model: str) -> ModelPull:
    """Asks a provider to fetch a model; one that it is fetching already is joined.

    Site administrators only. `Invalid` for a plugin that is no enabled provider, or a name that can be none.
    """
    require_site(actor, Action.PLUGIN_ADMIN)
    name = check_name(model)
    cards = list_cards(actor)
    ready = [card.plugin.slug for card in cards if Kind.LLM_PROVIDER in card.kinds and card.status in _USABLE]
    if slug not in ready:
        known = ", ".join(ready) or "none"
        raise Invalid.field("slug", "not_ready", f"It is no model provider that is enabled and ready. Ready: {known}.")
    with change(actor) as opened:
        row, is_new = ModelPull.objects.select_for_update().get_or_create(
            slug=slug, model=name, defaults={"started_at": opened.now, "updated_at": opened.now}
        )
        if not is_new and row.state == RUNNING and _is_worked_on(row):
            return row
        row.state, row.detail = RUNNING, ""
        row.completed_bytes, row.total_bytes = 0, None
        row.started_at = row.updated_at = opened.now
        row.save()
        opened.job(PULL, {"pull": str(row.pk)}, key=_key(row.pk))
    return row


def list_pulls(actor: Actor) -> list[ModelPull]:
    """Models that are or were fetched: what runs first, then the newest; at most 100. Site administrators only."""
    require_site(actor, Action.PLUGIN_ADMIN)
    running = list(ModelPull.objects.filter(state=RUNNING).order_by("-started_at")[:MOST_LISTED])
    others = ModelPull.objects.exclude(state=RUNNING).order_by("-updated_at")[: MOST_LISTED - len(running)]
    return [*running, *others]


@handles(PULL)
def look_at_pull(job: Job) -> None:
    """One look at how far a pull is; its first look begins it. Ends with it, else is put back for the next look."""
    row = ModelPull.objects.filter(pk=job.payload["pull"], state=RUNNING).first()
    found = None if row is None else _ask(row)
    with change(SYSTEM) as opened:
        if row is not None and found is not None and _note(opened, row, found) == RUNNING:
            ledger.put_back(job, opened.now + EVERY)
        else:
            ledger.finish(job)


def _key(pull: UUID) -> str:
    return f"{PULL}:{pull}"


def _is_worked_on(row: ModelPull) -> bool:
    return Job.objects.filter(key=_key(row.pk), state__in=(JobState.QUEUED, JobState.RUNNING)).exists()


def _ask(row: ModelPull) -> Pull | CallFailed:
    """Outside of a transaction: a look may take its ten seconds."""
    library = ports.models() or ports.plugins()
    if library is None:
        return CallFailed("not_running", "No process here asks models.")
    try:
        return library.pull(row.slug, row.model, deadline=DEADLINE)
    except CallFailed as failure:
        return failure


def _note(opened: Change, row: ModelPull, found: Pull | CallFailed) -> str:
    """Writes what was found; the state that the pull is in now."""
    columns: dict[str, object]
    if isinstance(found, Pull):
        columns = {
            "state": found.state,
            "completed_bytes": found.completed_bytes,
            "total_bytes": found.total_bytes,
            "detail": found.detail[:500],
            "updated_at": opened.now,
        }
    elif found.kind in _PASSING and opened.now - row.updated_at < PATIENCE:
        # Not `updated_at`: it tells since when nothing was heard.
        columns = {"state": RUNNING, "detail": f"Trying again: {found.message}"[:500]}
    else:
        columns = {"state": FAILED, "detail": found.message[:500], "updated_at": opened.now}
    ModelPull.objects.filter(pk=row.pk, state=RUNNING).update(**columns)
    return str(columns["state"])
