"""Who may do what: the one table that every door reads.

An action needs a *scope* of the credential, and either a role in the project it touches, or a role on the site, or
only that somebody is signed in (`OWN`: the row belongs to the actor, and querysets give nobody else's).
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ProjectRole(StrEnum):
    """A person's role in one project, weakest first."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        return _PROJECT_RANKS[self]


class SiteRole(StrEnum):
    """A person's role on the whole instance, weakest first."""

    MEMBER = "member"
    MANAGER = "manager"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return _SITE_RANKS[self]


_PROJECT_RANKS = {role: rank for rank, role in enumerate(ProjectRole)}
_SITE_RANKS = {role: rank for rank, role in enumerate(SiteRole)}


class Scope(StrEnum):
    """What a token may be narrowed to."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    PROJECTS_WRITE = "projects:write"
    PLUGINS_ADMIN = "plugins:admin"
    USERS_ADMIN = "users:admin"


#: A scope that carries another one.
IMPLIED_SCOPES = {Scope.TASKS_WRITE: frozenset({Scope.TASKS_READ}), Scope.PROJECTS_WRITE: frozenset({Scope.TASKS_READ})}


class Action(StrEnum):
    """Everything that a person can ask of TaskFlow."""

    PROJECT_LIST = "project.list"
    PROJECT_CREATE = "project.create"
    PROJECT_READ = "project.read"
    PROJECT_UPDATE = "project.update"
    PROJECT_ARCHIVE = "project.archive"
    PROJECT_TRANSFER = "project.transfer"
    PROJECT_DELETE = "project.delete"
    MEMBER_READ = "member.read"
    MEMBER_WRITE = "member.write"
    MEMBER_LEAVE = "member.leave"
    INVITATION_READ = "invitation.read"
    INVITATION_WRITE = "invitation.write"
    INVITATION_ACCEPT = "invitation.accept"
    LABEL_LIST = "label.list"
    LABEL_READ = "label.read"
    LABEL_WRITE = "label.write"
    TASK_LIST = "task.list"
    TASK_READ = "task.read"
    TASK_WRITE = "task.write"
    TASK_WATCH = "task.watch"
    FILTER_LIST = "filter.list"
    FILTER_READ = "filter.read"
    FILTER_WRITE = "filter.write"
    COMMENT_READ = "comment.read"
    COMMENT_WRITE = "comment.write"
    COMMENT_MODERATE = "comment.moderate"
    ATTACHMENT_READ = "attachment.read"
    ATTACHMENT_WRITE = "attachment.write"
    ATTACHMENT_MODERATE = "attachment.moderate"
    SUGGESTION_LIST = "suggestion.list"
    SUGGESTION_READ = "suggestion.read"
    SUGGESTION_WRITE = "suggestion.write"
    IMPORT = "import.run"
    EXPORT = "export.read"
    FEED_MANAGE = "feed.manage"
    ME_READ = "me.read"
    ME_WRITE = "me.write"
    TOKEN_MANAGE = "token.manage"  # noqa: S105 - the name of an action, not a secret
    TOKEN_END = "token.end"  # noqa: S105
    USER_LIST = "user.list"
    USER_ADMIN = "user.admin"
    JOB_ADMIN = "job.admin"
    PLUGIN_ADMIN = "plugin.admin"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one action needs. `scope` None: any credential of the person, but no narrowed token, unless `any_scope`.

    `everywhere`: it reaches beyond projects, so that a token that is limited to some is too narrow.
    """

    scope: Scope | None = None
    project: ProjectRole | None = None
    site: SiteRole | None = None
    any_scope: bool = False
    anonymous: bool = False
    everywhere: bool = False


READ, WRITE, MANAGE = Scope.TASKS_READ, Scope.TASKS_WRITE, Scope.PROJECTS_WRITE

TABLE: dict[Action, Rule] = {
    Action.PROJECT_LIST: Rule(scope=READ),
    Action.PROJECT_CREATE: Rule(scope=MANAGE),
    Action.PROJECT_READ: Rule(scope=READ, project=ProjectRole.VIEWER),
    Action.PROJECT_UPDATE: Rule(scope=MANAGE, project=ProjectRole.ADMIN),
    Action.PROJECT_ARCHIVE: Rule(scope=MANAGE, project=ProjectRole.ADMIN),
    Action.PROJECT_TRANSFER: Rule(scope=MANAGE, project=ProjectRole.OWNER),
    Action.PROJECT_DELETE: Rule(scope=MANAGE, project=ProjectRole.OWNER),
    Action.MEMBER_READ: Rule(scope=READ, project=ProjectRole.VIEWER),
    Action.MEMBER_WRITE: Rule(scope=MANAGE, project=ProjectRole.ADMIN),
    Action.MEMBER_LEAVE: Rule(scope=MANAGE, project=ProjectRole.VIEWER),
    Action.INVITATION_READ: Rule(scope=READ, project=ProjectRole.ADMIN),
    Action.INVITATION_WRITE: Rule(scope=MANAGE, project=ProjectRole.ADMIN),
    Action.INVITATION_ACCEPT: Rule(everywhere=True),
    Action.LABEL_LIST: Rule(scope=READ),
    Action.LABEL_READ: Rule(scope=READ, project=ProjectRole.VIEWER),
    Action.LABEL_WRITE: Rule(scope=MANAGE, project=ProjectRole.ADMIN),
    Action.TASK_LIST: Rule(scope=READ),
    Action.TASK_READ: Rule(scope=READ, project=ProjectRole.VIEWER),
    Action.TASK_WRITE: Rule(scope=WRITE, project=ProjectRole.MEMBER),
    Action.TASK_WATCH: Rule(scope=WRITE, project=ProjectRole.VIEWER),
    Action.FILTER_LIST: Rule(scope=READ),
    Action.FILTER_READ: Rule(scope=READ),
    Action.FILTER_WRITE: Rule(scope=WRITE),
    Action.COMMENT_READ: Rule(scope=READ, project=ProjectRole.VIEWER),
    Action.COMMENT_WRITE: Rule(scope=WRITE, project=ProjectRole.MEMBER),
    Action.COMMENT_MODERATE: Rule(scope=WRITE, project=ProjectRole.ADMIN),
    Action.ATTACHMENT_READ: Rule(scope=READ, project=ProjectRole.VIEWER),
    Action.ATTACHMENT_WRITE: Rule(scope=WRITE, project=ProjectRole.MEMBER),
    Action.ATTACHMENT_MODERATE: Rule(scope=WRITE, project=ProjectRole.ADMIN),
    Action.SUGGESTION_LIST: Rule(scope=READ),
    Action.SUGGESTION_READ: Rule(scope=READ, project=ProjectRole.VIEWER),
    Action.SUGGESTION_WRITE: Rule(scope=WRITE, project=ProjectRole.MEMBER),
    Action.IMPORT: Rule(scope=WRITE),
    Action.EXPORT: Rule(scope=READ),
    Action.FEED_MANAGE: Rule(),
    Action.ME_READ: Rule(any_scope=True),
    Action.ME_WRITE: Rule(everywhere=True),
    Action.TOKEN_MANAGE: Rule(),
    Action.TOKEN_END: Rule(any_scope=True),
    Action.USER_LIST: Rule(scope=READ),
    Action.USER_ADMIN: Rule(scope=Scope.USERS_ADMIN, site=SiteRole.MANAGER, everywhere=True),
    Action.JOB_ADMIN: Rule(scope=Scope.PLUGINS_ADMIN, site=SiteRole.ADMIN, everywhere=True),
    Action.PLUGIN_ADMIN: Rule(scope=Scope.PLUGINS_ADMIN, site=SiteRole.ADMIN, everywhere=True),
    Action.PUBLIC: Rule(any_scope=True, anonymous=True),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, and with what credential.

    `scopes` None means all that the person may do (a session, or a token without scopes); `projects` None means every
    project the person is in. The system itself (a worker, the command line) has `user_id` None.
    """

    user_id: UUID | None
    username: str
    site_role: SiteRole = SiteRole.MEMBER
    timezone: str = "UTC"
    scopes: frozenset[Scope] | None = None
    projects: frozenset[UUID] | None = None
    #: The operator's own hand on the machine (command line, admin pages): sees every project.
    operator: bool = False

    @property
    def person(self) -> UUID:
        """The id of the person who acts; `ValueError` for the system, which is nobody."""
        if self.user_id is None:
            raise ValueError(f"{self.username or 'an anonymous visitor'} is no person")
        return self.user_id

    def has_scope(self, action: Action) -> bool:
        """Whether the credential is wide enough for `action`; the person's roles are another question."""
        rule = TABLE[action]
        if rule.everywhere and self.projects is not None:
            return False
        if self.scopes is None or rule.any_scope:
            return True
        if rule.scope is None:
            return False
        return rule.scope in self.scopes or any(rule.scope in IMPLIED_SCOPES.get(held, ()) for held in self.scopes)


SYSTEM = Actor(user_id=None, username="system", site_role=SiteRole.ADMIN, operator=True)


def allows_project(action: Action, role: ProjectRole) -> bool:
    """Whether `role` in a project is enough for `action` there."""
    needed = TABLE[action].project
    return needed is None or role.rank >= needed.rank


def allows_site(action: Action, role: SiteRole) -> bool:
    """Whether `role` on the site is enough for `action`."""
    needed = TABLE[action].site
    return needed is None or role.rank >= needed.rank
