"""How values read on the pages: badges' tones, tables, bars and times. Everything is escaped here."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from taskflow.domain.priority import LEVELS
from taskflow.store.models import Task

NOTHING = "–"

PRIORITY_TONES = {"urgent": "danger", "high": "warning", "medium": "info"}
STATUS_TONES = {"in progress": "info", "done": "success"}
JOB_TONES = {"queued": "info", "running": "primary", "done": "success", "dead": "danger"}
SUGGESTION_TONES = {
    "pending": "primary",
    "accepted": "success",
    "overridden": "warning",
    "failed": "danger",
    "queued": "info",
}
PLUGIN_TONES = {
    "active": "success",
    "degraded": "warning",
    "needs_config": "warning",
    "incompatible": "danger",
    "load_error": "danger",
    "missing": "danger",
}
ROLE_TONES = {"admin": "danger", "manager": "warning", "owner": "primary"}


def shorten(text: str, length: int = 80) -> str:
    """The first line of `text`, cut to `length` characters."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def percent(share: float | None) -> str:
    """A share from 0 to 1 in whole per cent."""
    return NOTHING if share is None else f"{share * 100:.0f} %"


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `3 d 4 h`, `12 s`."""
    seconds = max(0, int(length.total_seconds()))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        if amount or (unit == "s" and not parts):
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2])


def ago(moment: datetime | None, now: datetime) -> str:
    """`3 min 4 s ago`, or `in 5 min`."""
    if moment is None:
        return NOTHING
    return f"{span(now - moment)} ago" if moment <= now else f"in {span(moment - now)}"


def one_line(text: str) -> SafeString:
    """Text that a narrow column does not break."""
    return format_html('<span class="tf-nowrap">{}</span>', text)


def moment(at: datetime | None) -> SafeString | str:
    """An instant to the minute in the reader's zone, on one line; the exact one is in its title."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    return format_html('<time class="tf-nowrap" title="{}">{}</time>', local.isoformat(), f"{local:%Y-%m-%d %H:%M}")


def link(page: str, pk: Any, text: str) -> SafeString:
    """A link to the page of one row: `link("task", …)`."""
    return format_html('<a class="tf-link" href="{}">{}</a>', reverse(f"admin:store_{page}_change", args=(pk,)), text)


def list_link(page: str, text: str, **query: str) -> SafeString:
    """A link to the list of a page, filtered by `query`."""
    address = reverse(f"admin:store_{page}_changelist")
    return format_html('<a class="tf-link" href="{}?{}">{}</a>', address, urlencode(query), text)


def task_text(task: Task | None) -> str:
    """A task's key and title; its project must have been selected along."""
    return NOTHING if task is None else f"{task.key} {shorten(task.title, 60)}"


def task_link(task: Task | None) -> SafeString | str:
    """`task_text`, leading to the task."""
    return NOTHING if task is None else link("task", task.pk, task_text(task))


def preformatted(text: str) -> SafeString | str:
    """Text with its line breaks, scrolling where it is wide."""
    return format_html('<pre class="tf-pre">{}</pre>', text) if text else NOTHING


def document(value: Any) -> SafeString | str:
    """JSON, indented."""
    return preformatted(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)) if value else NOTHING


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> SafeString | str:
    """A small table; `NOTHING` when it has no rows."""
    body = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((c,) for c in r)),) for r in rows)
    )
    if not body:
        return NOTHING
    head = format_html_join("", '<th scope="col">{}</th>', ((header,) for header in headers))
    return format_html('<table class="tf-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, body)


def bullets(items: Iterable[str]) -> SafeString | str:
    """A list; `NOTHING` when it is empty."""
    body = format_html_join("", "<li>{}</li>", ((item,) for item in items))
    return format_html('<ul class="tf-list">{}</ul>', body) if body else NOTHING


def bars(probabilities: Mapping[str, float] | None) -> SafeString | str:
    """The four levels with their probabilities, as text and as bars."""
    if not probabilities:
        return NOTHING
    rows = (
        (level, percent(probabilities.get(level, 0.0)), f"{probabilities.get(level, 0.0) * 100:.1f}")
        for level in reversed(LEVELS)
    )
    body = format_html_join(
        "",
        '<div class="tf-bar"><span>{}</span><span>{}</span><span class="tf-track" aria-hidden="true">'
        '<span style="width:{}%"></span></span></div>',
        rows,
    )
    return format_html('<div class="tf-bars">{}</div>', body)
