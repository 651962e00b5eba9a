"""Language models: which provider is asked and why, trying them, fetching models, and how they fare."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from taskflow.application import model_provider, model_pulls, plugin_setups, ports
from taskflow.application.model_statistics import known_models
from taskflow.application.plugin_board import read_board
from taskflow.application.plugin_cards import Card, list_cards
from taskflow.config import current_settings
from taskflow.domain.errors import Invalid, TaskFlowError
from taskflow.interfaces.admin.base import AdminPage, actor_of
from taskflow.interfaces.admin.display import PLUGIN_TONES
from taskflow.interfaces.admin.model_view import describe_force, draw_charts, is_any_running, providers_of, view_pulls
from taskflow.interfaces.admin.plugin_actions import leave_provider_open
from taskflow.interfaces.admin.plugins import SAFE_MODE
from taskflow.interfaces.admin.site import site
from taskflow.plugin_host.trial import Trial
from taskflow.store.models import ModelPull

_PAGE = "admin:store_modelpull_changelist"


@admin.register(ModelPull, site=site)
class ModelsPage(AdminPage):
    """One page; its forms are POSTs to itself. `?part=pulls` is the table of pulls alone, which the page asks for
    again while one runs."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The page, its table of pulls, or what a button does."""
        self._admit(request)
        if request.method != "POST":
            return self._show_pulls(request) if request.GET.get("part") == "pulls" else self._show(request)
        try:
            trial = self._act(request)
        except TaskFlowError as error:
            self.tell(request, error)
            trial = None
        if trial is not None:
            return self._show(request, tried=request.POST.get("slug", ""), trial=trial)
        return HttpResponseRedirect(reverse(_PAGE))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A pull has no page of its own."""
        self._admit(request)
        return HttpResponseRedirect(reverse(_PAGE))

    def _admit(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST" and not request.user.has_perm("store.change_modelpull"):
            raise PermissionDenied

    def _act(self, request: HttpRequest) -> Trial | None:
        """Does what a button names: `choose`, `release`, `test`, `pull`. `Invalid` for other names."""
        actor, fields = actor_of(request), request.POST
        slug, model = fields.get("slug", ""), fields.get("model", "").strip()
        match fields.get("do"):
            case "choose":
                choice = model_provider.choose_provider(actor, slug, model=model or None)
                if choice.slug == slug:
                    self.message_user(request, f"Suggestions ask {slug} from now on.", messages.SUCCESS)
                else:
                    self.message_user(request, f"{slug} is chosen, and is not ready yet.", messages.WARNING)
            case "release":
                note = leave_provider_open(actor)
                self.message_user(request, note.text, note.level)
            case "test":
                return plugin_setups.check_plugin(actor, slug)
            case "pull":
                row = model_pulls.start_pull(actor, slug, model)
                self.message_user(request, f"{row.slug} fetches {row.model}.", messages.SUCCESS)
            case _:
                raise Invalid.field("do", "invalid", "This page has no such button.")
        return None

    def _show(self, request: HttpRequest, *, tried: str = "", trial: Trial | None = None) -> HttpResponse:
        actor = actor_of(request)
        cards = list_cards(actor)
        board = read_board()
        return TemplateResponse(
            request,
            "admin/models.html",
            {
                **self.admin_site.each_context(request),
                "content_title": "Models",
                "title": "Models",
                "safe_mode": SAFE_MODE if current_settings().safe_mode else "",
                "choice": describe_force(cards, chosen_slug=board.provider, chosen_model=board.provider_model),
                "providers": self._providers(cards),
                "known": known_models(actor),
                "charts": draw_charts(actor),
                "tried": tried,
                "trial": trial,
                **self._pulls(request),
            },
        )

    def _show_pulls(self, request: HttpRequest) -> HttpResponse:
        return TemplateResponse(request, "admin/model_pulls.html", self._pulls(request))

    def _pulls(self, request: HttpRequest) -> dict[str, Any]:
        rows = model_pulls.list_pulls(actor_of(request))
        return {"pulls": view_pulls(rows, ports.now()), "watching": is_any_running(rows)}

    def _providers(self, cards: list[Card]) -> list[dict[str, Any]]:
        return [
            {
                "slug": card.plugin.slug,
                "name": card.name,
                "status": card.status.value.replace("_", " "),
                "tone": PLUGIN_TONES.get(card.status.value, ""),
                "card": card,
            }
            for card in providers_of(cards)
        ]
