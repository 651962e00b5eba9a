"""Runs the plugins that are enabled: each in a process of its own, with a time limit, few calls at a time, a breaker.

The registry of one generation never changes; a newer generation is a new registry. Plugins that are the same in both
keep their process, those that changed end once their calls have ended.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from taskflow.plugin_api import (
    Completion,
    CompletionRequest,
    Delivery,
    Embeddings,
    Health,
    Kind,
    Message,
    ModelInfo,
    PriorityRequest,
    Pull,
    Recipient,
    Scores,
    Signal,
)
from taskflow.plugin_host.breaker import LONGEST_REST, Breaker
from taskflow.plugin_host.inspector import DEADLINE
from taskflow.plugin_host.process import Leave, PluginProcess
from taskflow.plugin_host.state import (
    CallFailed,
    EnabledPlugin,
    ErrorSink,
    Failure,
    Offer,
    Outbound,
    PluginStateSource,
)

log = logging.getLogger(__name__)

#: Calls at a time of one plugin.
MOST_CALLS = 4
LOAD = "load"
#: Not the plugin's fault, and not its merit.
_NOT_ASKED = frozenset({"busy", "breaker_open", "not_running", "not_allowed", "cancelled"})
#: A plugin whose settings have changed since whoever asks looked at them: what may be told to it has, too.
SUPERSEDED = "superseded"
#: The other side is there and said no: trying again will not help, giving it a rest neither.
_ANSWERED = frozenset({"permanent"})

Result = TypeVar("Result")

_COMPLETION = TypeAdapter(Completion)
_SIGNAL: TypeAdapter[Signal | None] = TypeAdapter(Signal | None)
_DELIVERY = TypeAdapter(Delivery)
_SCORES: TypeAdapter[Scores | None] = TypeAdapter(Scores | None)
_EMBEDDINGS: TypeAdapter[Embeddings | None] = TypeAdapter(Embeddings | None)
_HEALTH = TypeAdapter(Health)
_MODELS = TypeAdapter(tuple[ModelInfo, ...])
_PULL = TypeAdapter(Pull)


class Hosted:
    """A plugin that runs, or could."""

    def __init__(self, plugin: EnabledPlugin, process: PluginProcess, clock: Callable[[], float]) -> None:
        self.plugin, self.process = plugin, process
        self._clock, self._lock = clock, threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._breakers: dict[str, Breaker] = {}
        self._calls = 0
        self._retired = False

    def breaker(self, capability: str) -> Breaker:
        """The breaker of one of its capabilities."""
        with self._lock:
            return self._breakers.setdefault(capability, Breaker(self._clock))

    @contextmanager
    def slot(self, seconds: float) -> Any:
        """A place among its calls, for which it waits so long. `CallFailed` (`busy`) where there is none."""
        with self._freed:
            if not self._freed.wait_for(lambda: self._calls < MOST_CALLS, max(0.0, seconds)):
                raise CallFailed("busy", f"{self.plugin.slug} has {MOST_CALLS} calls running already.", retry_after=1.0)
            self._calls += 1
        try:
            yield
        finally:
            with self._freed:
                self._calls -= 1
                self._freed.notify()
                is_over = self._retired and not self._calls
            if is_over:
                self.process.stop()

    def retire(self) -> None:
        """Ends its process, once no call is running."""
        with self._lock:
            self._retired = True
            idle = not self._calls
        if idle:
            self.process.stop()


@dataclass(frozen=True, slots=True)
class _Registry:
    generation: int
    hosted: Mapping[str, Hosted]


class Runner:
    """Safe to share between threads. `clock` gives seconds that only grow; `start_deadline` is in seconds."""

    def __init__(
        self,
        source: PluginStateSource,
        sink: ErrorSink,
        *,
        outbound: Outbound,
        clock: Callable[[], float] = time.monotonic,
        start_deadline: float = DEADLINE,
    ) -> None:
        self._source, self._sink, self._outbound = source, sink, outbound
        self._clock, self._start_deadline = clock, start_deadline
        self._lock = threading.Lock()
        self._registry = _Registry(-1, {})
        self._is_closed = False

    def plugins(self, kind: str) -> tuple[EnabledPlugin, ...]:
        """Those of a kind, in their order. Starts nothing."""
        hosted = self._current().hosted.values()
        return tuple(each.plugin for each in hosted if kind in each.plugin.kinds)

    def offers(self, slug: str, *, deadline: float, setup: EnabledPlugin | None = None) -> tuple[Offer, ...]:
        """The objects that a plugin offers. Starts its process where it does not run; one that still starts after
        `deadline` seconds goes on doing so. `CallFailed`, `superseded` where it is not as `setup` says any more."""
        hosted = self._find(slug, setup)
        return self._guarded(hosted, LOAD, lambda: hosted.process.offers(deadline=deadline), deadline)

    def complete(
        self,
        slug: str,
        request: CompletionRequest,
        *,
        deadline: float,
        name: str | None = None,
        leave: Leave | None = None,
        accept: Callable[[Completion], object] | None = None,
        setup: EnabledPlugin | None = None,
    ) -> Completion:
        """A language model's answer; of the plugin's first model unless `name` says which. `CallFailed`, as `offers`.

        What `accept` raises for an answer that is none (`CallFailed`) counts as the plugin's failure.
        """
        payload = {"request": _dump(request)}
        return self._call(
            slug, Kind.LLM_PROVIDER, name, "complete", payload, deadline, _COMPLETION, leave, accept, setup
        )

    def score(
        self,
        slug: str,
        request: CompletionRequest,
        choices: Sequence[str],
        *,
        deadline: float,
        leave: Leave | None = None,
        setup: EnabledPlugin | None = None,
    ) -> Scores | None:
        """How probable the plugin's first model finds each choice; None where it cannot say. `CallFailed`, as
        `offers`."""
        payload = {"request": _dump(request), "choices": list(choices)}
        return self._call(slug, Kind.LLM_PROVIDER, None, "score", payload, deadline, _SCORES, leave, setup=setup)

    def embed(
        self, slug: str, texts: Sequence[str], *, deadline: float, setup: EnabledPlugin | None = None
    ) -> Embeddings | None:
        """Vectors of texts by the plugin's first model; None where it has none for that. `CallFailed`, as `offers`."""
        if not self._can(slug, "embed", deadline):
            return None
        payload = {"texts": list(texts)}
        return self._call(slug, Kind.LLM_PROVIDER, None, "embed", payload, deadline, _EMBEDDINGS, setup=setup)

    def check(self, slug: str, *, deadline: float) -> Health:
        """How the plugin's first model is. `CallFailed`."""
        return self._call(slug, Kind.LLM_PROVIDER, None, "check", {}, deadline, _HEALTH)

    def models(self, slug: str, *, deadline: float) -> tuple[ModelInfo, ...]:
        """The models that a provider has at hand. `CallFailed`, `permanent` where it has no library."""
        self._require(slug, "models", deadline)
        return self._call(slug, Kind.LLM_PROVIDER, None, "models", {}, deadline, _MODELS)

    def pull(self, slug: str, model: str, *, deadline: float) -> Pull:
        """Begins to fetch a model, or says how far that is. `CallFailed`, `permanent` where it cannot fetch any."""
        self._require(slug, "pull", deadline)
        return self._call(slug, Kind.LLM_PROVIDER, None, "pull", {"model": model}, deadline, _PULL)

    def prioritise(
        self, slug: str, name: str, request: PriorityRequest, *, deadline: float, setup: EnabledPlugin | None = None
    ) -> Signal | None:
        """A prioritiser's opinion. `CallFailed`, as `offers`."""
        payload = {"request": _dump(request)}
        return self._call(slug, Kind.PRIORITISER, name, "prioritise", payload, deadline, _SIGNAL, setup=setup)

    def send(
        self, slug: str, message: Message, recipient: Recipient, *, deadline: float, name: str | None = None
    ) -> Delivery:
        """Hands a message to a channel; to the plugin's first one unless `name` says which. `CallFailed`."""
        payload = {"message": _dump(message), "recipient": _dump(recipient)}
        return self._call(slug, Kind.NOTIFICATION_CHANNEL, name, "send", payload, deadline, _DELIVERY)

    def close(self) -> None:
        """Ends every process, all at a time. None is started any more."""
        with self._lock:
            self._is_closed = True
            closed, self._registry = self._registry, _Registry(self._registry.generation, {})
        threads = [threading.Thread(target=hosted.process.stop) for hosted in closed.hosted.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _require(self, slug: str, method: str, deadline: float) -> None:
        """What a provider may leave out is no defect of it."""
        if not self._can(slug, method, deadline):
            raise CallFailed("permanent", f"{slug} keeps no library of models: it has no {method!r}.")

    def _can(self, slug: str, method: str, deadline: float) -> bool:
        """Whether a provider has a method that it may leave out."""
        offers = self.offers(slug, deadline=deadline)
        return any(offer.kind == Kind.LLM_PROVIDER and method in offer.can for offer in offers)

    def _call(
        self,
        slug: str,
        kind: Kind,
        name: str | None,
        method: str,
        payload: dict[str, Any],
        deadline: float,
        adapter: "TypeAdapter[Result]",
        leave: Leave | None = None,
        accept: Callable[[Result], object] | None = None,
        setup: EnabledPlugin | None = None,
    ) -> Result:
        hosted = self._find(slug, setup)
        ends = time.monotonic() + deadline
        offers = self._guarded(hosted, LOAD, lambda: hosted.process.offers(deadline=deadline), deadline)

        def ask() -> Result:
            named = name or _first(slug, kind, offers)
            left = max(0.0, ends - time.monotonic())
            answer = hosted.process.call(kind.value, named, method, payload, deadline=left, leave=leave)
            try:
                found = adapter.validate_python(answer, strict=False)
            except ValidationError as error:
                raise CallFailed("bug", f"{method} answered something else: {_without_values(error)}.") from None
            if accept is not None:
                accept(found)
            return found

        return self._guarded(hosted, method, ask, ends - time.monotonic())

    def _guarded(self, hosted: Hosted, capability: str, ask: Callable[[], Result], seconds: float) -> Result:
        """`ask` behind the breaker and among the plugin's other calls, waiting half of `seconds` at most.

        How it ends is told to both.
        """
        slug, breaker = hosted.plugin.slug, hosted.breaker(capability)
        wait = breaker.admit()
        if wait is not None:
            message = f"{slug} failed too often in a row and is not asked for another {wait:.0f} s."
            if wait > LONGEST_REST:
                message = f"{slug} was refused for its credentials and is not asked until its settings change."
            raise CallFailed("breaker_open", message, retry_after=wait)
        try:
            with hosted.slot(seconds / 2):
                result = ask()
        except CallFailed as failure:
            self._note(hosted.plugin, capability, breaker, failure)
            raise
        except BaseException:
            breaker.released()
            raise
        if breaker.succeeded():
            self._tell(lambda: self._sink.closed(slug, capability))
        return result

    def _note(self, plugin: EnabledPlugin, capability: str, breaker: Breaker, failure: CallFailed) -> None:
        if failure.kind in _NOT_ASKED:
            breaker.released()
            return
        log.warning("plugin %s, %s: %s (%s)", plugin.slug, capability, failure.message, failure.kind)
        self._tell(lambda: self._sink.failed(describe_failure(plugin.slug, capability, failure)))
        if failure.kind in _ANSWERED:
            if breaker.succeeded():
                self._tell(lambda: self._sink.closed(plugin.slug, capability))
            return
        seconds = breaker.failed(lasting=failure.kind == "auth")
        if seconds is not None:
            self._tell(lambda: self._sink.opened(plugin.slug, capability, seconds, failure.message))

    def _tell(self, tell: Callable[[], None]) -> None:
        """What cannot be noted is logged: it is no reason to lose an answer."""
        try:
            tell()
        except Exception:
            log.exception("a plugin's failure could not be noted")

    def _find(self, slug: str, setup: EnabledPlugin | None) -> Hosted:
        hosted = self._current().hosted.get(slug)
        if self._is_closed or (setup is not None and (hosted is None or hosted.plugin != setup)):
            raise CallFailed(SUPERSEDED, f"The settings of {slug} have changed meanwhile.", retry_after=1.0)
        if hosted is None:
            raise CallFailed("not_running", f"{slug} is not enabled, or cannot be used as it is set up.")
        return hosted

    def _current(self) -> _Registry:
        """The registry of the generation in force."""
        registry = self._registry
        if self._source.generation() == registry.generation:
            return registry
        with self._lock:
            before = self._registry
            if self._source.generation() != before.generation:
                self._registry = self._build(before)
            now = self._registry
        for slug, hosted in before.hosted.items():
            if now.hosted.get(slug) is not hosted:
                # Elsewhere: a process may take its second to end.
                threading.Thread(target=hosted.retire, name=f"retire-{slug}", daemon=True).start()
        return now

    def _build(self, before: _Registry) -> _Registry:
        snapshot = self._source.snapshot()
        hosted: dict[str, Hosted] = {}
        for plugin in snapshot.plugins:
            former = before.hosted.get(plugin.slug)
            same = former is not None and former.plugin == plugin
            hosted[plugin.slug] = former if same and former is not None else self._host(plugin)
        return _Registry(snapshot.generation, hosted)

    def _host(self, plugin: EnabledPlugin) -> Hosted:
        process = PluginProcess(plugin, self._outbound, start_deadline=self._start_deadline)
        return Hosted(plugin, process, self._clock)


def describe_failure(slug: str, capability: str, failure: CallFailed) -> Failure:
    """A failed call as it is noted."""
    # The place tells causes apart; texts differ by times and numbers.
    cause = failure.where or failure.message
    mark = hashlib.sha256("\0".join([slug, capability, failure.kind, cause]).encode()).hexdigest()
    return Failure(slug, capability, failure.kind, failure.message[:1_000], failure.trace[-8_000:], mark)


def _first(slug: str, kind: Kind, offers: Sequence[Offer]) -> str:
    for offer in offers:
        if offer.kind == kind:
            return offer.name
    raise CallFailed("bug", f"{slug} says that it is a {kind.value}, and offers none.")


def _dump(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(mode="json")


def _without_values(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}".lstrip(": ")[:300]
