"""What a plugin's process may send, checked and cleaned at the door.

Honest plugins leave that to `child.py`. One that writes into the socket itself can send anything, so nothing is taken
for granted here; nothing that is shown, logged or stored later has a secret of the plugin's settings in it.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taskflow.plugin_api import Kind
from taskflow.plugin_host.redaction import Redactor, clean

#: Objects that a plugin may offer, and characters of the name of one.
MOST_OFFERS = 20
LONGEST_NAME = 80


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SaidOffer(_Part):
    """An object that a plugin's hooks returned."""

    kind: Kind
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    can: Annotated[tuple[str, ...], Field(max_length=20)]


class SaidError(_Part):
    """Why a call, or loading, failed."""

    kind: Literal["auth", "transient", "permanent", "bug"]
    message: str
    retry_after: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    trace: str = ""
    where: str = ""


class Said(_Part):
    """One message: a line of the log, what is offered, or how a call ended."""

    log: tuple[Annotated[int, Field(ge=0, le=100)], str] | None = None
    offers: Annotated[tuple[SaidOffer, ...], Field(max_length=MOST_OFFERS)] | None = None
    id: int | None = None
    result: Any = None
    error: SaidError | None = None
    cancelled: bool = False


def read_message(message: dict[str, Any], redact: Redactor) -> Said:
    """The message. `ValueError` for one that no child of ours sends."""
    try:
        said = Said.model_validate(clean(message, redact))
    except RecursionError:
        raise ValueError("a message that is nested too deeply") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ValueError(f"a message that is none: {'.'.join(map(str, found['loc']))[:80]}: {found['msg']}") from None
    if said.log is None and said.id is None and said.offers is None and said.error is None:
        raise ValueError("a message that is none: it says nothing")
    return said
