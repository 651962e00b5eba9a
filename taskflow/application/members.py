"""Who is in a project, and in what role."""

from uuid import UUID

from taskflow.application import decisions
from taskflow.application.access import find_project, require_project, role_in
from taskflow.application.changes import Change, change
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, Forbidden, Invalid, NotFound
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor, ProjectRole
from taskflow.store.models import Membership, Project, Task, TaskWatch, User
from taskflow.store.models.users import fold_name


def add_member(actor: Actor, reference: str | UUID, username: str, role: ProjectRole) -> Membership:
    """Takes somebody into a project. `Invalid` for an unknown name, `Conflict` for a member."""
    with change(actor) as opened:
        project = find_project(actor, reference, Action.MEMBER_WRITE, lock=True)
        refuse_inbox(project)
        check_rank(actor, project, role)
        user = User.objects.named(username).filter(is_active=True).first()
        if user is None:
            raise Invalid.field("user", "not_found", f"There is no user {username!r}. Check the name.")
        if Membership.objects.filter(project=project, user=user).exists():
            raise Conflict(f"{user.username} is a member already. Change the role instead.", code="already_member")
        return add_membership(opened, project, user, role)


def add_membership(opened: Change, project: Project, user: User, role: ProjectRole) -> Membership:
    """Makes `user` a member of a project that is held (`lock_project`) and that they are not in."""
    if Membership.objects.filter(project=project).count() == 1:
        decisions.forget_quotes(project.pk)
    membership = Membership.objects.create(project=project, user=user, role=role)
    opened.event(EventType.MEMBER_ADDED, project=project.pk, data={"user": user.username, "role": role.value})
    return membership


def find_member(
    actor: Actor, reference: str | UUID, username: str, action: Action = Action.MEMBER_READ, *, lock: bool = False
) -> Membership:
    """One membership of a visible project; `lock` holds the project, so that no two change its members at once."""
    project = find_project(actor, reference, action, lock=lock)
    members = Membership.objects.filter(project=project).select_related("user", "project")
    membership = members.filter(user__username_key=fold_name(username)).first()
    if membership is None:
        raise NotFound(f"{username!r} is not a member of this project.")
    return membership


def change_role(
    actor: Actor, reference: str | UUID, username: str, role: ProjectRole, *, version: int | None = None
) -> Membership:
    """Gives a member another role. The last owner stays one (`Conflict`)."""
    with change(actor) as opened:
        membership = find_member(actor, reference, username, Action.MEMBER_WRITE, lock=True)
        check_version(membership.version, version)
        check_rank(actor, membership.project, role)
        check_rank(actor, membership.project, ProjectRole(membership.role))
        if membership.role == role:
            return membership
        _keep_an_owner(membership)
        membership.role, membership.version = role, membership.version + 1
        membership.save(update_fields=["role", "version"])
        data = {"user": membership.user.username, "role": role.value}
        opened.event(EventType.MEMBER_UPDATED, project=membership.project_id, data=data)
        return membership


def remove_member(actor: Actor, reference: str | UUID, username: str, *, version: int | None = None) -> None:
    """Takes somebody out; everybody may leave, the last owner may not (`Conflict`)."""
    with change(actor) as opened:
        membership = find_member(actor, reference, username, lock=True)
        leaving = membership.user_id == actor.user_id
        require_project(actor, membership.project_id, Action.MEMBER_LEAVE if leaving else Action.MEMBER_WRITE)
        check_version(membership.version, version)
        if not leaving:
            check_rank(actor, membership.project, ProjectRole(membership.role))
        _keep_an_owner(membership)
        _forget(opened, membership)


def _forget(opened: Change, membership: Membership) -> None:
    """Ends a membership and what hangs on it: assignments and watches in the project."""
    tasks = Task.objects.filter(project_id=membership.project_id)
    Task.assignees.through.objects.filter(task__in=tasks, user_id=membership.user_id).delete()
    TaskWatch.objects.filter(task__in=tasks, user_id=membership.user_id).delete()
    project, username = membership.project_id, membership.user.username
    membership.delete()
    opened.event(EventType.MEMBER_REMOVED, project=project, data={"user": username})


def refuse_inbox(project: Project) -> None:
    """`Conflict` (`inbox`) for somebody's own project."""
    if project.inbox_of_id is not None:
        raise Conflict("An inbox has one person in it. Make a project to share.", code="inbox")


def check_rank(actor: Actor, project: Project, role: ProjectRole) -> None:
    """Nobody gives, or takes away, a role above their own."""
    own = role_in(actor, project.pk)
    if own is None or role.rank > own.rank:
        raise Forbidden(f"Only an owner may do that to the role {role.value}.")


def _keep_an_owner(membership: Membership) -> None:
    """Somebody who can sign in stays owner."""
    owners = Membership.objects.filter(
        project_id=membership.project_id, role=ProjectRole.OWNER, user__is_active=True
    ).exclude(pk=membership.pk)
    if membership.role == ProjectRole.OWNER and not owners.exists():
        raise Conflict("The last owner cannot leave or step down. Transfer the project first.", code="last_owner")
