"""Which projects: by what people call them, and by who may see them, as conditions of a statement."""

from collections.abc import Iterable
from uuid import UUID

from taskflow.domain.permissions import Actor
from taskflow.store.sql import TRUE, Sql, any_of, join, uuid_value


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


def visible_projects(actor: Actor, column: str) -> Sql:
    """That `column` names a project which the actor may see, within the credential's limit."""
    if actor.operator:
        return TRUE
    if actor.user_id is None:
        return any_of(column, ())
    member = Sql(
        f"EXISTS (SELECT 1 FROM store_membership m WHERE m.project_id = {column} AND m.user_id = %s)",
        (uuid_value(actor.user_id),),
    )
    limits = [] if actor.projects is None else [any_of(column, map(uuid_value, actor.projects))]
    return join("AND", [member, *limits])
