"""What goes into a plugin and what comes out of it: frozen values that are checked when they are made.

What comes out is untrusted: it is checked again, bounded and shown as text. Instants are aware, in UTC.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

#: The levels that a suggestion can propose, lowest first.
Level: TypeAlias = Literal["low", "medium", "high", "urgent"]
Probability: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text: TypeAlias = Annotated[str, Field(max_length=100_000)]
#: What the columns that they are kept in hold.
Tokens: TypeAlias = Annotated[int, Field(ge=0, le=2**31 - 1)]
Bytes: TypeAlias = Annotated[int, Field(ge=0, le=2**63 - 1)]


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskView(_Value):
    """A task as a prioritiser sees it: its texts as people wrote them."""

    id: UUID
    title: Annotated[str, Field(max_length=500)]
    description: Text = ""
    status: Literal["todo", "in_progress"] = "todo"
    project: str = ""
    labels: tuple[str, ...] = ()
    due_date: date | None = None
    due_at: AwareDatetime | None = None
    start_date: date | None = None
    estimate_minutes: Annotated[int, Field(ge=0)] | None = None
    parent: str | None = None
    open_blockers: Annotated[int, Field(ge=0)] = 0
    open_dependents: Annotated[int, Field(ge=0)] = 0
    created_at: AwareDatetime


class ExampleView(_Value):
    """A task that the person decided before, and what they decided."""

    title: Annotated[str, Field(max_length=500)]
    priority: Level


class PriorityRequest(_Value):
    """What a prioritiser is asked: how urgent is `task` at `now`, for somebody who decided `examples` so."""

    task: TaskView
    now: AwareDatetime
    #: IANA name; the zone that days are counted in.
    timezone: str = "UTC"
    #: Newest first.
    examples: Annotated[tuple[ExampleView, ...], Field(max_length=50)] = ()


class Reason(_Value):
    """Why: a text for people that cites the task's own facts."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    text: Annotated[str, Field(min_length=1, max_length=300)]
    #: The field of the task that it speaks of.
    field: Annotated[str, Field(max_length=40)] | None = None


class Signal(_Value):
    """One opinion: a probability for each level, which add up to 1, and why."""

    probabilities: dict[Level, Probability]
    reasons: Annotated[tuple[Reason, ...], Field(max_length=10)] = ()
    #: What made it, where there is more than one.
    model: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        missing = {"low", "medium", "high", "urgent"} - set(self.probabilities)
        if missing:
            raise ValueError(f"probabilities: none for {', '.join(sorted(missing))}")
        total = sum(self.probabilities.values())
        if abs(total - 1) > 1e-3:
            raise ValueError(f"probabilities: they add up to {total:.4f} instead of 1")
        return self


class CompletionRequest(_Value):
    """A text for a language model, and what its answer must look like."""

    #: Instructions of TaskFlow's own.
    system: Text
    #: Data to judge; never instructions.
    prompt: Text
    #: The answer's JSON schema; None: any text.
    json_schema: dict[str, Any] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8_192)] = 256
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    #: Another than the configured one.
    model: Annotated[str, Field(max_length=200)] | None = None


class Usage(_Value):
    """Tokens, as the backend counted them."""

    prompt_tokens: Tokens
    completion_tokens: Tokens


class Completion(_Value):
    """A language model's answer, unchecked."""

    text: Annotated[str, Field(max_length=200_000)]
    model: Annotated[str, Field(max_length=200)] = ""
    usage: Usage | None = None
    #: It ended for want of tokens.
    truncated: bool = False


class Scores(_Value):
    """How probable each of the given choices is as the answer: in their order, adding up to 1."""

    probabilities: Annotated[tuple[Probability, ...], Field(min_length=2, max_length=100)]
    model: Annotated[str, Field(max_length=200)] = ""
    usage: Usage | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        total = sum(self.probabilities)
        if abs(total - 1) > 1e-3:
            raise ValueError(f"probabilities: they add up to {total:.4f} instead of 1")
        return self


class Embeddings(_Value):
    """A vector of one length for each text, in their order."""

    vectors: Annotated[tuple[tuple[float, ...], ...], Field(max_length=1_000)]
    model: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len({len(vector) for vector in self.vectors}) > 1:
            raise ValueError("vectors: they have different lengths")
        return self


class ModelInfo(_Value):
    """A model that a provider has at hand."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    size_bytes: Bytes | None = None


class Pull(_Value):
    """How far a provider is with fetching a model."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    state: Literal["running", "done", "failed"]
    completed_bytes: Bytes = 0
    #: None while it is not known.
    total_bytes: Bytes | None = None
    #: Why it failed, or what is being done; for administrators.
    detail: Annotated[str, Field(max_length=500)] = ""


class Message(_Value):
    """What a channel delivers. Plain texts; `url` leads to what it speaks of."""

    #: The same however often it is tried: where the other side knows keys, it suppresses doubles by it.
    key: Annotated[str, Field(min_length=1, max_length=200)]
    #: A type of event, such as `task.assigned`.
    event: Annotated[str, Field(max_length=80)]
    subject: Annotated[str, Field(min_length=1, max_length=300)]
    body: Text
    url: Annotated[str, Field(max_length=2_000)] = ""
    time: AwareDatetime


class Recipient(_Value):
    """Who gets it, and this person's own settings of the channel."""

    username: str
    email: str = ""
    timezone: str = "UTC"
    #: An instance of the manifest's `user_config`.
    settings: Any = None


class Delivery(_Value):
    """The other side took a message."""

    #: The other side's name for it, where it gives one.
    external_id: Annotated[str, Field(max_length=300)] = ""
    detail: Annotated[str, Field(max_length=300)] = ""


class Health(_Value):
    """What a check found. The texts are for administrators: no secrets."""

    ok: bool
    #: What went wrong, exactly as the other side put it.
    error: Annotated[str, Field(max_length=1_000)] = ""
    #: What to do about it.
    next_step: Annotated[str, Field(max_length=500)] = ""
    model: Annotated[str, Field(max_length=200)] = ""
    #: A piece of a real answer.
    sample: Annotated[str, Field(max_length=1_000)] = ""
    #: Tokens a second that a language model wrote for the sample, where that is known.
    tokens_per_second: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    checked_at: datetime | None = None
