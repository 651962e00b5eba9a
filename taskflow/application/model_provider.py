"""Which language model is asked: the one that an administrator chose, or the only one that is ready."""

from dataclasses import dataclass

from taskflow.application.access import require_site
from taskflow.application.changes import change
from taskflow.application.plugin_board import next_generation, pick, read_board
from taskflow.application.plugin_cards import Card, Status, list_cards
from taskflow.domain.errors import Invalid
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.plugin_api import Kind
from taskflow.store.models import PluginBoard

_LONGEST_NAME = 200
_READY = {Status.ACTIVE, Status.DEGRADED}


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """The provider that is asked. `slug` None: none is; `model` None: the one of its own settings."""

    slug: str | None
    model: str | None
    #: Whether an administrator chose it.
    chosen: bool
    #: Those that could be asked, in order.
    ready: tuple[str, ...]


def read_choice(actor: Actor) -> ProviderChoice:
    """The provider in force. `Forbidden` to all but site administrators."""
    require_site(actor, Action.PLUGIN_ADMIN)
    return describe_choice(list_cards(actor))


def choose_provider(actor: Actor, slug: str | None, *, model: str | None = None) -> ProviderChoice:
    """Chooses a provider, or with None leaves it to whichever is the only one. `Invalid` for one that is no provider.

    A chosen one that is not ready is not replaced by another: suggestions then do without a model.
    """
    require_site(actor, Action.PLUGIN_ADMIN)
    cards = list_cards(actor)
    providers = [card.plugin.slug for card in cards if Kind.LLM_PROVIDER in card.kinds]
    if slug is not None and slug not in providers:
        raise Invalid.field(
            "slug", "not_found", f"It is no installed model provider. Known: {', '.join(providers) or 'none'}."
        )
    if slug is None and model:
        raise Invalid.field("model", "without_provider", "Name the provider that has this model.")
    model = check_name(model) if model else None
    with change(actor) as opened:
        board = PluginBoard.objects.select_for_update().get_or_create(pk=PluginBoard.ONLY)[0]
        board.provider, board.provider_model = slug or "", model or ""
        board.save(update_fields=["provider", "provider_model"])
        opened.event(EventType.PROVIDER_CHOSEN, data={"slug": slug, "model": model})
        next_generation(opened)
    return describe_choice(cards)


def check_name(model: str) -> str:
    """A model's name as it is kept, which gateways take too. `Invalid` for what can be none."""
    name = model.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise Invalid.field("model", "invalid", f"Name a model, in 1 to {_LONGEST_NAME} characters on one line.")
    return name


def describe_choice(cards: list[Card]) -> ProviderChoice:
    """The provider in force, where `cards` are all plugins."""
    board = read_board()
    ready = [card.plugin.slug for card in cards if Kind.LLM_PROVIDER in card.kinds and card.status in _READY]
    return ProviderChoice(
        slug=pick(board, ready), model=board.provider_model or None, chosen=bool(board.provider), ready=tuple(ready)
    )
