"""Browsers of an administrator, a manager and a member, and what they send."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from taskflow.application import jobs, ledger, ports
from taskflow.application.changes import change
from taskflow.domain.permissions import SYSTEM, SiteRole
from taskflow.store.models import Job, User
from tests.conftest import World
from tests.plugins.conftest import instance

__all__ = ["instance"]


class Browser:
    """One person's session on the admin pages."""

    def __init__(self, user: User | None) -> None:
        self.user = user
        self.client = Client()
        if user is not None:
            self.client.force_login(user)

    def open(self, page: str, *args: Any, **query: Any) -> Any:
        """GET of `page`, a URL name such as `store_task_changelist`."""
        return self.client.get(reverse(f"admin:{page}", args=args), query)

    def send(self, page: str, *args: Any, **fields: Any) -> Any:
        """POST of form fields."""
        return self.client.post(reverse(f"admin:{page}", args=args), fields)

    def save(self, page: str, *args: Any, **changed: Any) -> Any:
        """Opens a form and sends it back as a browser would, with the `changed` fields."""
        shown = self.open(page, *args)
        assert shown.status_code == 200, shown.content[:500]
        fields = dict(form_fields(shown.context))
        fields.update(changed)
        return self.send(page, *args, **{name: value for name, value in fields.items() if value is not None})

    def act(self, model: str, action: str, *rows: Any) -> Any:
        """Runs a list's action on `rows`; the page that follows, with its messages."""
        fields = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
        return self.client.post(reverse(f"admin:store_{model}_changelist"), fields, follow=True)


def form_fields(context: Any) -> dict[str, Any]:
    """What a browser sends of an untouched form and its inlines."""
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    fields: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            for name, part in _parts(bound, bound.value()):
                if part is True:
                    fields[name] = "on"
                elif part is not None and part is not False:
                    fields[name] = str(part)
    return fields


def _parts(bound: Any, value: Any) -> list[tuple[str, Any]]:
    if hasattr(bound.field.widget, "decompress"):
        moments = bound.field.widget.decompress(value)
        return [(f"{bound.html_name}_{at}", part) for at, part in enumerate(moments)]
    return [(bound.html_name, value)]


def errors_of(response: Any) -> str:
    """Every error that a form page shows."""
    assert response.status_code == 200, f"no form came back: {response.status_code}"
    return str(response.context["errors"])


def messages_of(response: Any) -> list[str]:
    """The messages at the top of the page."""
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", SiteRole.ADMIN)


@pytest.fixture
def admin(root: User) -> Browser:
    return Browser(root)


@pytest.fixture
def manager(make_user: Callable[..., User]) -> Browser:
    return Browser(make_user("mia", SiteRole.MANAGER))


@pytest.fixture
def member(world: World) -> Browser:
    return Browser(world.ada)


@pytest.fixture
def stranger(db: None) -> Browser:
    return Browser(None)


@pytest.fixture
def file_jobs(db: None) -> Callable[..., list[Job]]:
    """Files jobs of a kind; dead ones if asked for."""

    def file(kind: str, number: int = 1, *, dead: bool = False) -> list[Job]:
        with change(SYSTEM) as opened:
            for at in range(number):
                opened.job(kind, {"number": at})
        filed = list(Job.objects.filter(kind=kind))
        if dead:
            for job in ledger.claim(number, "test", ports.now()):
                jobs.run(job)
            filed = list(Job.objects.filter(kind=kind))
            assert {job.state for job in filed} == {"dead"}
        return filed

    return file
