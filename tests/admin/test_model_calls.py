"""The list of calls of models: newest first, narrowed by provider, outcome and reach, for administrators alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application import ports
from taskflow.application.tasks import create_task
from taskflow.store.models import ModelCall
from tests.admin.conftest import Browser
from tests.admin.model_rows import file_call
from tests.admin.plugin_pages import text_of
from tests.conftest import World

pytestmark = pytest.mark.once

LIST = "store_modelcall_changelist"


def shown(admin: Browser, **query: str) -> list[ModelCall]:
    return list(admin.open(LIST, **query).context["cl"].result_list)


def test_the_newest_call_stands_first_with_what_it_cost(admin: Browser) -> None:
    now = ports.now()
    old = file_call(now - timedelta(hours=1), latency_ms=1234.5, redactions=3)
    new = file_call(now, "local:llama", leaves=False, sent_bytes=0, cached=True)
    assert shown(admin) == [new, old]
    said = text_of(admin.open(LIST))
    assert "cloud tiny suggest 1,234 ms 1,234 bytes 3 answered" in said
    assert "local:llama tiny suggest 100 ms nothing 0 cached" in said


def test_what_a_call_sent_that_ended_without_a_word_is_not_known(admin: Browser) -> None:
    now = ports.now()
    unsaid: dict[str, Any] = {"model": "", "sha256": "", "sent_bytes": 0}
    file_call(now, failure="timeout", **unsaid)
    file_call(now - timedelta(seconds=1), failure="breaker_open", **unsaid)
    said = text_of(admin.open(LIST))
    assert "suggest 100 ms not known 0 timeout" in said
    assert "suggest 100 ms nothing 0 breaker_open" in said


def test_filters_are_called_by_their_columns(admin: Browser) -> None:
    file_call(ports.now())
    said = text_of(admin.open(LIST))
    assert "By left this machine" in said
    assert "By time" in said


def test_a_long_name_of_a_model_is_cut_in_the_list_and_whole_on_its_page(admin: Browser) -> None:
    name = "/srv/models/" + "m" * 150 + "/<b>.gguf"
    call = file_call(ports.now(), model=name)
    said = text_of(admin.open(LIST))
    assert f"{name[:39]}… suggest" in said
    assert name not in said
    assert name in text_of(admin.open("store_modelcall_change", call.pk))


def test_filters_narrow_by_provider_outcome_and_reach(admin: Browser) -> None:
    now = ports.now()
    good = file_call(now)
    cached = file_call(now - timedelta(seconds=1), cached=True)
    failed = file_call(now - timedelta(seconds=2), "local", leaves=False, failure="timeout")
    assert shown(admin, provider="local") == [failed]
    assert shown(admin, outcome="answered") == [good]
    assert shown(admin, outcome="cached") == [cached]
    assert shown(admin, outcome="failed") == [failed]
    assert shown(admin, leaves__exact="1") == [good, cached]


def test_a_call_leads_to_its_task_and_person_and_cannot_be_changed(admin: Browser, world: World) -> None:
    task = create_task(world.ada.as_actor(), {"project": world.home.pk, "title": "Pay"})
    call = file_call(ports.now(), task_id=task.pk, person=world.ada)
    page = admin.open("store_modelcall_change", call.pk)
    assert f"/admin/store/task/{task.pk}/change/" in page.content.decode()
    assert "ada" in text_of(page)
    assert admin.send("store_modelcall_change", call.pk, provider="x").status_code == 403
    assert admin.client.get("/admin/store/modelcall/add/").status_code == 403


def test_a_long_list_takes_as_many_queries_as_a_short_one(admin: Browser, world: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert admin.open(LIST).status_code == 200
        return len(captured)

    file_call(ports.now())
    admin.open(LIST)
    few = queries()
    for number in range(40):
        task = create_task(world.ada.as_actor(), {"project": world.home.pk, "title": "Pay"})
        file_call(ports.now() - timedelta(minutes=number), task_id=task.pk, person=world.ada)
    assert queries() == few
    assert few <= 8


def test_a_manager_does_not_see_it(manager: Browser) -> None:
    assert manager.open(LIST).status_code == 403
