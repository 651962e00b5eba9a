"""Plugins: what is installed, as cards; and of each its settings, a test and what went wrong."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from taskflow.application import plugin_setups
from taskflow.application.plugin_cards import Card, list_cards
from taskflow.config import current_settings
from taskflow.domain.errors import TaskFlowError
from taskflow.interfaces.admin.base import AdminPage, actor_of
from taskflow.interfaces.admin.plugin_actions import Note, act, describe, leave_provider_open
from taskflow.interfaces.admin.plugin_form import PluginForm
from taskflow.interfaces.admin.plugin_view import PluginView, find_provider
from taskflow.interfaces.admin.site import site
from taskflow.plugin_api import Kind
from taskflow.plugin_host.trial import Trial
from taskflow.store.models import Plugin

SAFE_MODE = "TASKFLOW_SAFE_MODE is on: no plugin is looked into and none runs. Unset it and restart to use plugins."


@admin.register(Plugin, site=site)
class PluginPage(AdminPage):
    """Plugins. Each button is a POST to the page it is on; a test's result is on the page that answers it."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The cards, in the administrators' order."""
        self._admit(request)
        if request.method != "POST":
            return self._show_cards(request)
        if request.POST.get("do") == "release":
            return self._tell_and_stay(request, leave_provider_open(actor_of(request)))
        card = self._find(request, request.POST.get("plugin", ""))
        if card is None:
            return self._say_gone(request)
        outcome = self._act(request, card)
        if isinstance(outcome, Trial):
            return self._show_cards(request, tried=card, trial=outcome)
        return self._tell_and_stay(request, outcome)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One plugin: its settings, a test, its failures."""
        self._admit(request)
        if object_id is None:
            raise PermissionDenied
        card = self._find(request, object_id)
        if card is None:
            return self._say_gone(request)
        if request.method != "POST":
            return self._show_plugin(request, card, PluginForm(card))
        if "do" not in request.POST:
            return self._save(request, card)
        outcome = self._act(request, card)
        if isinstance(outcome, Trial):
            return self._show_plugin(request, card, PluginForm(card), trial=outcome)
        return self._tell_and_stay(request, outcome)

    def _admit(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST" and not request.user.has_perm("store.change_plugin"):
            raise PermissionDenied

    def _find(self, request: HttpRequest, pk: str) -> Card | None:
        """The plugin of this row; two that claim one slug are two rows."""
        return next((card for card in list_cards(actor_of(request)) if str(card.plugin.pk) == pk), None)

    def _say_gone(self, request: HttpRequest) -> HttpResponse:
        self.message_user(request, "This plugin is not installed any more.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:store_plugin_changelist"))

    def _act(self, request: HttpRequest, card: Card) -> Note | Trial | None:
        try:
            return act(actor_of(request), request.POST.get("do", ""), card)
        except TaskFlowError as error:
            self.tell(request, error)
            return None

    def _tell_and_stay(self, request: HttpRequest, note: Note | None) -> HttpResponse:
        if note is not None:
            self.message_user(request, note.text, note.level)
        return HttpResponseRedirect(request.path)

    def _save(self, request: HttpRequest, card: Card) -> HttpResponse:
        form = PluginForm(card, request.POST)
        if not form.is_valid():
            return self._show_plugin(request, card, form)
        wish = form.wish()
        if wish is None:
            return self._tell_and_stay(request, Note("Nothing was changed.", messages.INFO))
        version = form.cleaned_data["seen_version"]
        try:
            saved = plugin_setups.update_plugin(actor_of(request), card.plugin.slug, wish, version=version)
        except TaskFlowError as error:
            form.refuse(error)
            return self._show_plugin(request, card, form)
        note = describe(saved)
        return self._tell_and_stay(request, Note(f"Saved. {note.text}", note.level))

    def _show_cards(
        self, request: HttpRequest, *, tried: Card | None = None, trial: Trial | None = None
    ) -> HttpResponse:
        cards = list_cards(actor_of(request))
        provider = find_provider(cards)
        return self._render(
            request,
            "admin/plugins.html",
            title="Plugins",
            views=[PluginView(card, provider) for card in cards],
            provider=provider,
            tried=None if tried is None else tried.plugin.pk,
            trial=trial,
        )

    def _show_plugin(
        self, request: HttpRequest, card: Card, form: PluginForm, *, trial: Trial | None = None
    ) -> HttpResponse:
        actor = actor_of(request)
        # Whether it is the one in force depends on the others.
        cards = list_cards(actor) if Kind.LLM_PROVIDER in card.kinds else [card]
        return self._render(
            request,
            "admin/plugin.html",
            title=card.name,
            subtitle=card.name,
            original=card.plugin,
            object_id=str(card.plugin.pk),
            view=PluginView(card, find_provider(cards)),
            form=form,
            trial=trial,
            failures=plugin_setups.list_failures(actor, card.plugin.slug),
        )

    def _render(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        shared = self.admin_site.each_context(request)
        note = SAFE_MODE if current_settings().safe_mode else ""
        return TemplateResponse(request, template, {**shared, "opts": self.opts, "safe_mode": note, **context})
