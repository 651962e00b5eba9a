"""The admin's look: django-unfold. Everything it loads comes from this server."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _page(title: str, icon: str, model: str) -> dict[str, Any]:
    """An entry of the side bar, for those who may open it."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:store_{model}_changelist"),
        "permission": lambda request: request.user.has_perm(f"store.view_{model}"),
    }


def _styles(request: HttpRequest) -> str:
    return static("taskflow/admin.css")


def _script(request: HttpRequest) -> str:
    return static("taskflow/admin.js")


def _icon(request: HttpRequest) -> str:
    return static("taskflow/icon.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "TaskFlow",
    "SITE_HEADER": "TaskFlow",
    "SITE_SYMBOL": "task_alt",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    # The event log is the history; Django's own would show what was done on these pages alone.
    "SHOW_HISTORY": False,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "STYLES": [_styles],
    "SCRIPTS": [_script],
    "DASHBOARD_CALLBACK": "taskflow.interfaces.admin.dashboard.build_dashboard",
    "COLORS": {
        # Tailwind's indigo.
        "primary": {
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {"items": [{"title": "Overview", "icon": "monitoring", "link": reverse_lazy("admin:index")}]},
            {
                "title": "Work",
                "separator": True,
                "items": [
                    _page("Projects", "folder", "project"),
                    _page("Tasks", "checklist", "task"),
                    _page("Labels", "label", "label"),
                    _page("Saved filters", "filter_alt", "savedfilter"),
                    _page("Suggestions", "lightbulb", "suggestion"),
                ],
            },
            {
                "title": "People",
                "separator": True,
                "items": [_page("Users", "group", "user"), _page("API tokens", "key", "apitoken")],
            },
            {
                "title": "Operation",
                "separator": True,
                "items": [
                    _page("Plugins", "extension", "plugin"),
                    _page("Models", "neurology", "modelpull"),
                    _page("Model calls", "receipt_long", "modelcall"),
                    _page("Jobs", "conveyor_belt", "job"),
                    _page("Events", "history", "event"),
                ],
            },
        ],
    },
}
