"""Which project an imported task goes into: the one of its list's name, made where there is none, or the inbox."""

from collections.abc import Iterable

from taskflow.application.changes import Change
from taskflow.application.projects import add_project, inbox
from taskflow.domain.errors import Forbidden
from taskflow.domain.permissions import Action, Actor, ProjectRole, allows_project
from taskflow.domain.text import fold
from taskflow.store.models import Project

#: Projects that one import may make: a list that names more of them has something else in that column.
MOST_NEW = 200


class Places:
    """The projects that one import uses. `make` or `plan` before `find`, for each chunk anew: rights may change."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._found: dict[str, Project | None] = {}
        self._new: set[str] = set()

    def make(self, opened: Change, names: Iterable[str | None]) -> None:
        """Looks projects up, and makes those that are missing, as far as the actor may."""
        self._load()
        for name in self._missing(names):
            with opened.part():
                self._found[_fold(name)] = add_project(opened, {"name": name})

    def plan(self, names: Iterable[str | None]) -> None:
        """Looks projects up, and notes which would be made."""
        self._load()
        self._found |= {_fold(name): None for name in self._missing(names)}

    def find(self, name: str | None) -> Project | None:
        """The project for tasks of a list of that name, None where it is only planned; `Forbidden` says what to do."""
        key = "" if name is None else _fold(name)
        if key in self._found:
            return self._found[key]
        if key in ("", "inbox"):
            raise Forbidden("This token does not reach your inbox. Name a project that it reaches.")
        if len(self._new) >= MOST_NEW:
            detail = f"The list names more than {MOST_NEW} new projects: the task was left out. Make {name!r} first."
            raise Forbidden(detail)
        raise Forbidden(f"There is no project {name!r}, and this token may not make one. Make it first.")

    def _load(self) -> None:
        actor = self._actor
        roles = [role for role in ProjectRole if allows_project(Action.TASK_WRITE, role)]
        visible = Project.objects.visible_to(actor).filter(
            archived=False, memberships__user_id=actor.person, memberships__role__in=roles
        )
        self._found = {name: project for name, project in self._found.items() if project is None}
        # The oldest of several with one name.
        for project in visible.distinct().order_by("-created_at", "-id"):
            if project.inbox_of_id is None:
                self._found[_fold(project.name)] = project
        own = inbox(actor.person)
        if actor.projects is None or own.pk in actor.projects:
            self._found["inbox"] = self._found[""] = own

    def _missing(self, names: Iterable[str | None]) -> list[str]:
        """The names that want a project, in order, as far as they may be made."""
        if not self._actor.has_scope(Action.PROJECT_CREATE) or self._actor.projects is not None:
            return []
        wanted: dict[str, str] = {}
        for name in names:
            key = "" if name is None else _fold(name)
            if name is None or key in self._found or key in ("", "inbox") or key in wanted:
                continue
            if len(self._new) >= MOST_NEW:
                break
            self._new.add(key)
            wanted[key] = name.strip()[:200]
        return list(wanted.values())


def _fold(name: str) -> str:
    return fold(name.strip()[:200])
