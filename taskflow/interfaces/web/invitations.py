"""The page that an invitation's link leads to."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from taskflow.application.invitations import accept_invitation, find_invitation, may_register, register_invited
from taskflow.domain.errors import Invalid, NotFound
from taskflow.interfaces.web.forms import InvitedForm
from taskflow.store.models import Invitation, User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Looking spends nothing. Sending the form makes whoever is signed in a member, or opens an account that is one."""
    try:
        invitation = find_invitation(token)
        user = request.user
        if isinstance(user, User):
            return _join(request, token, invitation, user)
        return _register(request, token, invitation)
    except NotFound as error:
        return render(request, "taskflow/link_spent.html", {"detail": error.detail, "invitation": True}, status=404)


def _join(request: HttpRequest, token: str, invitation: Invitation, user: User) -> HttpResponse:
    if request.method != "POST":
        return render(request, "taskflow/invitation.html", {"invitation": invitation})
    membership = accept_invitation(user.as_actor(), token)
    messages.success(request, f"You are in {membership.project.name} now, as {membership.role}.")
    return redirect("account")


def _register(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    form = InvitedForm(request.POST if request.method == "POST" else None) if may_register(invitation) else None
    if form is not None and form.is_valid():
        data = form.cleaned_data
        try:
            newcomer = register_invited(token, data["username"], data["password1"])
        except Invalid as error:
            form.show(error)
        else:
            # Whoever handed out the link vouches for the address, or the mail that carried it proved it.
            response: HttpResponse = perform_login(request, newcomer, email_verification="none")
            return response
    shown = {"invitation": invitation, "form": form, "next": urlencode({"next": request.path})}
    return render(request, "taskflow/invitation.html", shown)
