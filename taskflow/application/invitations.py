"""Invitations into projects, by e-mail or by a link that is handed on.

Nothing here ever asks whether an address has an account: who invites learns nothing about it, and the work is the same.
A link is a secret of 256 random bits, works once and for 14 days, and only while the person who gave it may still
invite into the project. Looking at it spends nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from taskflow.application import ports
from taskflow.application.access import find_project, lock_project
from taskflow.application.account_fields import check_email, is_email_taken
from taskflow.application.accounts import add_account, add_address, draft_account, refuse_without_passwords
from taskflow.application.changes import Change, change
from taskflow.application.mail import file_mail
from taskflow.application.members import add_membership, check_rank, refuse_inbox
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor, ProjectRole, SiteRole, allows_project, allows_site
from taskflow.store.identifiers import new_id
from taskflow.store.models import Invitation, Membership, User
from taskflow.store.models.users import fold_name

LIFETIME = timedelta(days=14)
#: Mail that somebody has others receive is bounded: a project's open invitations, a person's a day, one's repetitions.
MOST_OPEN = 100
MOST_A_DAY = 100
RESEND_AFTER = timedelta(minutes=1)

_SPENT = "This invitation was used already, was withdrawn or has expired. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Issued:
    """An invitation, and its link where no mail carries it: shown this once."""

    invitation: Invitation
    link: str | None


def invite(actor: Actor, reference: str | UUID, email: str, role: ProjectRole) -> Issued:
    """Invites whoever reads mail at `email`. `Conflict` (`already_invited`) while such an invitation is open.

    `Forbidden` for a role above the actor's own, `TooMany` beyond what one person may send a day.
    """
    address = email.strip()
    wrong = check_email(address)
    if wrong or not address:
        raise Invalid(wrong) if wrong else Invalid.field("email", "required", "Give an e-mail address.")
    with change(actor) as opened:
        project = find_project(actor, reference, Action.INVITATION_WRITE, lock=True)
        refuse_inbox(project)
        check_rank(actor, project, role)
        ours = Invitation.objects.filter(project=project, closed_at=None)
        ours.filter(expires_at__lte=opened.now).update(closed_at=opened.now)
        _refuse_many(opened, ours.count())
        invitation = Invitation(
            project=project,
            email=address,
            email_key=fold_name(address),
            role=role,
            created_at=opened.now,
        )
        return _issue(opened, invitation)


def resend_invitation(actor: Actor, reference: str | UUID, invitation_id: UUID) -> Issued:
    """A fresh link for 14 more days, given by the actor; the old link ends. `TooMany` within a minute of the last."""
    with change(actor) as opened:
        invitation = _find_open(actor, reference, invitation_id, lock=True)
        check_rank(actor, invitation.project, ProjectRole(invitation.role))
        wait = invitation.sent_at + RESEND_AFTER - opened.now
        if wait > timedelta():
            seconds = int(wait.total_seconds()) + 1
            raise TooMany(f"It was sent a moment ago. Wait {seconds} seconds.", seconds)
        invitation.version += 1
        return _issue(opened, invitation)


def withdraw_invitation(
    actor: Actor, reference: str | UUID, invitation_id: UUID, *, version: int | None = None
) -> None:
    """Ends an open invitation; its link leads nowhere from then on."""
    with change(actor) as opened:
        invitation = _find_open(actor, reference, invitation_id, lock=True)
        check_version(invitation.version, version)
        Invitation.objects.filter(pk=invitation.pk).update(closed_at=opened.now)
        data = {"invitation": str(invitation.pk), "role": invitation.role}
        opened.event(EventType.INVITATION_WITHDRAWN, project=invitation.project_id, data=data)


def find_open_invitation(actor: Actor, reference: str | UUID, invitation_id: UUID) -> Invitation:
    """An open invitation of a project that the actor administers."""
    return _find_open(actor, reference, invitation_id)


def find_invitation(token: str) -> Invitation:
    """The invitation of a link, not spent by looking. `NotFound` when it is spent, expired, withdrawn or void."""
    live = Invitation.objects.select_related("project", "invited_by").filter(
        digest=_digest(token), closed_at=None, expires_at__gt=ports.now()
    )
    invitation = live.first()
    if invitation is None or not _stands(invitation):
        raise NotFound(_SPENT)
    return invitation


def accept_invitation(actor: Actor, token: str) -> Membership:
    """Makes the actor a member in the invitation's role, and spends it; a member keeps the role they have."""
    with change(actor) as opened:
        return _accept(opened, token, User.objects.get(pk=actor.person))


def may_register(invitation: Invitation) -> bool:
    """Whether the link also opens an account: where registration is open, or a manager gave it."""
    if not settings.TASKFLOW.local_accounts:
        return False
    inviter = invitation.invited_by
    by_manager = inviter is not None and allows_site(Action.USER_ADMIN, inviter.site_role)
    return bool(settings.TASKFLOW.registration_is_open) or (invitation.admits_strangers and by_manager)


def register_invited(token: str, username: str, password: str, timezone: str = "UTC") -> User:
    """A new account with the invitation's address, which is a member at once.

    `Forbidden` where the link opens no account, `Invalid` for wrong or taken fields; then it is not spent.
    """
    refuse_without_passwords()
    invitation = find_invitation(token)
    if not may_register(invitation):
        raise Forbidden("Registration is closed here. Ask an administrator for an account.", code="registration_closed")
    if is_email_taken(invitation.email):
        detail = f"{invitation.email} has an account here. Sign in, then open the link again."
        raise Invalid.field("email", "email_taken", detail)
    draft = draft_account(username, invitation.email, password, SiteRole.MEMBER, timezone)
    newcomer = Actor(user_id=new_id(), username=draft.identity.username, timezone=timezone)
    with change(newcomer) as opened:
        user = add_account(opened, draft)
        add_address(user, verified=invitation.mailed)
        _accept(opened, token, user)
        return user


def _issue(opened: Change, invitation: Invitation) -> Issued:
    """Stores the invitation with a fresh link, and has it sent where there is mail."""
    token, actor = secrets.token_urlsafe(32), opened.actor
    invitation.digest = _digest(token)
    invitation.invited_by_id = actor.person
    invitation.admits_strangers = allows_site(Action.USER_ADMIN, actor.site_role) and actor.has_scope(Action.USER_ADMIN)
    invitation.mailed = settings.TASKFLOW.smtp is not None
    invitation.sent_at, invitation.expires_at = opened.now, opened.now + LIFETIME
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as error:
        detail = f"{invitation.email} is invited already. Send that invitation again, or withdraw it first."
        raise Conflict(detail, code="already_invited") from error
    link = f"{settings.TASKFLOW.base_url}/invitations/{token}/"
    if invitation.mailed:
        _file_letter(opened, invitation, link)
    # Not the address: everybody in the project reads the log.
    data = {"invitation": str(invitation.pk), "role": invitation.role}
    opened.event(EventType.MEMBER_INVITED, project=invitation.project_id, data=data)
    return Issued(invitation, None if invitation.mailed else link)


def _file_letter(opened: Change, invitation: Invitation, link: str) -> None:
    project, inviter = " ".join(invitation.project.name.split()), opened.actor.username
    body = (
        f"{inviter} invites you to work on the project {project} in TaskFlow, as {invitation.role}.\n\n"
        f"{link}\n\n"
        f"The link works once, until {invitation.expires_at:%d %B %Y}. If you do not know {inviter}, leave it alone: "
        "nothing happens then.\n"
    )
    file_mail(opened, invitation.email, f"{inviter} invites you to {project}"[:200], body)


def _refuse_many(opened: Change, open_ones: int) -> None:
    if open_ones >= MOST_OPEN:
        detail = f"A project has at most {MOST_OPEN} open invitations. Withdraw some first."
        raise Conflict(detail, code="too_many_invitations")
    day = timedelta(days=1)
    sent = Invitation.objects.filter(invited_by_id=opened.actor.person, created_at__gt=opened.now - day)
    if sent.count() >= MOST_A_DAY:
        raise TooMany(f"You may send {MOST_A_DAY} invitations a day. Wait until tomorrow.", int(day.total_seconds()))


def _find_open(actor: Actor, reference: str | UUID, invitation_id: UUID, *, lock: bool = False) -> Invitation:
    action = Action.INVITATION_WRITE if lock else Action.INVITATION_READ
    project = find_project(actor, reference, action, lock=lock)
    found = Invitation.objects.filter(project=project, pk=invitation_id, closed_at=None)
    invitation = found.select_related("project", "invited_by").first()
    if invitation is None:
        raise NotFound
    return invitation


def _stands(invitation: Invitation) -> bool:
    """Whether the person who gave it may still give it."""
    inviter = invitation.invited_by
    if inviter is None or not inviter.is_active:
        return False
    held = Membership.objects.filter(project_id=invitation.project_id, user=inviter).values_list("role", flat=True)
    role = held.first()
    if role is None or not allows_project(Action.INVITATION_WRITE, ProjectRole(role)):
        return False
    return ProjectRole(role).rank >= ProjectRole(invitation.role).rank


def _accept(opened: Change, token: str, user: User) -> Membership:
    invitation = find_invitation(token)
    project = lock_project(invitation.project_id)
    # Again, now that nobody else changes the project's members: of two at once, one gets it.
    invitation = find_invitation(token)
    Invitation.objects.filter(pk=invitation.pk).update(closed_at=opened.now)
    present = Membership.objects.filter(project=project, user=user).select_related("project").first()
    return present or add_membership(opened, project, user, ProjectRole(invitation.role))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
