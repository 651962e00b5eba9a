"""Lists cost the same for many rows as for few, and no page asks another host for anything."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application.labels import create_label
from taskflow.application.members import add_member
from taskflow.application.projects import create_project
from taskflow.application.saved_filters import create_filter
from taskflow.application.suggestions import request_suggestion
from taskflow.application.tasks import create_task
from taskflow.application.tokens import Wish, create_token
from taskflow.domain.permissions import ProjectRole
from taskflow.interfaces.admin import base
from taskflow.store.models import Event, Job, Suggestion, Task, User
from tests.admin.conftest import Browser
from tests.conftest import World

LISTS = ["apitoken", "event", "job", "label", "project", "savedfilter", "suggestion", "task", "user"]


@pytest.fixture
def fill(world: World, make_user: Callable[..., User], run_jobs: Callable[[], int]) -> Callable[[int], None]:
    """Adds `number` rows to every table that has a list."""
    made = iter(range(1000))

    def add(number: int) -> None:
        actor = world.ada.as_actor()
        for _ in range(number):
            at = next(made)
            make_user(f"person{at}")
            project = create_project(actor, {"name": f"Project {at}"})
            label = create_label(actor, project.pk, f"label{at}")
            task = create_task(
                actor, {"title": f"Task {at}", "project": project.pk, "labels": [label.name], "assignees": ["ada"]}
            )
            request_suggestion(actor, task.pk)
            create_filter(actor, {"name": f"filter {at}", "expression": "overdue"})
            create_token(actor, Wish(name=f"token {at}", projects=[project.key]))
        run_jobs()

    return add


def _queries(browser: Browser, page: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert browser.open(f"store_{page}_changelist").status_code == 200
    return len(captured)


@pytest.mark.parametrize("page", LISTS)
def test_a_list_asks_the_same_number_of_questions_however_many_rows(
    admin: Browser, fill: Callable[[int], None], page: str
) -> None:
    fill(2)
    admin.open(f"store_{page}_changelist")
    few = _queries(admin, page)
    fill(6)
    many = _queries(admin, page)
    assert many == few
    assert many <= 10


def test_the_overview_asks_the_same_number_of_questions_however_many_rows(
    admin: Browser, fill: Callable[[int], None]
) -> None:
    fill(1)
    admin.open("index")
    with CaptureQueriesContext(connection) as few:
        admin.open("index")
    fill(4)
    with CaptureQueriesContext(connection) as many:
        admin.open("index")
    assert len(many) == len(few) <= 25


def test_a_change_page_of_a_project_does_not_ask_for_each_member(
    admin: Browser, world: World, make_user: Callable[..., User]
) -> None:
    admin.open("store_project_change", world.home.pk)
    with CaptureQueriesContext(connection) as few:
        admin.open("store_project_change", world.home.pk)
    for at in range(5):
        add_member(world.ada.as_actor(), world.home.pk, make_user(f"p{at}").username, ProjectRole.VIEWER)
    with CaptureQueriesContext(connection) as many:
        admin.open("store_project_change", world.home.pk)
    assert len(many) == len(few)


def test_counting_stops_at_a_bound(
    admin: Browser, fill: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(3)
    monkeypatch.setattr(base, "MOST_COUNTED", 4)
    answer = admin.open("store_event_changelist")
    assert answer.context["cl"].result_count == 4 < Event.objects.count()
    assert "or more; filter to see the others" in answer.content.decode()


def test_no_page_names_another_host(admin: Browser, world: World, fill: Callable[[int], None]) -> None:
    fill(1)
    rows: dict[str, Any] = {
        "event": Event.objects.latest("time"),
        "job": Job.objects.latest("created_at"),
        "project": world.home,
        "suggestion": Suggestion.objects.get(),
        "task": Task.objects.get(),
        "user": world.ada,
    }
    answers = [admin.open("index")]
    answers += [admin.open(f"store_{page}_changelist") for page in LISTS]
    answers += [admin.open(f"store_{page}_change", row.pk) for page, row in rows.items()]
    answers += [admin.open(f"store_{page}_add") for page in ("label", "project", "savedfilter", "task", "user")]
    answers.append(Browser(world.ada).open("index"))
    for answer in answers:
        assert answer.status_code in {200, 403}
        html = answer.content.decode()
        loaded = re.findall(r"""(?:src|href|action|data-url)=["']([^"']+)""", html) + re.findall(
            r"url\(([^)]+)\)", html
        )
        assert loaded
        foreign = [address for address in loaded if re.match(r"\s*['\"]?(?:[a-z]+:)?//", address)]
        assert foreign == []


def test_static_files_that_pages_load_name_no_other_host(admin: Browser) -> None:
    html = admin.open("store_task_add").content.decode() + admin.open("index").content.decode()
    paths = set(re.findall(r"""(?:src|href)=["']/static/([^"'?]+)\.(css|js)""", html))
    assert ("taskflow/admin", "css") in paths
    for stem, kind in paths:
        found = finders.find(f"{stem}.{kind}")
        assert isinstance(found, str), stem
        with open(found, encoding="utf-8") as file:
            text = file.read()
        loads = re.findall(r"@import[^;]+|url\([^)]*\)", text) if kind == "css" else []
        assert [load for load in loads if "//" in load and "data:" not in load] == []


@pytest.mark.parametrize("page", LISTS)
@pytest.mark.parametrize("query", [{"q": "Ünïcode %_ '\""}, {"p": "99999"}, {"o": "99.-3"}, {"nonsense__x": "1"}])
def test_odd_addresses_never_break_a_list(
    admin: Browser, fill: Callable[[int], None], page: str, query: dict[str, str]
) -> None:
    fill(1)
    assert admin.open(f"store_{page}_changelist", **query).status_code in {200, 302}
