"""Runs one job of the ledger by its kind.

A handler prepares what takes long outside any transaction, then writes its rows and calls `ledger.finish(job)` in one
transaction: a handler that raises, or a worker that dies, leaves nothing half done, and nothing is done twice.
"""

import logging
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import TypeAlias

from taskflow.application import ledger
from taskflow.store.models import Job
from taskflow.store.models.jobs import JobState

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Job], None]

_handlers: dict[str, Handler] = {}


class PermanentFailure(Exception):
    """Trying this job again cannot help; it becomes `dead` at once."""


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Registers the handler of a kind of job. A kind has one handler."""

    def register(handler: Handler) -> Handler:
        if kind in _handlers:
            raise ValueError(f"two handlers for jobs of kind {kind!r}")
        _handlers[kind] = handler
        return handler

    return register


def kinds() -> frozenset[str]:
    """Every kind of job that this process can run."""
    return frozenset(_handlers)


def run(job: Job) -> None:
    """Runs a claimed job and settles it; never raises but for the process's own end."""
    try:
        # Only now: the handlers' modules file jobs themselves.
        import_module("taskflow.application.handlers")
        handler = _handlers.get(job.kind)
        if handler is None:
            raise PermanentFailure(f"No part of this version handles jobs of kind {job.kind!r}.")
        handler(job)
        if job.state not in {JobState.DONE, JobState.QUEUED}:
            raise PermanentFailure(f"The handler of {job.kind!r} returned without finishing its job.")
    except ledger.LeaseLost:
        log.warning("job %s (%s) was taken over by another worker", job.pk, job.kind)
    except Exception as error:
        log.exception("job %s (%s) failed at attempt %d", job.pk, job.kind, job.attempts)
        _note_failure(job, error)


def _note_failure(job: Job, error: Exception) -> None:
    summary = "".join(traceback.format_exception_only(error)).strip()[:2000]
    try:
        ledger.fail(job, summary, permanent=isinstance(error, PermanentFailure))
    except ledger.LeaseLost:
        log.warning("job %s (%s) was taken over by another worker", job.pk, job.kind)
    except Exception:
        # The database itself is in trouble: the lease runs out and the sweep gives the job back.
        log.exception("could not note the failure of job %s", job.pk)
