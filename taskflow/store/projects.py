"""Projects by what people call them, as conditions of a statement."""

from collections.abc import Iterable
from uuid import UUID

from taskflow.store.sql import Sql, any_of, join, uuid_value


def named_projects(references: Iterable[str]) -> Sql:
    """That `p` has one of these ids or keys, present or former, in any case."""
    ids: list[UUID] = []
    keys: list[str] = []
    for reference in references:
        try:
            ids.append(UUID(reference))
        except ValueError:
            keys.append(reference.upper())
    named = [any_of("p.id", map(uuid_value, ids))] if ids else []
    if keys:
        present, former = any_of("k.key", keys), any_of("f.key", keys)
        text = (
            f"p.id IN (SELECT k.id FROM store_project k WHERE {present.text}"
            f" UNION ALL SELECT f.project_id FROM store_projectkeyalias f WHERE {former.text})"
        )
        named.append(Sql(text, present.params + former.params))
    return join("OR", named)
