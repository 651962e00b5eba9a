"""What would be sent to a language model about a task, word for word; nothing is sent."""

from dataclasses import dataclass
from uuid import UUID

from taskflow.application import decisions, ports
from taskflow.application.access import find_task
from taskflow.application.examples import quote_decisions
from taskflow.application.model_config import find_active
from taskflow.application.plugin_runs import StoredPlugins
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.prompts import PROMPT_VERSION, Asked, build_choice, build_prompt
from taskflow.domain.redaction import redact_asked
from taskflow.plugin_api import CompletionRequest
from taskflow.store.models import User

_NO_MODEL = "No language model is in force: nothing would be sent."
_NOT_ALLOWED = (
    "Nothing would be sent: the project does not let its tasks leave this instance (remote_models_allowed is off)."
)


@dataclass(frozen=True, slots=True)
class Preview:
    """`requests` by method: `scores`, which is tried first where the provider can, and `json`."""

    provider: str | None
    model: str | None
    #: Whether the provider counts as outside of this machine, so that what it is told is redacted.
    leaves: bool
    #: Why nothing would be sent; empty where something would.
    reason: str
    redactions: int
    prompt_version: str
    requests: dict[str, CompletionRequest]


def preview_model(actor: Actor, reference: str | UUID) -> Preview:
    """What a suggestion for this task, asked for by this person now, would send. `NotFound`."""
    task = find_task(actor, reference, Action.SUGGESTION_READ)
    active = find_active(StoredPlugins().snapshot())
    if active is None:
        return Preview(None, None, False, _NO_MODEL, 0, PROMPT_VERSION, {})
    plugin, model = active
    person = None if actor.user_id is None else User.objects.filter(pk=actor.user_id).first()
    asked = Asked(
        facts=decisions.facts_of([task.pk])[task.pk],
        decided=quote_decisions(actor.user_id, task.project_id, besides=task.pk),
        now=ports.now(),
        timezone="UTC" if person is None else person.timezone,
    )
    redactions = 0
    if plugin.leaves:
        asked, redactions = redact_asked(asked)
    requests = {"json": build_prompt(asked, model=model, words=plugin.able)}
    if not plugin.able:
        requests = {"scores": build_choice(asked, model=model)} | requests
    refused = plugin.leaves and not task.project.remote_models_allowed
    return Preview(
        plugin.provider, model, plugin.leaves, _NOT_ALLOWED if refused else "", redactions, PROMPT_VERSION, requests
    )
