"""What administrators see of a plugin: what it is, what they want of it, and how it is."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db.models import OuterRef, Subquery

from taskflow.application import ports
from taskflow.application.access import require_site
from taskflow.application.plugin_settings import (
    InEffect,
    fields_of,
    find_problems,
    settings_in_effect,
)
from taskflow.application.plugins import refresh
from taskflow.domain.errors import FieldError, NotFound
from taskflow.domain.permissions import Action, Actor
from taskflow.plugin_host.fields import Field
from taskflow.store.models import Plugin, PluginFailure, PluginPause, PluginSetup

#: A longer one stands for "until the settings change".
LONGEST_PAUSE = timedelta(days=1)


class Status(StrEnum):
    """How a plugin is, as observed; whether it is wanted is another question."""

    ACTIVE = "active"
    #: It is asked, and fails so often that it is given a rest.
    DEGRADED = "degraded"
    NEEDS_CONFIG = "needs_config"
    #: It does not fit the contract, or another distribution claims its slug too.
    INCOMPATIBLE = "incompatible"
    #: Importing or describing it failed.
    LOAD_ERROR = "load_error"
    #: It is enabled and was uninstalled.
    MISSING = "missing"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Card:
    """One installed plugin with its setup."""

    plugin: Plugin
    setup: PluginSetup
    status: Status
    #: Why it is not active, in a sentence; empty where there is nothing to say.
    reason: str
    fields: tuple[Field, ...]
    effect: InEffect
    last_failure: PluginFailure | None

    @property
    def name(self) -> str:
        """For people."""
        return str(self.plugin.manifest.get("name") or self.plugin.slug)

    @property
    def kinds(self) -> list[str]:
        """What it can be."""
        return list(self.plugin.manifest.get("kinds", ()))


def list_cards(actor: Actor, *, again: bool = False) -> list[Card]:
    """Every installed plugin, in their order; what was installed or changed meanwhile is looked into first.

    `again` asks those again that failed.
    """
    require_site(actor, Action.PLUGIN_ADMIN)
    return make_cards(refresh(again=again))


def find_card(actor: Actor, slug: str) -> Card:
    """The plugin of this slug, the first of those that claim it. `NotFound`."""
    require_site(actor, Action.PLUGIN_ADMIN)
    found = [plugin for plugin in refresh() if plugin.slug == slug]
    if not found:
        raise NotFound(f"No plugin {slug[:80]!r} is installed.")
    return make_cards(found)[0]


def make_cards(plugins: list[Plugin]) -> list[Card]:
    """Their cards, ordered as administrators ordered them."""
    slugs = {plugin.slug for plugin in plugins}
    setups = {setup.slug: setup for setup in PluginSetup.objects.filter(slug__in=slugs)}
    newest = PluginFailure.objects.filter(slug=OuterRef("slug")).order_by("-last_at", "-pk").values("pk")[:1]
    failures = {found.slug: found for found in PluginFailure.objects.filter(slug__in=slugs, pk=Subquery(newest))}
    pauses: dict[str, list[PluginPause]] = defaultdict(list)
    for pause in PluginPause.objects.filter(slug__in=slugs, until__gt=ports.now()).order_by("capability"):
        pauses[pause.slug].append(pause)
    cards = [_make_card(plugin, setups, pauses[plugin.slug], failures.get(plugin.slug)) for plugin in plugins]
    return sorted(cards, key=lambda card: (card.setup.order, card.plugin.slug, card.plugin.distribution))


def _make_card(
    plugin: Plugin, setups: Mapping[str, PluginSetup], pauses: list[PluginPause], failure: PluginFailure | None
) -> Card:
    stored = setups.get(plugin.slug)
    setup = stored or PluginSetup(slug=plugin.slug, updated_at=plugin.inspected_at, version=0)
    is_asked = stored is not None and stored.enabled and not plugin.error and not plugin.missing
    problems = find_problems(plugin, stored) if stored is not None and is_asked else ()
    status, reason = observe(plugin, setup, problems, pauses)
    return Card(plugin, setup, status, reason, fields_of(plugin), settings_in_effect(plugin, stored), failure)


def observe(
    plugin: Plugin, setup: PluginSetup, problems: tuple[FieldError, ...], pauses: list[PluginPause]
) -> tuple[Status, str]:
    """A plugin's status and why it has it."""
    if plugin.missing:
        return Status.MISSING, f"{plugin.distribution} was uninstalled. Install it again, or disable the plugin."
    if plugin.error:
        return _observe_failed(plugin)
    if not setup.enabled:
        return Status.DISABLED, ""
    if problems:
        return Status.NEEDS_CONFIG, describe_problems(problems)
    if pauses:
        return Status.DEGRADED, _describe_pause(pauses[0])
    return Status.ACTIVE, ""


def _observe_failed(plugin: Plugin) -> tuple[Status, str]:
    if plugin.error.startswith("TASKFLOW_"):
        return Status.DISABLED, plugin.error
    return (Status.INCOMPATIBLE if plugin.refused else Status.LOAD_ERROR), plugin.error


def describe_problems(problems: tuple[FieldError, ...]) -> str:
    """What is wrong with settings, in a line."""
    return " ".join(
        f"{problem.field}: {problem.detail.rstrip('.')}." if problem.field else problem.detail for problem in problems
    )


def _describe_pause(pause: PluginPause) -> str:
    if pause.until - ports.now() > LONGEST_PAUSE:
        return f"{pause.capability}: {pause.reason} It is asked again once its settings change, or somebody retries it."
    return f"{pause.capability}: {pause.reason} It is asked again from {pause.until:%H:%M:%S} UTC on."


def describe_schema(card: Card) -> dict[str, Any]:
    """The JSON schemas of a plugin's settings, as it gave them; None for what it does not have."""
    return {"config": card.plugin.schemas.get("config"), "user_config": card.plugin.schemas.get("user_config")}
