"""What the objects do that a plugin's hooks return. All of it runs in an event loop: block it and others wait.

Each call has a time limit and may be cancelled at any await; a cancelled call leaves the object usable. Calls may
overlap. What is raised otherwise than in `errors.py` counts as the plugin's bug.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from taskflow.plugin_api.data import (
    Completion,
    CompletionRequest,
    Delivery,
    Embeddings,
    Health,
    Message,
    ModelInfo,
    PriorityRequest,
    Pull,
    Recipient,
    Scores,
    Signal,
)


@runtime_checkable
class LLMProvider(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """What tells it from the plugin's others; stable."""

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answers one request. `AuthError`, `TransientError`, `PermanentError`."""

    async def check(self) -> Health:
        """Asks for a short answer, with the settings as they are; raises nothing for a backend that is not well."""


@runtime_checkable
class Scorer(Protocol):
    """A language model that can say how probable given continuations are."""

    async def score(self, request: CompletionRequest, choices: Sequence[str]) -> Scores | None:
        """How probable each choice is as the beginning of the answer; None where the backend, as it turns out, cannot
        say, so that `complete` is asked instead. `AuthError`, `TransientError`, `PermanentError`."""


@runtime_checkable
class Embedder(Protocol):
    """A model that turns texts into vectors."""

    async def embed(self, texts: Sequence[str]) -> Embeddings | None:
        """A vector for each text; None where the settings name no model for that."""


@runtime_checkable
class ModelLibrary(Protocol):
    """A provider whose models come and go while it runs."""

    async def models(self) -> Sequence[ModelInfo]:
        """The models that can be asked now."""

    async def pull(self, model: str) -> Pull:
        """Begins to fetch a model, unless that runs already, and says at once how far it is; called again, how far it
        is by then. It goes on between calls. `PermanentError` for a name that is none."""


@runtime_checkable
class Prioritiser(Protocol):
    """Something with an opinion on priorities."""

    @property
    def name(self) -> str:
        """What tells it from the plugin's others; stable."""

    async def prioritise(self, request: PriorityRequest) -> Signal | None:
        """Its opinion; None where it has none. `TransientError`, `PermanentError`, `AuthError`."""


@runtime_checkable
class NotificationChannel(Protocol):
    """A way to reach somebody."""

    @property
    def name(self) -> str:
        """What tells it from the plugin's others; stable."""

    async def send(self, message: Message, recipient: Recipient) -> Delivery:
        """Hands one message over; returns once the other side has taken it. May be called again with the same key."""

    async def check(self) -> Health:
        """Reaches the other side without sending anything to anybody; raises nothing where it is not well."""
