"""Taking a second factor away from somebody who lost it."""

from allauth.mfa.models import Authenticator
from django.db.models import F

from taskflow.application import credentials
from taskflow.application.access import require_site
from taskflow.application.changes import change
from taskflow.domain.errors import Forbidden
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.store.credential_changes import note_change
from taskflow.store.models import User


def remove_second_factor(actor: Actor, user: User) -> None:
    """Removes authenticator app and recovery codes; sessions and tokens end. For managers, of people not above them.

    Doing it again is no error.
    """
    require_site(actor, Action.USER_ADMIN)
    if user.site_role.rank > actor.site_role.rank:
        raise Forbidden(f"The role {user.role} is above yours. Ask an administrator.")
    with change(actor) as opened:
        deleted, _ = Authenticator.objects.filter(user=user).delete()
        if not deleted:
            return
        credentials.end_all(user)
        User.objects.filter(pk=user.pk).update(version=F("version") + 1)
        note_change()
        opened.event(EventType.USER_UPDATED, data={"username": user.username, "changed": ["second_factor"]})
