"""What the core pushed: the providers of one generation, run by the plugin host; and what went wrong with them."""

import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from taskflow.gateway.documents import ConfigFields
from taskflow.gateway.refusals import Refusal
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import EnabledPlugin, Failure, Outbound, Snapshot

#: Notes that wait for somebody of the core to take them along; the oldest make room.
MOST_NOTES = 500


class Notes:
    """What the core is to be told of plugins' failures, taken along by the next answer (`ErrorSink`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: deque[dict[str, Any]] = deque(maxlen=MOST_NOTES)

    def failed(self, failure: Failure) -> None:
        """A plugin failed."""
        self._add({"failed": asdict(failure)})

    def opened(self, slug: str, capability: str, seconds: float, reason: str) -> None:
        """A capability is given a rest."""
        self._add({"opened": {"slug": slug, "capability": capability, "seconds": seconds, "reason": reason}})

    def closed(self, slug: str, capability: str) -> None:
        """It works again."""
        self._add({"closed": {"slug": slug, "capability": capability}})

    def take(self) -> list[dict[str, Any]]:
        """All that were not taken yet, oldest first."""
        with self._lock:
            taken = list(self._notes)
            self._notes.clear()
        return taken

    def _add(self, note: dict[str, Any]) -> None:
        with self._lock:
            self._notes.append(note)


@dataclass(frozen=True, slots=True)
class Held:
    """One generation's configuration."""

    generation: int
    plugins: dict[str, EnabledPlugin]
    active: str | None
    model: str | None
    outbound: Outbound


@dataclass(slots=True)
class _Source:
    """What the host runs: the latest configuration (`PluginStateSource`). Pushes are counted, since two instances of
    one number may differ."""

    held: Held | None = None
    pushes: int = field(default=0)

    def generation(self) -> int:
        """Grows with every push."""
        return self.pushes

    def snapshot(self) -> Snapshot:
        """The plugins of the latest push."""
        pushes, held = self.pushes, self.held
        return Snapshot(pushes, tuple(held.plugins.values()) if held else ())


class Host:
    """The providers, and the configuration that is held. Its methods are called in one event loop."""

    def __init__(self) -> None:
        self.notes = Notes()
        self._source = _Source()
        self._runner: Runner | None = None

    def configure(self, fields: ConfigFields) -> None:
        """Takes a configuration over; providers that are the same in it keep running."""
        outbound = fields.outbound.outbound()
        before = self._source.held
        plugins = {each.slug: each.plugin() for each in fields.plugins}
        held = Held(fields.generation, plugins, fields.active, fields.model, outbound)
        if held == before:
            return
        if self._runner is not None and before is not None and before.outbound != outbound:
            # Where they may connect to is given to plugins at their start.
            self.close()
        self._source.held = held
        self._source.pushes += 1
        if self._runner is None:
            self._runner = Runner(self._source, self.notes, outbound=outbound)

    def held(self, generation: int | None) -> Held:
        """The configuration. `Refusal`: 409 where the question wants a newer one, or none is held."""
        held = self._source.held
        if held is None or (generation is not None and generation > held.generation):
            have = "none is held" if held is None else f"{held.generation} is held"
            raise Refusal(409, "stale_config", f"Send PUT /config first: {have}.")
        return held

    @property
    def generation(self) -> int | None:
        """Of what is held."""
        return None if self._source.held is None else self._source.held.generation

    @property
    def runner(self) -> Runner:
        """What runs the providers. `Refusal` (409) before the first configuration."""
        if self._runner is None:
            raise Refusal(409, "stale_config", "Send PUT /config first: none is held.")
        return self._runner

    def close(self) -> None:
        """Ends every provider's process."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()
