"""How the fields of a request become those of a task."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any, TypeAlias
from uuid import UUID

from taskflow.application import reminders
from taskflow.application.dependencies import check_parent, set_blockers
from taskflow.application.labels import ensure_labels
from taskflow.application.references import named_task
from taskflow.domain.errors import Conflict, Invalid
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.recurrence import parse_rule
from taskflow.domain.text import fold, search_text
from taskflow.store.at_once import touch
from taskflow.store.models import Comment, Membership, Project, Reminder, Task, User
from taskflow.store.models.users import fold_name

Fields: TypeAlias = Mapping[str, Any]
Changes: TypeAlias = dict[str, dict[str, Any]]

_PLAIN = ("title", "description", "status", "start_date", "estimate_minutes", "recurrence_basis")
_END_OF_DAY = time(23, 59, 59, 999999)


def refuse_archived(project: Project) -> None:
    """`Conflict` (`archived`) for a project that was put away."""
    if project.archived:
        raise Conflict("The project is archived. Unarchive it first.", code="archived")


def apply_fields(task: Task, fields: Fields) -> None:
    """Sets the plain fields; a due date clears a due time and the other way round, both at once are refused."""
    former = task.recurrence, task.due_date, task.due_at
    for name in _PLAIN:
        if name in fields:
            setattr(task, name, fields[name])
    if "recurrence" in fields:
        task.recurrence = parse_rule(fields["recurrence"]).text if fields["recurrence"] else ""
    if fields.get("due_date") is not None and fields.get("due_at") is not None:
        raise Invalid.field("due_at", "both_due", "Give due_date (all day) or due_at (a time), not both.")
    if "due_date" in fields:
        task.due_date = fields["due_date"]
        if task.due_date is not None:
            task.due_at = None
    if "due_at" in fields:
        task.due_at = fields["due_at"]
        if task.due_at is not None:
            task.due_date = None
    if former != (task.recurrence, task.due_date, task.due_at):
        # The series counts from what a person said last.
        task.recurrence_day = task.recurrence_clock = None


def follow_due(task: Task) -> None:
    """Sets the columns that are derived from others: what is ordered and searched by."""
    follow_order(task)
    comments = [] if task._state.adding else Comment.objects.filter(task=task).values_list("body", flat=True)
    follow_words(task, comments)


def follow_order(task: Task) -> None:
    """Sets what is ordered by."""
    task.title_sort = fold(task.title)[:1000]
    task.description_key = fold(task.description)
    if task.due_at is not None:
        task.due_sort = task.due_at
    elif task.due_date is not None:
        task.due_sort = datetime.combine(task.due_date, _END_OF_DAY, UTC)
    else:
        task.due_sort = None


def follow_words(task: Task, comments: Iterable[str]) -> None:
    """Sets what is searched by."""
    task.search_text = search_text(task.title, task.description, *comments)


def set_parent(actor: Actor, task: Task, fields: Fields, action: Action) -> None:
    """Makes a task part of the one that `parent` names, or (null) of none; the actor needs `action` on that one."""
    if "parent" not in fields:
        return
    reference = fields["parent"]
    # Held, so that it is not moved elsewhere or trashed before its new part is there for all to see.
    parent = None if reference is None else named_task("parent", actor, reference, action, lock=True)
    if parent is not None:
        check_parent(task, parent)
        # A change of its title makes suggestions on its parts stale: it must see that there is one more.
        touch(parent)
    task.parent = parent


def apply_relations(actor: Actor, task: Task, fields: Fields) -> Changes:
    """Sets labels, assignees, blockers and reminders of a saved task; what changed, field → from, to."""
    changes: Changes = {}
    if "labels" in fields:
        labels = ensure_labels(task.project_id, fields["labels"])
        before = _names(task.labels.values_list("name", flat=True))
        task.labels.set(labels)
        _note(changes, "labels", before, _names(label.name for label in labels))
    if "assignees" in fields:
        users = find_assignees(task.project_id, fields["assignees"])
        before = _names(task.assignees.values_list("username", flat=True))
        task.assignees.set(users)
        _note(changes, "assignees", before, _names(user.username for user in users))
    if "blocked_by" in fields:
        before = _blockers(task)
        blockers = [named_task("blocked_by", actor, ref, Action.TASK_READ) for ref in fields["blocked_by"]]
        set_blockers(actor, task, [blocker.pk for blocker in blockers])
        _note(changes, "blocked_by", before, _blockers(task))
    if "reminders" in fields:
        former = reminders_of(task)
        task.reminders.all().delete()
        made = [Reminder(task=task, **reminder) for reminder in fields["reminders"]]
        Reminder.objects.bulk_create(reminders.compute(task, made))
        _note(changes, "reminders", former, reminders_of(task))
    return changes


def find_assignees(project_id: UUID, usernames: Iterable[str]) -> list[User]:
    """The members of a project by name; `Invalid` (`not_found`) for anybody else."""
    wanted = {fold_name(name): name for name in usernames}
    members = Membership.objects.filter(project_id=project_id, user__is_active=True).select_related("user")
    found = {member.user.username_key: member.user for member in members}
    for key, name in wanted.items():
        if key not in found:
            raise Invalid.field("assignees", "not_found", f"{name!r} is not a member of this project. Add them first.")
    return [found[key] for key in wanted]


def find_members(names: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], User]:
    """The active members behind pairs of a project and a name, in one query; those who are none are left out."""
    wanted = {(project, fold_name(name)): (project, name) for project, name in names}
    if not wanted:
        return {}
    members = Membership.objects.filter(
        project__in={project for project, _ in wanted},
        user__username_key__in={key for _, key in wanted},
        user__is_active=True,
    )
    found = {(member.project_id, member.user.username_key): member.user for member in members.select_related("user")}
    return {wanted[pair]: user for pair, user in found.items() if pair in wanted}


def reminders_of(task: Task) -> list[dict[str, Any]]:
    """The reminders in the API's form."""
    return [reminder_json(reminder) for reminder in task.reminders.all()]


def reminder_json(reminder: Reminder) -> dict[str, Any]:
    """One reminder in the API's form."""
    if reminder.at is None:
        return {"minutes_before": reminder.minutes_before}
    return {"at": reminder.at.isoformat().replace("+00:00", "Z")}


def _names(names: Iterable[str]) -> list[str]:
    return sorted(names, key=str.lower)


def _blockers(task: Task) -> list[str]:
    return sorted(str(pk) for pk in task.blocker_links.values_list("blocker_id", flat=True))


def _note(changes: Changes, name: str, before: Any, after: Any) -> None:
    if before != after:
        changes[name] = {"from": before, "to": after}
