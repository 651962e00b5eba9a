"""Reading the values of filter parameters."""

from taskflow.domain.errors import Invalid

MOST_VALUES = 100


def parse_flag(name: str, text: str) -> bool:
    """`true` or `false`."""
    if text not in {"true", "false"}:
        raise Invalid.field(name, "invalid", "Give true or false.")
    return text == "true"


def parse_choices(name: str, text: str, allowed: tuple[str, ...] | None = None) -> list[str]:
    """Values that are separated by commas; each one of `allowed`, where that is given."""
    values = [part.strip() for part in text.split(",") if part.strip()]
    if not values:
        raise Invalid.field(name, "empty", "Give at least one value, several with commas, or leave the filter out.")
    if len(values) > MOST_VALUES:
        raise Invalid.field(name, "too_many", f"Give at most {MOST_VALUES} values.")
    for value in values:
        if allowed is not None and value not in allowed:
            raise Invalid.field(name, "invalid", f"{value[:50]!r} is none of {', '.join(allowed)}.")
    return values
