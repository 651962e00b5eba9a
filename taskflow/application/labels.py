"""Labels of a project."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import F

from taskflow.application import decisions
from taskflow.application.access import find_project, lock_project, require_project
from taskflow.application.changes import Change, change
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, NotFound
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import Label, Project, Task
from taskflow.store.models.projects import fold_label


def find_label(actor: Actor, label_id: UUID, action: Action = Action.LABEL_READ, *, lock: bool = False) -> Label:
    """A label of a visible project; `lock` holds the project, so that no two change its labels at once."""
    visible = Project.objects.visible_to(actor).values("pk")
    found = Label.objects.filter(pk=label_id, project__in=visible)
    label = found.first()
    if label is not None and lock:
        lock_project(label.project_id)
        label = found.first()
    if label is None:
        raise NotFound
    require_project(actor, label.project_id, action)
    return label


def create_label(actor: Actor, reference: str | UUID, name: str, color: str = "") -> Label:
    """A new label; `Conflict` when the project has one of that name in any case."""
    with change(actor) as opened:
        project = find_project(actor, reference, Action.LABEL_WRITE, lock=True)
        _refuse_archived(project)
        _refuse_twin(project.pk, name)
        label = Label.objects.create(project=project, name=name, color=color)
        opened.event(EventType.LABEL_CREATED, project=project.pk, data={"label": name})
        return label


def update_label(actor: Actor, label_id: UUID, fields: Mapping[str, Any], *, version: int | None = None) -> Label:
    """Renames or recolours a label."""
    with change(actor) as opened:
        label = find_label(actor, label_id, Action.LABEL_WRITE, lock=True)
        check_version(label.version, version)
        _refuse_archived(label.project)
        before = {"name": label.name, "color": label.color}
        after = before | {name: fields[name] for name in before if name in fields}
        if after == before:
            return label
        if fold_label(after["name"]) != label.name_key:
            _refuse_twin(label.project_id, after["name"])
        label.name, label.color, label.version = after["name"], after["color"], label.version + 1
        label.save(update_fields=["name", "color", "version"])
        if after["name"] != before["name"]:
            _touch_tasks(opened, label)
        opened.event(EventType.LABEL_UPDATED, project=label.project_id, data={"label": before["name"], "to": after})
        return label


def delete_label(actor: Actor, label_id: UUID, *, version: int | None = None) -> None:
    """Deletes a label, off every task too."""
    with change(actor) as opened:
        label = find_label(actor, label_id, Action.LABEL_WRITE, lock=True)
        check_version(label.version, version)
        _refuse_archived(label.project)
        project, name = label.project_id, label.name
        _touch_tasks(opened, label)
        label.delete()
        opened.event(EventType.LABEL_DELETED, project=project, data={"label": name})


def ensure_labels(project_id: UUID, names: Iterable[str]) -> list[Label]:
    """The labels of these names in a project, unknown ones made; names differ without regard to case.

    At most three queries, however many names there are.
    """
    wanted = {fold_label(name): name for name in reversed(list(names))}
    if not wanted:
        return []
    here = Label.objects.filter(project_id=project_id, name_key__in=wanted)
    found = {label.name_key: label for label in here}
    missing = [
        Label(project_id=project_id, name=name, name_key=key) for key, name in wanted.items() if key not in found
    ]
    if missing:
        # Somebody else may make one in the same moment; it counts, and so the rows are read again.
        Label.objects.bulk_create(missing, ignore_conflicts=True)
        found = {label.name_key: label for label in here.all()}
    return [found[key] for key in wanted]


def _refuse_archived(project: Project) -> None:
    from taskflow.application.task_fields import refuse_archived  # the fields' rules use this module

    refuse_archived(project)


def _touch_tasks(opened: Change, label: Label) -> None:
    """Labels are judged: what was advised on the label's tasks no longer holds, and their ETags change."""
    tasks = list(Task.objects.filter(labels=label).values_list("pk", flat=True))
    Task.objects.filter(pk__in=tasks).update(version=F("version") + 1, updated_at=opened.now)
    decisions.make_stale(tasks)


def _refuse_twin(project_id: UUID, name: str) -> None:
    if Label.objects.filter(project_id=project_id, name_key=fold_label(name)).exists():
        raise Conflict(f"This project has a label {name!r} already.", code="label_taken")
