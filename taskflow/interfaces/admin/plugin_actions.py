"""What the buttons of the plugins' pages do, each through its use case."""

from dataclasses import dataclass

from django.contrib import messages

from taskflow.application import model_provider, plugin_setups
from taskflow.application.plugin_cards import Card, Status
from taskflow.application.plugin_setups import Wish
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Actor
from taskflow.plugin_host.trial import Trial


@dataclass(frozen=True, slots=True)
class Note:
    """What to tell afterwards."""

    text: str
    level: int = messages.SUCCESS


def act(actor: Actor, do: str, card: Card) -> Note | Trial:
    """Does to a plugin what a button names: `enable`, `disable`, `test`, `send`, `retry`, `choose`.

    `Invalid` for other names; else what the use cases raise. A test takes up to 20 seconds.
    """
    slug = card.plugin.slug
    match do:
        case "enable" | "disable":
            return describe(plugin_setups.update_plugin(actor, slug, Wish(enabled=do == "enable")))
        case "test" | "send":
            return plugin_setups.check_plugin(actor, slug, send=do == "send")
        case "retry":
            return _describe_retry(plugin_setups.retry_plugin(actor, slug))
        case "choose":
            return _describe_choice(card, model_provider.choose_provider(actor, slug))
    raise Invalid.field("do", "invalid", "This page has no such button.")


def leave_provider_open(actor: Actor) -> Note:
    """Takes an administrator's choice of a model provider back."""
    choice = model_provider.choose_provider(actor, None)
    if choice.slug is None:
        return Note("No model provider is chosen. A single one that is ready is used by itself.")
    return Note(f"Suggestions ask {choice.slug}, the only one that is ready.")


def describe(card: Card) -> Note:
    """How a plugin is after a change."""
    if not card.setup.enabled:
        return Note(f"{card.name} is disabled.")
    if card.status is Status.ACTIVE:
        return Note(f"{card.name} is enabled.")
    return Note(f"{card.name} is enabled, and not ready: {card.reason}", messages.WARNING)


def _describe_retry(card: Card) -> Note:
    if card.reason:
        return Note(f"{card.name} was looked at again. {card.reason}", messages.WARNING)
    return Note(f"{card.name} was looked at again. It is {card.status.value}.")


def _describe_choice(card: Card, choice: model_provider.ProviderChoice) -> Note:
    if choice.slug == card.plugin.slug:
        return Note(f"Suggestions ask {card.name} from now on.")
    return Note(
        f"{card.name} is chosen for suggestions, and is not ready: enable it and fill in its settings.",
        messages.WARNING,
    )
