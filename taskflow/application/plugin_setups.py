"""Enabling, configuring, testing and forgetting plugins."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from taskflow.application import ports
from taskflow.application.access import require_site
from taskflow.application.changes import Change, change
from taskflow.application.plugin_board import next_generation, read_board
from taskflow.application.plugin_cards import Card, find_card, make_cards
from taskflow.application.plugin_runs import as_enabled, outbound
from taskflow.application.plugin_settings import ask_about, merge, remember_problems, settings_in_effect
from taskflow.application.plugins import find_plugins, refresh
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, FieldError, Invalid
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.prompts import tidy_name
from taskflow.plugin_api import Kind, Message, Recipient
from taskflow.plugin_host.trial import Trial, check
from taskflow.store.models import Plugin, PluginFailure, PluginPause, PluginSetup, User

MOST_ORDER = 10_000
#: Complaints of a plugin's model that only say that something is not filled in yet.
_MISSING = {"missing"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to change; None: nothing. `config`: field → value, of which None forgets what was stored."""

    enabled: bool | None = None
    order: int | None = None
    config: Mapping[str, Any] | None = None


def update_plugin(actor: Actor, slug: str, wish: Wish, *, version: int | None = None) -> Card:
    """Changes what is wanted of a plugin; processes follow within seconds, without a restart.

    Settings are checked by the plugin's own model first (`Invalid` names the field as `config.…`); what is only missing
    may be filled in later. `NotFound`, `Conflict` (`not_usable`) for settings of one that cannot be used.
    """
    require_site(actor, Action.PLUGIN_ADMIN)
    if wish.order is not None and not 0 <= wish.order <= MOST_ORDER:
        raise Invalid.field("order", "out_of_range", f"Give a number from 0 to {MOST_ORDER}.")
    refresh()
    plugin = find_plugins(slug)[0]
    if wish.config and plugin.error:
        raise Conflict(f"Its settings cannot be changed as it is: {plugin.error}", code="not_usable")
    if wish.enabled and plugin.error:
        raise Conflict(f"It cannot be enabled as it is: {plugin.error}", code="not_usable")
    while True:
        seen = _read_setup(plugin)
        check_version(seen.version, version)
        if wish.config:
            # In a process of its own, so outside of the transaction.
            _merge_checked(plugin, seen, wish.config)
        with change(actor) as opened:
            held = PluginSetup.objects.select_for_update().filter(slug=slug).first()
            if (None if held is None else held.version) != (None if seen._state.adding else seen.version):
                # Somebody else was faster: their settings are merged with, not overwritten.
                continue
            _save(opened, seen, held, wish)
        # Not looked for again: one that was uninstalled is forgotten as soon as it is not wanted any more.
        return make_cards([plugin])[0]


def _read_setup(plugin: Plugin) -> PluginSetup:
    found = PluginSetup.objects.filter(slug=plugin.slug).first()
    # One that nobody stored yet is older than the first that somebody stores.
    return found or PluginSetup(slug=plugin.slug, updated_at=ports.now(), version=0)


def _merge_checked(plugin: Plugin, setup: PluginSetup, given: Mapping[str, Any]) -> None:
    errors = merge(plugin, setup, given)
    if not errors:
        effect = settings_in_effect(plugin, setup)
        complaints = [] if effect.problems else ask_about(plugin, effect.values)
        if not effect.problems:
            # So that nobody has to ask once more, least of all a worker before its next suggestion.
            remember_problems(plugin, setup, complaints)
        errors = [
            FieldError(f"config.{found['field']}" if found["field"] else "config", found["code"], found["detail"])
            for found in complaints
            if found["code"] not in _MISSING
        ]
    if errors:
        raise Invalid(errors, "The plugin does not take these settings.")


def _save(opened: Change, seen: PluginSetup, held: PluginSetup | None, wish: Wish) -> None:
    before = held or PluginSetup(slug=seen.slug, version=0)
    seen.enabled = before.enabled if wish.enabled is None else wish.enabled
    seen.order = before.order if wish.order is None else wish.order
    fresh = held is None
    if not fresh and (seen.enabled, seen.order) == (before.enabled, before.order) and not wish.config:
        return
    seen.version = before.version + 1
    seen.updated_at = opened.now
    seen.save(force_insert=fresh)
    if seen.enabled != before.enabled:
        opened.event(EventType.PLUGIN_ENABLED if seen.enabled else EventType.PLUGIN_DISABLED, data={"slug": seen.slug})
    if wish.config or seen.order != before.order:
        names = sorted(wish.config or ())
        opened.event(EventType.PLUGIN_CONFIGURED, data={"slug": seen.slug, "order": seen.order, "fields": names})
    PluginPause.objects.filter(slug=seen.slug).delete()
    next_generation(opened)


def check_plugin(actor: Actor, slug: str, *, send: bool = False) -> Trial:
    """Tries a plugin with its present settings, enabled or not, in a process of its own; up to 20 seconds. A provider
    of language models answers with the model that an administrator chose.

    `send`: a channel also sends the actor a message. `NotFound`, `Conflict` (`not_usable`); `Invalid` for a channel
    that is to send where there is none.
    """
    card = find_card(actor, slug)
    if card.plugin.error or card.plugin.missing:
        raise Conflict(f"It cannot be tried as it is: {card.reason}", code="not_usable")
    if send and Kind.NOTIFICATION_CHANNEL not in card.kinds:
        raise Invalid.field("send", "no_channel", "Only a notification channel sends messages.")
    if card.effect.problems:
        first = card.effect.problems[0]
        return Trial(ok=False, error=f"{first.field}: {first.detail}", next_step="Mend its settings, then try again.")
    test = _test_message(actor) if send else None
    board = read_board()
    model = board.provider_model or None if board.provider == slug else None
    trial = check(as_enabled(card.plugin, card.setup, card.effect), outbound(), send=test, model=model)
    return replace(trial, model=tidy_name(trial.model))


def _test_message(actor: Actor) -> tuple[Message, Recipient]:
    user = User.objects.get(pk=actor.person)
    now = ports.now()
    message = Message(
        key=f"test-{user.pk}-{now:%Y%m%d%H%M%S%f}",
        event="test",
        subject="TaskFlow: a test message",
        body=f"This message was asked for by {user.username}. Whoever reads it can be reached this way.",
        time=now,
    )
    return message, Recipient(username=user.username, email=user.email, timezone=user.timezone)


def retry_plugin(actor: Actor, slug: str) -> Card:
    """Looks into a plugin again that failed, and lets one that is given a rest be asked at once."""
    require_site(actor, Action.PLUGIN_ADMIN)
    find_plugins(slug)
    refresh(again=True)
    with change(actor) as opened:
        PluginPause.objects.filter(slug=slug).delete()
        setup = PluginSetup.objects.select_for_update().filter(slug=slug).first()
        if setup is not None:
            # Another version is another plugin to the processes that run it: they start it anew.
            setup.version += 1
            setup.checked = ""
            setup.save(update_fields=["version", "checked"])
        next_generation(opened)
    return find_card(actor, slug)


def list_failures(actor: Actor, slug: str) -> list[PluginFailure]:
    """The ways in which a plugin failed, newest first; at most 100. `NotFound`."""
    require_site(actor, Action.PLUGIN_ADMIN)
    find_plugins(slug)
    return list(PluginFailure.objects.filter(slug=slug).order_by("-last_at")[:100])


def forget_plugin(actor: Actor, slug: str) -> None:
    """Drops what was wanted and known of a slug: settings, secrets, failures. Its distribution is left alone."""
    require_site(actor, Action.PLUGIN_ADMIN)
    with change(actor) as opened:
        for model in (PluginSetup, PluginFailure, PluginPause, Plugin):
            model.objects.filter(slug=slug).delete()
        opened.event(EventType.PLUGIN_REMOVED, data={"slug": slug})
        next_generation(opened)
