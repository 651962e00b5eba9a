"""How a project weighs the factors of urgency: the JSON object `urgency_weights`, and its errors by name."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from taskflow.domain.errors import FieldError, Invalid

Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Days = Annotated[float, Field(ge=0.1, le=3650, allow_inf_nan=False)]


class Weights(BaseModel):
    """The weights of one project. The first five are relative to each other: their sum is scaled to 100 points."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    due: Points = Field(default=50.0, description="The time that is left until the task is due, or that it is overdue.")
    priority: Points = Field(default=30.0, description="The priority that a person set.")
    blocking: Points = Field(default=10.0, description="How many open tasks wait for this one.")
    age: Points = Field(default=6.0, description="The time since the task was created.")
    active: Points = Field(default=4.0, description="Being in progress.")
    due_half_days: Days = Field(
        default=3.0, description="Days before it is due at which a task has half of what it has then."
    )
    overdue_half_days: Days = Field(default=7.0, description="Days overdue at which half of the last quarter is added.")
    age_half_days: Days = Field(default=30.0, description="Age in days at which half of the weight of age is added.")
    blocked_share: Share = Field(
        default=0.25, description="The share of its score that a task keeps while it waits for others."
    )
    not_started_share: Share = Field(
        default=0.1, description="The share of its score that a task keeps before its start date."
    )
    inheritance: Share = Field(
        default=0.9, description="The share of its score that a task grants to each it waits for."
    )

    @model_validator(mode="after")
    def _weigh_something(self) -> Self:
        # Below one thousandth of a point in all, scaling to 100 would turn noise into urgency.
        if self.total < 0.001:
            raise ValueError("due, priority, blocking, age and active are all 0: give at least one of them a weight")
        return self

    @property
    def total(self) -> float:
        """The sum that is scaled to 100 points."""
        return self.due + self.priority + self.blocking + self.age + self.active


def parse_weights(data: object, *, field: str = "urgency_weights") -> Weights:
    """The weights in a project's JSON. An absent name has its default, and so has everything if `data` is None.

    Raises `Invalid` with one error for each wrong name, its field being for instance `urgency_weights.due`.
    """
    try:
        return Weights.model_validate({} if data is None else data)
    except ValidationError as invalid:
        raise Invalid(
            [
                _field_error(
                    ".".join([field, *(str(part)[:100] for part in problem["loc"])]), problem["type"], problem["msg"]
                )
                for problem in invalid.errors(include_url=False, include_context=False, include_input=False)
            ]
        ) from None


def _field_error(field: str, kind: str, message: str) -> FieldError:
    if kind == "extra_forbidden":
        return FieldError(field, "unknown_field", f"There is no such weight. Take {', '.join(Weights.model_fields)}.")
    return FieldError(field, "invalid", f"{message.removeprefix('Value error, ')}.")
