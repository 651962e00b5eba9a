"""What use cases reach outside the database, as protocols that `bootstrap` fulfils."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from taskflow.domain.priority import Level
    from taskflow.domain.prompts import Asked
    from taskflow.plugin_api import Embeddings, ModelInfo, Pull
    from taskflow.plugin_host.runner import Runner


class Queue(Protocol):
    """Wakes workers. A lost message costs time and nothing else: a sweep finds every row."""

    def wake(self, job_id: UUID) -> None:
        """Tells a worker that this job is due; must neither raise nor block."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class FileStore(Protocol):
    """Contents of files, each under a random name of 32 hexadecimal digits."""

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Keeps a content under a new name: complete and durable when this returns, absent when it raises OSError."""

    def open(self, name: str) -> BinaryIO:
        """The content, for reading. `FileNotFoundError` when there is none."""

    def delete(self, name: str) -> None:
        """Forgets a content; again is no error."""

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Every name with the instant it was written at, what a dead process left half written among them."""

    def is_empty(self) -> bool:
        """Whether nothing was ever written; cheap."""


class Undecryptable(Exception):
    """A stored secret fits no key of the ring: it was written under another ring, or it is damaged."""


class Secrets(Protocol):
    """Encryption of what is stored, under a key ring outside the database. `context` says what it is for."""

    def encrypt(self, value: str, context: str) -> str:
        """The value as a token of printable characters."""

    def decrypt(self, token: str, context: str) -> str:
        """The value that `encrypt` was given with this context. `Undecryptable`."""

    def is_current(self, token: str, context: str) -> bool:
        """Whether the newest key alone decrypts the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswer:
    """What a language model said of a task, and what went to it, without its text."""

    probabilities: "Mapping[Level, float]"
    #: Its own words, from one that is flagged as able; checked, not believed.
    words: str
    #: Who answered: the settings may have changed since somebody was asked.
    provider: str
    model: str
    #: `scores` or `json`.
    method: str
    prompt_version: str
    cached: bool
    #: Whether who answered counts as leaving this machine.
    leaves: bool
    sha256: str
    sent_bytes: int
    redactions: int
    prompt_tokens: int | None
    completion_tokens: int | None


class Models(Protocol):
    """The language models that are enabled, wherever they run. All calls raise `plugin_host.state.CallFailed`."""

    def suggest(self, asked: "Asked", *, deadline: float, may_leave: bool = False) -> ModelAnswer:
        """What the provider in force says of a task, within `deadline` seconds; unless the task `may_leave`, only one
        that does not count as leaving this machine at the moment of the call is told."""

    def configure(self, *, deadline: float) -> None:
        """Tells them which providers are enabled now, so that the next question need not wait for that."""

    def embed(self, slug: str, texts: tuple[str, ...], *, deadline: float) -> "Embeddings | None":
        """Vectors of texts; None where the provider has no model for that."""

    def models(self, slug: str, *, deadline: float) -> "tuple[ModelInfo, ...]":
        """The models that a provider has at hand."""

    def pull(self, slug: str, model: str, *, deadline: float) -> "Pull":
        """Begins to fetch a model, or says how far that is."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class PolledQueue:
    """Wakes nobody: jobs wait for the next poll. For commands that run beside no worker, and for tests."""

    def wake(self, job_id: UUID) -> None:
        """Does nothing: the row in the ledger is the message."""


@dataclass(slots=True)
class Ports:
    """The adapters in use in this process."""

    queue: Queue
    clock: Clock
    files: FileStore | None = None
    secrets: Secrets | None = None
    plugins: "Runner | None" = None
    models: Models | None = None


_ports = Ports(queue=PolledQueue(), clock=SystemClock())


def install(
    *,
    queue: Queue | None = None,
    clock: Clock | None = None,
    files: FileStore | None = None,
    secrets: Secrets | None = None,
    plugins: "Runner | None" = None,
    models: Models | None = None,
) -> None:
    """Joins ports to adapters; what is not named stays as it is."""
    if queue is not None:
        _ports.queue = queue
    if clock is not None:
        _ports.clock = clock
    if files is not None:
        _ports.files = files
    if secrets is not None:
        _ports.secrets = secrets
    if plugins is not None:
        _ports.plugins = plugins
    if models is not None:
        _ports.models = models


def queue() -> Queue:
    """The queue in use."""
    return _ports.queue


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _ports.clock.now()


def files() -> FileStore:
    """The file store in use; `RuntimeError` in a process that was given none."""
    if _ports.files is None:
        raise RuntimeError("no file store is installed in this process")
    return _ports.files


def secrets() -> Secrets:
    """The encryption in use; `RuntimeError` in a process that was given none."""
    if _ports.secrets is None:
        raise RuntimeError("no encryption is installed in this process")
    return _ports.secrets


def plugins() -> "Runner | None":
    """What runs plugins in this process; None in one that runs none."""
    return _ports.plugins


def models() -> Models | None:
    """The way to language models in this process; None in one that asks none."""
    return _ports.models


def forget_plugins() -> None:
    """Runs no plugins and asks no models in this process any more."""
    _ports.plugins = _ports.models = None
