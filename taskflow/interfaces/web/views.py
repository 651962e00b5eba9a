"""The pages around signing in that allauth does not have."""

from allauth.account.utils import perform_login
from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from taskflow.application import accounts
from taskflow.application.sign_in import has_second_factor
from taskflow.application.sign_in_links import find_sign_in_link
from taskflow.domain.errors import Invalid, NotFound
from taskflow.interfaces.web.forms import FirstAccountForm, LinkForm
from taskflow.store.models import User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """A single-use link. Looking shows a form and spends nothing; sending the form lets the person in."""
    data = request.POST if request.method == "POST" else None
    try:
        link = find_sign_in_link(token)
        form = FirstAccountForm(data) if link.user is None else LinkForm(data, user=link.user)
        if form.is_valid():
            user = _redeem(token, link.user, form)
            if user is not None:
                # Whoever handed out the link vouches for the address.
                response: HttpResponse = perform_login(request, user, email_verification="none")
                return response
    except NotFound as error:
        return render(request, "taskflow/link_spent.html", {"detail": error.detail}, status=404)
    return render(request, "taskflow/link.html", {"form": form, "person": link.user})


def _redeem(token: str, user: User | None, form: FirstAccountForm | LinkForm) -> User | None:
    """The person that the link lets in; None when the form has to be corrected."""
    data = form.cleaned_data
    try:
        if user is None:
            return accounts.open_first_account(token, data["username"], data["email"], data["password1"])
        return accounts.redeem_link(token, user, data["password1"] or None)
    except Invalid as error:
        form.show(error)
        return None


@require_safe
@login_required
def show_account(request: HttpRequest) -> HttpResponse:
    """One's own account, with the ways to change it."""
    user = request.user
    has_code = isinstance(user, User) and has_second_factor(user)
    return render(request, "taskflow/account.html", {"second_factor": has_code})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def manage_sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in; POST ends the session that it names, or all others."""
    sessions = UserSession.objects.purge_and_list(request.user)
    if request.method != "POST":
        return render(request, "taskflow/sessions.html", {"sessions": sessions})
    wanted = request.POST.get("session", "")
    for session in sessions:
        if not session.is_current() and wanted in {str(session.pk), "others"}:
            session.end()
    return redirect("usersessions_list")


@require_safe
def enter_admin(request: HttpRequest) -> HttpResponse:
    """The admin's sign-in page: people sign in at one place, with their second factor."""
    user = request.user
    if isinstance(user, User) and not user.is_staff:
        return render(request, "taskflow/not_allowed.html", status=403)
    if user.is_authenticated:
        return redirect("/admin/")
    target = request.GET.get("next", "/admin/")
    return redirect(f"/accounts/login/?{urlencode({'next': target})}")


def lead_home(request: HttpRequest) -> HttpResponse:
    """To the admin; whoever is signed in and has no business there, to their own account."""
    user = request.user
    outside = isinstance(user, User) and not user.is_staff
    return redirect("account" if outside else "admin:index")
