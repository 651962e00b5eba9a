"""The admin's site: who comes in, in which time zone they read, and what those see who may not.

Signing in, signing out and passwords are the sign-in pages' business, so that second factors and rate limits hold.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from taskflow.domain.zones import load_zone

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
else:
    from unfold.sites import UnfoldAdminSite as AdminSite

View = Callable[..., HttpResponseBase]


class TaskFlowAdminSite(AdminSite):
    """Unfold's site behind TaskFlow's own sign-in page."""

    index_title = "Overview"
    index_template = "admin/dashboard.html"
    enable_nav_sidebar = True

    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        """A door before every page: signed-out people to the sign-in page, others without the right to a clear no."""
        page = super().admin_view(view, cacheable)

        @wraps(page)
        def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return self._ask_to_sign_in(request, request.get_full_path())
            if not self.has_permission(request):
                return self.refuse(request)
            # Pages show and take times in the reader's own zone; rendering happens inside, before the zone is reset.
            with timezone.override(load_zone(request.user.timezone)):
                try:
                    response = page(request, *args, **kwargs)
                    if isinstance(response, SimpleTemplateResponse):
                        response.render()
                except PermissionDenied:
                    response = self.refuse(request)
            return response

        return door

    def refuse(self, request: HttpRequest) -> HttpResponse:
        """403, saying who is signed in and what the page asks for."""
        context = {**self.each_context(request), "title": "This page is not for your role"}
        response = TemplateResponse(request, "admin/refused.html", context, status=403)
        add_never_cache_headers(response)
        return response.render()

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sends on to the sign-in page, from there back to the page that was asked for."""
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
        own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
        target = wanted if own else reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(target)
        if request.user.is_authenticated:
            return self.refuse(request)
        return self._ask_to_sign_in(request, target)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Ends the session and leads to the sign-in page."""
        return LogoutView.as_view(next_page=settings.LOGIN_URL)(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Leads to the page where people change their own password."""
        return HttpResponseRedirect(reverse("account_change_password"))

    def _ask_to_sign_in(self, request: HttpRequest, target: str) -> HttpResponse:
        if target.partition("?")[0] == reverse("admin:logout"):
            target = reverse("admin:index")
        response = redirect_to_login(target, settings.LOGIN_URL)
        add_never_cache_headers(response)
        return response


site = TaskFlowAdminSite(name="admin")
