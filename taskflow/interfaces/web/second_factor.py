"""`TASKFLOW_REQUIRE_MFA` on the pages: who must have a second factor and has none sets it up before anything else."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from taskflow.application.sign_in import lacks_second_factor
from taskflow.store.models import User

#: What stays open: the way to a second factor and out. REST asks for itself, where it knows the credential.
_OPEN = (
    "/accounts/2fa/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
    "/accounts/confirm-email/",
    "/accounts/password/set/",
    "/api/",
    "/static/",
    "/healthz",
    "/readyz",
    "/metrics",
)


def require_second_factor(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, after authentication."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(_OPEN):
            user = request.user
            if isinstance(user, User) and lacks_second_factor(user):
                return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return get_response(request)

    return respond
