"""How a plugin reads on the pages, and which buttons it has. Templates escape its texts, which are not ours."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskflow.application.model_provider import describe_choice
from taskflow.application.plugin_board import read_board
from taskflow.application.plugin_cards import Card, Status
from taskflow.interfaces.admin.display import PLUGIN_TONES
from taskflow.plugin_api import Kind, Network

_KINDS = {
    Kind.LLM_PROVIDER.value: "model provider",
    Kind.PRIORITISER.value: "prioritiser",
    Kind.NOTIFICATION_CHANNEL.value: "notification channel",
}
_NETWORKS = {
    Network.NONE.value: "no network",
    Network.CONFIGURED.value: "addresses that you name",
    Network.INTERNET.value: "the internet",
}
_FAILED = {Status.LOAD_ERROR, Status.INCOMPATIBLE, Status.DEGRADED}


@dataclass(frozen=True, slots=True)
class Button:
    """Something that can be done to a plugin: `do` is what the page's form sends."""

    do: str
    label: str
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """Which model provider suggestions ask, and which an administrator chose."""

    in_force: str | None
    chosen: str | None

    @property
    def is_absent(self) -> bool:
        """Whether the chosen one cannot be asked, so that none is."""
        return self.chosen is not None and self.in_force is None


def find_provider(cards: Sequence[Card]) -> Provider:
    """The provider in force, where `cards` are all plugins, or one that is no provider."""
    chosen = read_board().provider or None
    if not any(Kind.LLM_PROVIDER in card.kinds for card in cards):
        return Provider(None, chosen)
    return Provider(describe_choice(list(cards)).slug, chosen)


@dataclass(frozen=True, slots=True)
class PluginView:
    """A card in words."""

    card: Card
    provider: Provider

    @property
    def status(self) -> str:
        """Its status as people say it."""
        return self.card.status.value.replace("_", " ")

    @property
    def tone(self) -> str:
        """The badge's; grey for what is disabled."""
        return PLUGIN_TONES.get(self.card.status.value, "")

    @property
    def kinds(self) -> str:
        """What it can be."""
        return ", ".join(_KINDS.get(kind, kind) for kind in sorted(self.card.kinds))

    @property
    def network(self) -> str:
        """How far what it is given may travel; empty where it could not be asked."""
        named = str(self.card.plugin.manifest.get("network") or "")
        return _NETWORKS.get(named, named)

    @property
    def homepage(self) -> str:
        """Its address, if it leads to a web page and nowhere else."""
        address = str(self.card.plugin.manifest.get("homepage") or "")
        return address if address.startswith(("https://", "http://")) else ""

    @property
    def description(self) -> str:
        """What it says of itself."""
        return str(self.card.plugin.manifest.get("description") or "")

    @property
    def is_usable(self) -> bool:
        """Whether it can be configured and tried as it is installed."""
        return not self.card.plugin.error and not self.card.plugin.missing

    @property
    def provider_mark(self) -> str:
        """What suggestions have to do with it."""
        slug = self.card.plugin.slug
        if not self.is_usable or Kind.LLM_PROVIDER not in self.card.kinds:
            return ""
        if slug == self.provider.in_force:
            return "used for suggestions"
        return "chosen for suggestions, not ready" if slug == self.provider.chosen else ""

    @property
    def switches(self) -> list[Button]:
        """Enable or Disable; nothing for one that could not be enabled anyway."""
        if self.card.setup.enabled:
            return [Button("disable", "Disable")]
        return [Button("enable", "Enable", is_main=True)] if self.is_usable else []

    @property
    def other_buttons(self) -> list[Button]:
        """What else its card offers."""
        buttons = [Button("test", "Test")] if self.is_usable else []
        buttons += self.retry
        if self.is_usable and Kind.LLM_PROVIDER in self.card.kinds and not self.provider_mark:
            buttons.append(Button("choose", "Use for suggestions"))
        return buttons

    @property
    def retry(self) -> list[Button]:
        """For one that failed or is given a rest."""
        return [Button("retry", "Retry")] if self.card.status in _FAILED else []

    @property
    def tests(self) -> list[Button]:
        """The ways to try it; a channel also sends a message."""
        buttons = [Button("test", "Test")]
        if Kind.NOTIFICATION_CHANNEL in self.card.kinds:
            buttons.append(Button("send", "Test and send me a message"))
        return buttons
