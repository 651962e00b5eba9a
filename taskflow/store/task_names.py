"""Tasks by what people call them: an id, or a key such as `HOME-12`, present or former, in any case."""

import re
from uuid import UUID

from taskflow.store.projects import named_projects
from taskflow.store.sql import FALSE, Sql, uuid_value

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9]{1,9})-([0-9]{1,9})")


def named_task(reference: str | UUID) -> Sql:
    """That `t` has this id, or this key now."""
    identifier = _as_uuid(reference)
    if identifier is not None:
        return Sql("t.id = %s", (uuid_value(identifier),))
    match = _KEY.fullmatch(str(reference))
    if match is None:
        return FALSE
    project = named_projects([match[1]])
    return Sql(f"({project.text}) AND t.number = %s", (*project.params, int(match[2])))


def formerly_named_task(reference: str | UUID) -> Sql:
    """That `t` had this key before it moved."""
    match = _KEY.fullmatch(str(reference))
    if match is None or _as_uuid(reference) is not None:
        return FALSE
    former = named_projects([match[1]])
    held = (
        "SELECT a.task_id FROM store_taskkeyalias a JOIN store_project p ON p.id = a.project_id"
        f" WHERE a.number = %s AND ({former.text})"
    )
    return Sql(f"t.id IN ({held})", (int(match[2]), *former.params))


def _as_uuid(reference: str | UUID) -> UUID | None:
    if isinstance(reference, UUID):
        return reference
    try:
        return UUID(reference)
    except ValueError:
        return None
