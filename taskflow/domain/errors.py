"""The errors that rules and use cases raise; `interfaces/api/problems.py` maps each to a problem document."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one field, and its remedy in `detail`."""

    field: str
    code: str
    detail: str
    index: int | None = None
    position: int | None = None


class TaskFlowError(Exception):
    """The root of all typed errors. `code` is part of the API's contract."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code:
            self.code = code


class Invalid(TaskFlowError):
    """The request's content is wrong: nothing was changed."""

    code = "invalid"

    def __init__(self, errors: list[FieldError], detail: str = "The request has invalid fields.") -> None:
        super().__init__(detail)
        self.errors = errors

    @classmethod
    def field(cls, field: str, code: str, detail: str) -> "Invalid":
        """An error about one field."""
        return cls([FieldError(field, code, detail)])


class NotFound(TaskFlowError):
    """The object does not exist, or the actor may not know that it does."""

    code = "not_found"

    def __init__(self, detail: str = "There is no such object, or you may not see it.") -> None:
        super().__init__(detail)


class Forbidden(TaskFlowError):
    """The actor sees the object but may not do this to it."""

    code = "forbidden"


class Conflict(TaskFlowError):
    """The object's state does not allow this."""

    code = "conflict"


class StaleVersion(TaskFlowError):
    """`If-Match` named a version that is no longer current."""

    code = "stale_version"

    def __init__(self, current: int) -> None:
        super().__init__(f"The object has changed since: its version is now {current}. Read it again and repeat.")
        self.current = current


class KeyReused(TaskFlowError):
    """A key that stands for one request came with another one."""

    code = "idempotency_key_reused"


class NotAuthenticated(TaskFlowError):
    """The credentials are missing or wrong."""

    code = "not_authenticated"


class StorageFull(TaskFlowError):
    """The server has no room for what was sent."""

    code = "storage_full"


class TooMany(TaskFlowError):
    """A limit was reached; repeat after `retry_after` seconds."""

    code = "rate_limited"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
