"""What the processes that run plugins read of the database, and write into it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F

from taskflow.application import ports
from taskflow.application.plugin_board import read_board
from taskflow.application.plugin_settings import InEffect, fields_of, find_problems, settings_in_effect
from taskflow.config import current_settings
from taskflow.config.addresses import is_loopback
from taskflow.plugin_api import Network
from taskflow.plugin_host.state import EnabledPlugin, Failure, Outbound, Snapshot
from taskflow.store.models import Plugin, PluginFailure, PluginPause, PluginSetup

#: Ways to fail that are kept of one plugin; the oldest make room.
MOST_FAILURES = 200


def outbound() -> Outbound:
    """Where plugins may connect to."""
    settings = current_settings()
    return Outbound(allow=settings.outbound_allow, offline=settings.offline)


def _leaves(plugin: Plugin, values: Mapping[str, Any]) -> bool:
    """Whether what it is told may leave this machine: not without network, nor where an administrator vouches for
    where it goes, nor where every address that it connects to is loopback."""
    if plugin.manifest.get("network") == Network.NONE or values.get("trusted") is True:
        return False
    addresses = plugin.manifest.get("addresses") or ()
    return not addresses or not all(is_loopback(_host_of(str(values.get(name) or ""))) for name in addresses)


def _host_of(address: str) -> str:
    return urlsplit(address if "//" in address else f"//{address}").hostname or ""


def as_enabled(plugin: Plugin, setup: PluginSetup, effect: InEffect) -> EnabledPlugin:
    """A plugin as those run it who know no database."""
    fields = fields_of(plugin)
    values = {known.name: known.default for known in fields} | dict(effect.values)
    engine = values.get(str(plugin.manifest.get("engine") or ""))
    return EnabledPlugin(
        slug=plugin.slug,
        distribution=plugin.distribution,
        version=plugin.version,
        module=plugin.module,
        # Another version of its setup starts it anew too.
        fingerprint=f"{plugin.fingerprint}:{setup.version}",
        kinds=frozenset(plugin.manifest.get("kinds", ())),
        network=str(plugin.manifest.get("network", "")),
        order=setup.order,
        config=dict(effect.values),
        secrets=frozenset(known.name for known in fields if known.is_secret),
        provider=f"{plugin.slug}:{engine}" if engine else plugin.slug,
        leaves=_leaves(plugin, values),
        able=values.get("able") is True,
    )


class StoredPlugins:
    """The plugins that are to run, from the database (`PluginStateSource`)."""

    def generation(self) -> int:
        """The number that grows with every change."""
        return read_board().generation

    def snapshot(self) -> Snapshot:
        """Those that are enabled, can be used and are set up, in their order."""
        # Before the rest: what changes meanwhile has a later number and is looked at again.
        generation = self.generation()
        setups = PluginSetup.objects.filter(enabled=True).order_by("order", "slug")
        found = [enabled for setup in setups if (enabled := _find_enabled(setup)) is not None]
        return Snapshot(generation, tuple(found))


def _find_enabled(setup: PluginSetup) -> EnabledPlugin | None:
    plugins = list(Plugin.objects.filter(slug=setup.slug, missing=False)[:2])
    if len(plugins) != 1 or plugins[0].error:
        return None
    plugin = plugins[0]
    if current_settings().refuse_plugin(plugin.slug, plugin.version) or find_problems(plugin, setup):
        return None
    return as_enabled(plugin, setup, settings_in_effect(plugin, setup))


class StoredFailures:
    """Where failures of plugins are kept for administrators to see (`ErrorSink`)."""

    def failed(self, failure: Failure) -> None:
        """Counts a failure with those of the same cause."""
        now = ports.now()
        known = PluginFailure.objects.filter(slug=failure.slug, fingerprint=failure.fingerprint)
        with transaction.atomic():
            if known.update(count=F("count") + 1, last_at=now, message=failure.message, trace=failure.trace):
                return
            PluginFailure.objects.bulk_create(
                [
                    PluginFailure(
                        slug=failure.slug,
                        capability=failure.capability,
                        kind=failure.kind,
                        message=failure.message,
                        trace=failure.trace,
                        fingerprint=failure.fingerprint,
                        first_at=now,
                        last_at=now,
                    )
                ],
                # Another process met the same for the first time in this moment.
                ignore_conflicts=True,
            )
            kept = PluginFailure.objects.filter(slug=failure.slug).order_by("-last_at")
            oldest = list(kept.values_list("pk", flat=True)[MOST_FAILURES : MOST_FAILURES + 50])
            PluginFailure.objects.filter(pk__in=oldest).delete()

    def opened(self, slug: str, capability: str, seconds: float, reason: str) -> None:
        """Notes that a plugin is given a rest."""
        until = ports.now() + timedelta(seconds=seconds)
        PluginPause.objects.update_or_create(
            slug=slug, capability=capability, defaults={"until": until, "reason": reason[:1000]}
        )

    def closed(self, slug: str, capability: str) -> None:
        """Notes that it works again."""
        PluginPause.objects.filter(slug=slug, capability=capability).delete()
