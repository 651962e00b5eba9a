"""A demonstration account with a list that looks like somebody's: made and removed in one step."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from taskflow.application.accounts import create_user
from taskflow.application.changes import Change, change
from taskflow.application.comments import add_comment
from taskflow.application.dependencies import set_blockers
from taskflow.application.projects import add_project
from taskflow.application.stored_files import forget_files
from taskflow.application.tasks import add_task
from taskflow.domain.errors import Conflict
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import Attachment, ImportedRecord, Project, Task, User

USERNAME = "demo"
#: Marks the demonstration's own rows, so that wiping cannot touch a real account of that name.
SOURCE = "demo"

#: project, title, days until due (None: undated), priority (None: undecided), labels, minutes, waits for (titles)
_TASKS: tuple[tuple[str, str, int | None, str | None, tuple[str, ...], int | None, tuple[str, ...]], ...] = (
    ("Home", "Pay the electricity bill", 0, "urgent", ("money",), 10, ()),
    ("Home", "Call the plumber about the leaking tap", 1, "high", ("phone",), 15, ()),
    ("Home", "Water the plants", 2, "low", (), 10, ()),
    ("Home", "Renew home insurance", 6, "high", ("money",), 40, ()),
    ("Home", "Sort old photos", None, "low", ("someday",), 180, ()),
    ("Home", "Book the dentist", 9, None, ("phone", "health"), 10, ()),
    ("Home", "Buy a birthday present for Lena", 4, None, ("family",), 60, ()),
    ("Home", "Learn to bake sourdough", None, None, ("someday",), None, ()),
    ("Home", "Tax return: collect receipts", 12, None, ("money",), 90, ()),
    ("Home", "Tax return: send it in", 20, None, ("money",), 30, ("Tax return: collect receipts",)),
    ("Website", "Checkout fails for customers in Norway", 0, "urgent", ("bug", "customers"), 120, ()),
    ("Website", "Fix typo in the footer", None, "low", ("bug",), 5, ()),
    ("Website", "Certificate expires next week", 5, "high", ("ops",), 20, ()),
    ("Website", "Prepare the slides for the board", 3, "high", ("meeting",), 180, ()),
    ("Website", "Review Tom's pull request", 1, "medium", ("review",), 45, ()),
    ("Website", "Search results are slow", None, None, ("bug", "customers"), 240, ()),
    ("Website", "Choose colours for the new logo", 15, None, ("design",), 60, ()),
    ("Website", "Write the announcement of version 3", 8, None, ("writing",), 90, ("Release version 3",)),
    ("Website", "Release version 3", 7, None, ("ops",), 60, ("Test the payment provider's update",)),
    ("Website", "Test the payment provider's update", 2, None, ("customers",), 60, ()),
    ("Website", "Clean up old feature flags", None, None, ("chore",), 120, ()),
    ("Garden club", "Send the minutes of the last meeting", 2, "medium", ("writing",), 30, ()),
    ("Garden club", "Order bulbs for spring", 10, "medium", (), 30, ()),
    ("Garden club", "Ask the town about the water pipe", None, None, ("phone",), 20, ()),
    ("Garden club", "Plan the summer party", 60, None, ("someday",), None, ()),
)


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was made or removed."""

    username: str
    projects: int
    tasks: int


def load_demo() -> DemoReport:
    """Makes the account `demo` with three projects; `Conflict` when an account of that name is there already."""
    if User.objects.named(USERNAME).exists():
        raise Conflict(
            f"There is an account {USERNAME!r} already. 'taskflow demo wipe' removes an earlier demonstration."
        )
    user = create_user(SYSTEM, username=USERNAME, email="", password=None)
    with change(user.as_actor()) as opened:
        projects: dict[str, Project] = {}
        tasks: dict[str, Task] = {}
        for row in _TASKS:
            name = row[0]
            if name not in projects:
                projects[name] = add_project(opened, {"name": name})
            tasks[row[1]] = add_task(opened, _fields(projects[name], row, opened.now, len(tasks)))
        for row in _TASKS:
            if row[6]:
                set_blockers(user.as_actor(), tasks[row[1]], [tasks[title].pk for title in row[6]])
        _mark(opened, user, tasks)
    add_comment(user.as_actor(), tasks["Release version 3"].pk, "Waiting for the provider's test account.")
    return DemoReport(USERNAME, len(projects), len(tasks))


def _fields(
    project: Project,
    row: tuple[str, str, int | None, str | None, tuple[str, ...], int | None, tuple[str, ...]],
    now: datetime,
    position: int,
) -> dict[str, Any]:
    _, title, days, priority, labels, minutes, _ = row
    fields: dict[str, Any] = {
        "project": project.pk,
        "title": title,
        "labels": list(labels),
        "estimate_minutes": minutes,
        "created_at": now - timedelta(hours=7 * (len(_TASKS) - position)),
    }
    if days is not None:
        fields["due_date"] = (now + timedelta(days=days)).date()
    if priority is not None:
        fields["priority"] = priority
    return fields


def _mark(opened: Change, user: User, tasks: dict[str, Task]) -> None:
    ImportedRecord.objects.bulk_create(
        [ImportedRecord(user=user, source=SOURCE, external_id=title, task=task) for title, task in tasks.items()]
    )


def wipe_demo() -> DemoReport:
    """Removes the demonstration account with all its projects; nothing when there is none."""
    user = User.objects.filter(username=USERNAME).first()
    if user is None or not ImportedRecord.objects.filter(user=user, source=SOURCE).exists():
        return DemoReport(USERNAME, 0, 0)
    with change(SYSTEM) as opened:
        projects = Project.objects.filter(created_by=user, memberships__user=user, memberships__role="owner").distinct()
        report = DemoReport(USERNAME, projects.count(), Task.objects.filter(project__in=projects).count())
        forget_files(opened, Attachment.objects.filter(task__project__in=projects))
        Task.objects.filter(project__in=projects).update(parent=None)
        projects.delete()
        user.delete()
    return report
