"""Readies the language model in force after a start or a change, so that no suggestion need wait for that."""

import logging

from taskflow.application import ledger, ports
from taskflow.application.changes import change
from taskflow.application.jobs import handles
from taskflow.application.model_config import find_active
from taskflow.application.plugin_board import WARM
from taskflow.application.plugin_runs import StoredPlugins
from taskflow.domain.facts import TaskFacts
from taskflow.domain.permissions import SYSTEM
from taskflow.domain.prompts import Asked
from taskflow.plugin_host.state import CallFailed
from taskflow.store.models import Job

log = logging.getLogger(__name__)

#: Seconds; a job's lease is longer.
_DEADLINE = 45.0


@handles(WARM)
def warm(job: Job) -> None:
    """Starts the gateway where a model is enabled; has one on this machine loaded by a question of no consequence.

    What leaves this machine is asked nothing: it costs, and needs no loading.
    """
    models = ports.models()
    active = None if models is None else find_active(StoredPlugins().snapshot())
    if models is not None and active is not None:
        try:
            models.configure(deadline=_DEADLINE)
            if not active[0].leaves:
                models.suggest(_example(), deadline=_DEADLINE)
        except CallFailed as failure:
            # Whoever asks for a suggestion is told again; failures of plugins were noted.
            log.warning("the model is not ready: %s", failure)
    with change(SYSTEM):
        ledger.finish(job)


def _example() -> Asked:
    now = ports.now()
    return Asked(facts=TaskFacts(title="Water the plants", created_at=now), now=now)
