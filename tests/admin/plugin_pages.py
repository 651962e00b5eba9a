"""Plugins that the tests of their pages install, and what those pages show."""

import re
from html import unescape
from typing import Any

from taskflow.store.models import Plugin
from tests.admin.conftest import Browser

#: A model provider that says what its check found: `{health}` is made into a Health.
PROVIDER = """
from pydantic import Field, SecretStr

from taskflow.plugin_api import Completion, Health, Kind, Manifest, Network, PluginConfig, hookimpl


class Config(PluginConfig):
    api_key: SecretStr = Field(default=None, title="Key")
    model: str = "small"


manifest = Manifest(
    slug="{slug}",
    name="Provider {slug}",
    description="Asks a model.",
    kinds={{Kind.LLM_PROVIDER}},
    network=Network.CONFIGURED,
    homepage="https://example.org/{slug}",
    config=Config,
)


class Model:
    name = "model"

    def __init__(self, config):
        self._config = config

    async def complete(self, request):
        return Completion(text="high")

    async def check(self):
        if self._config.model == "leak":
            return Health(ok=False, error="refused the key " + self._config.api_key.get_secret_value())
        if self._config.model == "none":
            return Health(ok=False, error="404 no model <b>none</b>", next_step="Name a model that is there.")
        return Health(ok=True, model=self._config.model, sample="a piece of an <i>answer</i>")


@hookimpl
def taskflow_llm_providers(ctx):
    return [Model(ctx.config)]
"""

#: A channel whose message arrives at once.
CHANNEL = """
from taskflow.plugin_api import Delivery, Health, Kind, Manifest, Network, hookimpl

manifest = Manifest(
    slug="{slug}", name="Channel", kinds={{Kind.NOTIFICATION_CHANNEL}}, network=Network.INTERNET
)


class Channel:
    name = "channel"

    async def send(self, message, recipient):
        return Delivery(detail="taken for " + recipient.username)

    async def check(self):
        return Health(ok=True)


@hookimpl
def taskflow_notification_channels(ctx):
    return [Channel()]
"""

#: What a field can leave open, and texts with marks wherever a field has texts.
OPEN_FIELDS = """
from typing import Literal

from pydantic import Field

from taskflow.plugin_api import Kind, Manifest, Network, PluginConfig, hookimpl

MARKUP = "<script>alert(1)</script>"


class Config(PluginConfig):
    sender: str = Field(default="ann@example.org", json_schema_extra={{"format": "email"}})
    strict: bool
    maybe: bool | None = None
    level: Literal["a", "b"] | None = None
    text: str = Field(default=MARKUP, title=MARKUP, description=MARKUP)
    choice: Literal["<script>alert(1)</script>", "x"] = Field(default=MARKUP, title=MARKUP)


manifest = Manifest(slug="{slug}", name="Open", kinds={{Kind.PRIORITISER}}, network=Network.NONE, config=Config)


@hookimpl
def taskflow_prioritisers(ctx):
    return []
"""

CARDS, PLUGIN = "store_plugin_changelist", "store_plugin_change"


def row(slug: str) -> str:
    """The id of an installed plugin that a page has listed."""
    return str(Plugin.objects.get(slug=slug).pk)


def views_of(page: Any) -> dict[str, Any]:
    """The cards of the plugins that tests installed, by slug and in their order."""
    views = {view.card.plugin.slug: view for view in page.context["views"]}
    return {slug: view for slug, view in views.items() if "TASKFLOW_PLUGINS" not in view.card.reason}


def press(browser: Browser, slug: str, do: str) -> Any:
    """Presses a button of a card; the page that follows."""
    return browser.client.post("/admin/store/plugin/", {"plugin": row(slug), "do": do}, follow=True)


def save(browser: Browser, slug: str, **changed: str | None) -> Any:
    """Sends a plugin's form as a browser would, `config__x` for `config.x`; None unticks or leaves out."""
    form = browser.open(PLUGIN, row(slug)).context["form"]
    fields: dict[str, str] = {}
    for bound in form:
        if bound.field.disabled:
            continue
        value = bound.field.prepare_value(bound.value())
        if value is True:
            fields[bound.html_name] = "on"
        elif value is not False and value is not None:
            fields[bound.html_name] = str(value)
    for name, text in changed.items():
        key = name.replace("__", ".", 1)
        if text is None:
            fields.pop(key, None)
        else:
            fields[key] = text
    return browser.client.post(f"/admin/store/plugin/{row(slug)}/change/", fields, follow=True)


def text_of(response: Any) -> str:
    """What a page says, without its marks."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def inputs_of(response: Any) -> dict[str, str]:
    """The inputs of a page by their names, as written."""
    found = re.findall(r"<(?:input|select|textarea)\b[^>]*>", response.content.decode())
    return {name[1]: tag for tag in found if (name := re.search(r'name="([^"]+)"', tag))}
