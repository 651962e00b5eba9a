"""What the gateway is to hold: the providers that are enabled, with their settings, and which of them is asked."""

from dataclasses import asdict
from typing import Any

from taskflow.application.plugin_board import pick, read_board
from taskflow.application.plugin_runs import StoredPlugins, outbound
from taskflow.plugin_api import Kind
from taskflow.plugin_host.state import EnabledPlugin, Snapshot


class StoredConfig:
    """From the database."""

    def __init__(self) -> None:
        self._plugins = StoredPlugins()

    def generation(self) -> int:
        """The number that grows with every change."""
        return self._plugins.generation()

    def config(self) -> dict[str, Any]:
        """The configuration of the present generation, as JSON values; secrets in plain."""
        snapshot = self._plugins.snapshot()
        active = find_active(snapshot)
        let_out = outbound()
        return {
            "generation": snapshot.generation,
            "plugins": [_describe(plugin) for plugin in _providers(snapshot)],
            "active": None if active is None else active[0].slug,
            "model": None if active is None else active[1],
            "outbound": {"allow": list(let_out.allow), "offline": let_out.offline},
        }


def find_active(snapshot: Snapshot) -> tuple[EnabledPlugin, str | None] | None:
    """The provider in force and the model that was chosen for it; None: no model is asked."""
    providers = {plugin.slug: plugin for plugin in _providers(snapshot)}
    board = read_board()
    chosen = pick(board, list(providers))
    return None if chosen is None else (providers[chosen], board.provider_model or None)


def _providers(snapshot: Snapshot) -> list[EnabledPlugin]:
    return [plugin for plugin in snapshot.plugins if Kind.LLM_PROVIDER in plugin.kinds]


def _describe(plugin: EnabledPlugin) -> dict[str, Any]:
    told = asdict(plugin)
    return told | {"kinds": sorted(plugin.kinds), "secrets": sorted(plugin.secrets), "config": dict(plugin.config)}
