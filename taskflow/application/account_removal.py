"""Deleting an account with what belongs to it alone."""

from dataclasses import replace

from django.db.models import Count, Q, QuerySet

from taskflow.application import credentials
from taskflow.application.access import require_scope
from taskflow.application.accounts import refuse_losing_administrators
from taskflow.application.changes import change
from taskflow.application.project_removal import drop_project
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor, ProjectRole
from taskflow.store.models import Membership, Project, User


def delete_account(actor: Actor, user: User, *, version: int | None = None) -> None:
    """Deletes the actor's own account: the inbox and projects with nobody else in them go, memberships end.

    What the person wrote in shared projects stays, without a name. `Conflict` (`last_owner`, naming the projects)
    while shared projects would be left without an owner, and (`last_admin`) for the only administrator.
    """
    require_scope(actor, Action.ME_WRITE)
    # The row that the events would point to is gone when they are written; the name stays in them.
    with change(replace(actor, user_id=None)) as opened:
        user = User.objects.select_for_update().get(pk=user.pk)
        check_version(user.version, version)
        _hold_projects(user)
        refuse_losing_administrators(user)
        _refuse_orphans(user)
        for project in _own_projects(user):
            drop_project(opened, project)
        for membership in Membership.objects.filter(user=user):
            opened.event(EventType.MEMBER_REMOVED, project=membership.project_id, data={"user": user.username})
        credentials.end_all(user)
        opened.event(EventType.USER_DELETED, data={"username": user.username})
        user.delete()


def _hold_projects(user: User) -> None:
    """Until the transaction ends nobody else changes who is in the user's projects."""
    theirs = Membership.objects.filter(user=user).values("project")
    held = Project.objects.select_for_update(no_key=True).filter(pk__in=theirs).order_by("pk")
    list(held.values_list("pk", flat=True))


def _refuse_orphans(user: User) -> None:
    """Shared projects must keep an owner who can sign in."""
    others = ~Q(memberships__user=user)
    owners = others & Q(memberships__role=ProjectRole.OWNER, memberships__user__is_active=True)
    shared = Project.objects.filter(
        pk__in=Membership.objects.filter(user=user, role=ProjectRole.OWNER).values("project")
    ).annotate(
        others=Count("memberships", filter=others),
        owners=Count("memberships", filter=owners),
    )
    orphans = shared.filter(others__gt=0, owners=0).order_by("key")
    names = ", ".join(f"{project.name} ({project.key})" for project in orphans)
    if names:
        raise Conflict(
            f"You are the last owner of projects that others use: {names}. Transfer or delete them first.",
            code="last_owner",
        )


def _own_projects(user: User) -> QuerySet[Project]:
    """Projects with nobody else in them, the inbox among them."""
    shared = Membership.objects.exclude(user=user).values("project")
    return Project.objects.filter(memberships__user=user).exclude(pk__in=shared)
