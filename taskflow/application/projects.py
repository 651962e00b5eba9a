"""Projects: making, changing, archiving, transferring and deleting them, and every user's inbox."""

import re
import unicodedata
from collections.abc import Mapping
from itertools import count
from typing import Any, TypeAlias
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from taskflow.application import decisions, urgency
from taskflow.application.access import find_project
from taskflow.application.changes import Change, change
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, Forbidden, Invalid
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor, ProjectRole
from taskflow.domain.priority import Priority
from taskflow.domain.urgency_weights import parse_weights
from taskflow.store.models import Membership, Project, ProjectKeyAlias, Suggestion, User
from taskflow.store.models.suggestions import SuggestionState
from taskflow.store.models.users import fold_name

Fields: TypeAlias = Mapping[str, Any]

#: Derived keys that are tried while others take them.
_KEY_TRIES = 50

#: Fields that a change may name, and how the value given becomes the column's.
_COLUMNS = (
    "name",
    "description",
    "color",
    "archived",
    "auto_suggest",
    "auto_apply_confidence",
    "remote_models_allowed",
    "urgency_weights",
)


def create_project(actor: Actor, fields: Fields) -> Project:
    """A new project with `actor` as its owner. `Conflict` (`key_taken`) when the key is another project's."""
    if actor.projects is not None:
        detail = "This token is limited to its projects and would not see the new one. Use one without that limit."
        raise Forbidden(detail, code="insufficient_scope")
    with change(actor) as opened:
        return add_project(opened, fields)


def add_project(opened: Change, fields: Fields, *, inbox_of: User | None = None) -> Project:
    """`create_project` inside an open change; also makes inboxes."""
    owner = opened.actor.person if inbox_of is None else inbox_of.pk
    values = _columns(fields)
    values["default_priority"] = Priority(fields.get("default_priority", "none")).rank
    given = fields.get("key")
    if given and is_key_taken(str(given).upper()):
        raise key_taken(str(given).upper())
    for tries in count(1):
        stem = "IN" if inbox_of else str(fields["name"])
        key = str(given).upper() if given else derive_key(stem, numbered=bool(inbox_of))
        try:
            with transaction.atomic():
                project = Project.objects.create(key=key, inbox_of=inbox_of, created_by_id=owner, **values)
            break
        except IntegrityError as error:
            # Somebody else took the derived key in the same moment: the next one is free.
            if given or tries == _KEY_TRIES:
                raise key_taken(key) from error
    Membership.objects.create(project=project, user_id=owner, role=ProjectRole.OWNER)
    opened.event(EventType.PROJECT_CREATED, project=project.pk, data={"key": key, "name": project.name})
    return project


def update_project(actor: Actor, reference: str | UUID, fields: Fields, *, version: int | None = None) -> Project:
    """Changes the named fields. `StaleVersion` when `version` is not current, `Conflict` for a key that is taken."""
    with change(actor) as opened:
        project = find_project(actor, reference, Action.PROJECT_UPDATE, lock=True)
        check_version(project.version, version)
        if fields.get("archived"):
            refuse_inbox(project, "archived")
        before = {name: getattr(project, name) for name in (*_COLUMNS, "default_priority", "key")}
        for name, value in _columns(fields).items():
            setattr(project, name, value)
        if "default_priority" in fields:
            project.default_priority = Priority(fields["default_priority"]).rank
        if "key" in fields:
            _rename_key(project, str(fields["key"]).upper())
        changed = [name for name, old in before.items() if getattr(project, name) != old]
        if not changed:
            return project
        _save(project, changed)
        if "name" in changed:
            # Its tasks were judged by the name, and reasons quote it.
            pending = Suggestion.objects.filter(task__project=project, state=SuggestionState.PENDING)
            decisions.make_stale(pending.values_list("task_id", flat=True))
        opened.event(
            EventType.PROJECT_UPDATED,
            project=project.pk,
            data={"changes": {name: {"from": before[name], "to": getattr(project, name)} for name in changed}},
        )
        if "urgency_weights" in changed:
            opened.job(urgency.REFRESH_PROJECT, {"project": str(project.pk)}, key=f"urgency:{project.pk}")
        return project


def archive_project(actor: Actor, reference: str | UUID, *, version: int | None = None) -> Project:
    """Puts a project away: still readable, no longer in the way. An inbox cannot be archived (`Conflict`)."""
    return update_project(actor, reference, {"archived": True}, version=version)


def unarchive_project(actor: Actor, reference: str | UUID, *, version: int | None = None) -> Project:
    """Takes a project up again; of one that was not put away, nothing changes."""
    return update_project(actor, reference, {"archived": False}, version=version)


def transfer_project(actor: Actor, reference: str | UUID, username: str, *, version: int | None = None) -> Project:
    """Makes another active member the owner and the present one an admin; `Invalid` when there is no such member."""
    with change(actor) as opened:
        project = find_project(actor, reference, Action.PROJECT_TRANSFER, lock=True)
        check_version(project.version, version)
        refuse_inbox(project, "transferred")
        members = Membership.objects.filter(project=project, user__is_active=True).select_related("user")
        heir = members.filter(user__username_key=fold_name(username)).first()
        if heir is None:
            raise Invalid.field("user", "not_found", f"{username!r} is not a member of this project. Add them first.")
        if heir.user_id != actor.user_id:
            members.filter(user_id=actor.person).update(role=ProjectRole.ADMIN, version=F("version") + 1)
            members.filter(pk=heir.pk).update(role=ProjectRole.OWNER, version=F("version") + 1)
            opened.event(
                EventType.MEMBER_UPDATED, project=project.pk, data={"user": heir.user.username, "role": "owner"}
            )
        return project


def refuse_inbox(project: Project, verb: str) -> None:
    """`Conflict` (`inbox`) for somebody's own project; `verb` is what it cannot be."""
    if project.inbox_of_id is not None:
        raise Conflict(f"An inbox cannot be {verb}.", code="inbox")


def _rename_key(project: Project, key: str) -> None:
    if key == project.key:
        return
    former = ProjectKeyAlias.objects.filter(key=key).first()
    if Project.objects.filter(key=key).exists() or (former is not None and former.project_id != project.pk):
        raise key_taken(key)
    if former is not None:
        former.delete()
    ProjectKeyAlias.objects.create(key=project.key, project=project)
    project.key = key


def _save(project: Project, changed: list[str]) -> None:
    project.version += 1
    try:
        with transaction.atomic():
            project.save(update_fields=[*changed, "version", "updated_at"])
    except IntegrityError as error:
        raise key_taken(project.key) from error


def _columns(fields: Fields) -> dict[str, Any]:
    """The plain columns among `fields`; `Invalid` names a weight that is unknown or out of bounds."""
    values = {name: fields[name] for name in _COLUMNS if name in fields}
    if "urgency_weights" in values:
        values["urgency_weights"] = parse_weights(values["urgency_weights"]).model_dump(exclude_unset=True)
    return values


def is_key_taken(key: str) -> bool:
    """Whether a project has this key, or had it before."""
    return Project.objects.filter(key=key).exists() or ProjectKeyAlias.objects.filter(key=key).exists()


def key_taken(key: str) -> Conflict:
    """The error to raise."""
    return Conflict(f"The key {key} is taken on this instance. Choose another.", code="key_taken")


def derive_key(name: str, *, numbered: bool = False) -> str:
    """A free key from a name: its letters (`Home` gives HOME), numbered when taken (HOME2), P where it has none."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    letters = re.sub(r"[^A-Z0-9]", "", ascii_name).lstrip("0123456789")
    stem = letters[:10] or "P"
    if not numbered and len(stem) >= 2 and not is_key_taken(stem):
        return stem
    stem = stem[:4]
    taken = {
        *Project.objects.filter(key__startswith=stem).values_list("key", flat=True),
        *ProjectKeyAlias.objects.filter(key__startswith=stem).values_list("key", flat=True),
    }
    number = 1 if numbered or len(stem) < 2 else 2
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def inbox(user_id: UUID) -> Project:
    """The user's own project, which every account is made with."""
    return Project.objects.get(inbox_of_id=user_id)
