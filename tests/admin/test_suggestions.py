"""Suggestions on the admin pages."""

import re
from collections.abc import Callable

import pytest

from taskflow.application.suggestions import request_suggestion
from taskflow.application.tasks import create_task
from taskflow.store.models import Event, Suggestion
from tests.admin.conftest import Browser, messages_of
from tests.conftest import World


@pytest.fixture
def pending(world: World, run_jobs: Callable[[], int]) -> list[Suggestion]:
    for title in ("Server is down", "Water the plants"):
        task = create_task(world.ada.as_actor(), {"title": title, "project": world.home.pk})
        request_suggestion(world.ada.as_actor(), task.pk)
    run_jobs()
    found = list(Suggestion.objects.order_by("id"))
    assert [one.state for one in found] == ["pending", "pending"]
    return found


def test_probabilities_and_reasons_are_shown(admin: Browser, pending: list[Suggestion]) -> None:
    html = admin.open("store_suggestion_change", pending[0].pk).content.decode().replace("&#x27;", "'")
    for reason in pending[0].reasons:
        assert reason["text"] in html
    for level, probability in (pending[0].probabilities or {}).items():
        assert f"<span>{level}</span><span>{probability * 100:.0f} %</span>" in html


def test_a_suggestion_goes_by_the_title_of_its_task(admin: Browser, pending: list[Suggestion]) -> None:
    assert pending[0].task.title in str(pending[0])
    assert str(pending[0].task_id) not in str(pending[0])


def test_pending_ones_are_accepted_through_the_use_case(admin: Browser, pending: list[Suggestion]) -> None:
    answer = admin.act("suggestion", "accept", *pending)
    assert messages_of(answer) == ["Accepted 2 suggestions."]
    first = Suggestion.objects.select_related("task", "decided_by").get(pk=pending[0].pk)
    assert first.state == "accepted"
    assert first.decided_by is not None
    assert first.decided_by.username == "root"
    assert first.task.priority == first.suggested_priority
    assert Event.objects.filter(type="taskflow.suggestion.decided").count() == 2


def test_one_that_is_decided_already_undoes_the_whole_action(admin: Browser, pending: list[Suggestion]) -> None:
    admin.act("suggestion", "dismiss", pending[0])
    answer = admin.act("suggestion", "accept", *pending)
    assert messages_of(answer) == ["The suggestion is dismissed already."]
    assert Suggestion.objects.get(pk=pending[1].pk).state == "pending"


def test_nothing_else_can_be_changed(admin: Browser, pending: list[Suggestion]) -> None:
    assert admin.send("store_suggestion_change", pending[0].pk, state="accepted").status_code == 403
    assert admin.send("store_suggestion_delete", pending[0].pk, post="yes").status_code == 403
    assert admin.open("store_suggestion_add").status_code == 403


def test_the_list_leads_to_the_suggestion_by_a_link_with_a_name(admin: Browser, pending: list[Suggestion]) -> None:
    html = admin.open("store_suggestion_changelist").content.decode()
    task = pending[0].task
    assert task is not None
    anchors = re.findall(r"<a [^>]*/admin/store/suggestion/([0-9a-f-]{36})/change/[^>]*>(.*?)</a>", html, re.DOTALL)
    texts = dict(anchors)
    assert set(texts) == {str(one.pk) for one in pending}
    assert task.key in texts[str(pending[0].pk)]
    assert "<a " not in "".join(texts.values())
