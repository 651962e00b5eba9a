"""What the gateway takes and answers."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import Level
from taskflow.domain.prompts import MOST_EXAMPLES, Asked
from taskflow.plugin_host.state import EnabledPlugin, Outbound

#: Milliseconds: what a question may wait for when it does not say, and at most.
DEADLINE_MS, LONGEST_DEADLINE_MS = 10_000, 60_000
MOST_AT_ONCE = 100
#: Moments that can be told in every time zone.
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
_Name = Annotated[str, Field(max_length=500)]


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("it is no time zone; give an IANA name such as Europe/Berlin") from None
    return name


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Told(BaseModel):
    """Of what is told about a task only what a model is asked with is read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class TaskFields(_Told):
    """The judged fields of a task; what else is sent is left aside."""

    title: Annotated[str, Field(min_length=1, max_length=500)]
    description: Annotated[str, Field(max_length=100_000)] = ""
    project: _Name = ""
    labels: Annotated[tuple[_Name, ...], Field(max_length=100)] = ()
    due_date: date | None = None
    due_at: AwareDatetime | None = None
    start_date: date | None = None
    estimate_minutes: Annotated[int, Field(ge=0)] | None = None
    parent: _Name | None = None
    open_blockers: Annotated[int, Field(ge=0)] = 0
    open_dependents: Annotated[int, Field(ge=0)] = 0
    created_at: AwareDatetime | None = None

    def facts(self, now: datetime) -> TaskFacts:
        """As the domain knows them; one without a date of creation was created `now`."""
        return TaskFacts(**{**dict(self), "created_at": self.created_at or now})


class ExampleFields(_Told):
    """A task that the person decided before."""

    title: Annotated[str, Field(max_length=500)]
    priority: Level


class ContextFields(_Told):
    """Whose question it is and when. `now` is the present moment where it is left out."""

    now: Annotated[AwareDatetime, Field(ge=_EARLIEST, le=_LATEST)] | None = None
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_check_zone)] = "UTC"
    #: Newest first; more than a model is shown are left aside.
    examples: Annotated[tuple[ExampleFields, ...], Field(max_length=200)] = ()


class Question(_In):
    """One task to judge."""

    task: TaskFields
    context: ContextFields = ContextFields()
    deadline_ms: Annotated[int, Field(ge=1, le=LONGEST_DEADLINE_MS)] = DEADLINE_MS
    #: Of the configuration that the answer must come from; None: whichever is held.
    generation: Annotated[int, Field(ge=0)] | None = None
    #: Whether a provider that counts as leaving this machine may be told. Who asks may not know yet which one is in
    #: force now.
    may_leave: bool = True

    def asked(self) -> Asked:
        """As prompts are made of it."""
        now = (self.context.now or datetime.now(UTC)).astimezone(UTC)
        return Asked(
            facts=self.task.facts(now),
            decided=tuple((found.title, found.priority) for found in self.context.examples[:MOST_EXAMPLES]),
            now=now,
            timezone=self.context.timezone,
        )


class Questions(_In):
    """Several tasks to judge; `deadline_ms` and `generation` are those of all."""

    items: Annotated[tuple[Question, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]
    deadline_ms: Annotated[int, Field(ge=1, le=LONGEST_DEADLINE_MS)] = DEADLINE_MS
    generation: Annotated[int, Field(ge=0)] | None = None


class PluginFields(_In):
    """A plugin that is to run, as `EnabledPlugin` says."""

    slug: Annotated[str, Field(max_length=80)]
    distribution: str
    version: str
    module: Annotated[str, Field(min_length=1)]
    fingerprint: str
    kinds: frozenset[str]
    network: str
    order: int = 100
    config: dict[str, Any] = {}
    secrets: frozenset[str] = frozenset()
    provider: str = ""
    leaves: bool = True
    able: bool = False

    def plugin(self) -> EnabledPlugin:
        """As the host runs it."""
        return EnabledPlugin(**dict(self))


class OutboundFields(_In):
    """Where plugins may connect to."""

    allow: tuple[str, ...] = ()
    offline: bool = False

    def outbound(self) -> Outbound:
        """As the host takes it."""
        return Outbound(allow=self.allow, offline=self.offline)


class ConfigFields(_In):
    """The configuration of one generation: providers with their settings, and which of them is asked."""

    generation: Annotated[int, Field(ge=0)]
    plugins: Annotated[tuple[PluginFields, ...], Field(max_length=100)] = ()
    #: The slug of the provider that is asked; None: none is.
    active: Annotated[str, Field(max_length=80)] | None = None
    #: Another model than the provider's settings name.
    model: Annotated[str, Field(max_length=200)] | None = None
    outbound: OutboundFields = OutboundFields()


class EmbedFields(_In):
    """Texts to turn into vectors, by the provider with this slug."""

    texts: Annotated[tuple[Annotated[str, Field(max_length=10_000)], ...], Field(min_length=1, max_length=100)]
    deadline_ms: Annotated[int, Field(ge=1, le=LONGEST_DEADLINE_MS)] = DEADLINE_MS
    generation: Annotated[int, Field(ge=0)] | None = None
    #: As in `Question`.
    may_leave: bool = True


class PullFields(_In):
    """A model to fetch."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    generation: Annotated[int, Field(ge=0)] | None = None


class ReasonDocument(BaseModel):
    """Why, about a field of the task."""

    code: str
    text: str
    field: str


class SentDocument(BaseModel):
    """What went to the model, without its text, and whether that counts as leaving this machine."""

    provider: str
    leaves: bool
    sha256: str
    bytes: int
    redactions: int
    #: The model that was named to the provider; empty: the one of its settings.
    model: str = ""


class Suggestion(BaseModel):
    """A level with its probabilities. `reasons` are facts of the task, no words of the model; those are in `words`,
    only from a provider that is flagged as able."""

    suggested_priority: Level
    confidence: float
    probabilities: dict[Level, float]
    reasons: list[ReasonDocument]
    provider: str
    model: str
    prompt_version: str
    latency_ms: float
    words: str = ""
    #: `scores`: the model's own probabilities of the levels; `json`: a level and a confidence that it wrote.
    method: Literal["scores", "json"]
    cached: bool = False
    leaves: bool
    sent: SentDocument
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
