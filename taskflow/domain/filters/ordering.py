"""The orders that a list of tasks can have, as text."""

from taskflow.domain.errors import Invalid

ORDERS = ("due", "priority", "urgency", "created_at", "updated_at", "rank", "title")


def read_ordering(field: str, text: str) -> tuple[tuple[str, bool], ...]:
    """The names of `ordering`, each with whether it descends; empty for an empty text. `Invalid` names `field`."""
    found = []
    for part in text.split(",") if text.strip() else ():
        name = part.strip()
        if name.removeprefix("-") not in ORDERS:
            detail = f"{name[:50]!r} is none of {', '.join(ORDERS)}, each with '-' before it or not."
            raise Invalid.field(field, "invalid", detail)
        found.append((name.removeprefix("-"), name.startswith("-")))
    if len({name for name, _ in found}) != len(found):
        raise Invalid.field(field, "repeated", "Name each order once.")
    return tuple(found)
