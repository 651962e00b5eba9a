"""The overview's numbers and charts."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from taskflow.application import ledger, ports
from taskflow.application.suggestions import accept, override, request_suggestion
from taskflow.application.task_states import complete_task
from taskflow.application.tasks import create_task
from taskflow.domain.priority import Priority
from taskflow.store.models import Job, Suggestion
from tests.admin.conftest import Browser
from tests.conftest import FrozenClock, World


def _cards(browser: Browser) -> dict[str, dict[str, Any]]:
    return {card["title"]: card for card in browser.open("index").context["cards"]}


def test_the_cards_count_the_ledger(admin: Browser, clock: FrozenClock, file_jobs: Callable[..., list[Job]]) -> None:
    file_jobs("no.such.kind", 2, dead=True)
    file_jobs("other.kind", 3)
    ledger.claim(1, "w", ports.now())
    clock.advance(minutes=7)
    cards = _cards(admin)
    assert (cards["Queued"]["value"], cards["Running"]["value"], cards["Dead"]["value"]) == (2, 1, 2)
    assert (cards["Oldest due job"]["value"], cards["Oldest due job"]["alarm"]) == ("7 min", True)
    assert (cards["Failures, 24 h"]["value"], cards["Failures, 24 h"]["alarm"]) == (2, True)
    clock.advance(days=2)
    assert _cards(admin)["Failures, 24 h"]["value"] == 0


def test_a_quiet_ledger_raises_no_alarm(admin: Browser, clock: FrozenClock) -> None:
    ledger.beat("w", ports.now())
    cards = _cards(admin)
    assert cards["Oldest due job"]["value"] == "none"
    assert cards["Job loop"]["value"] == "alive"
    assert not any(card["alarm"] for card in cards.values())


def test_a_silent_job_loop_is_an_alarm(admin: Browser, clock: FrozenClock) -> None:
    ledger.beat("w", ports.now())
    clock.advance(minutes=2)
    card = _cards(admin)["Job loop"]
    assert (card["value"], card["note"], card["alarm"]) == ("silent", "last sign of life 2 min ago", True)


def test_cards_link_to_the_filtered_list(admin: Browser, file_jobs: Callable[..., list[Job]]) -> None:
    file_jobs("no.such.kind", dead=True)
    file_jobs("other.kind")
    address = _cards(admin)["Dead"]["url"]
    assert [job.kind for job in admin.client.get(address).context["cl"].result_list] == ["no.such.kind"]


def test_activity_is_counted_by_day(admin: Browser, clock: FrozenClock, world: World) -> None:
    actor = world.ada.as_actor()
    first = create_task(actor, {"title": "One", "project": world.home.pk})
    create_task(actor, {"title": "Two", "project": world.home.pk})
    clock.advance(days=1)
    complete_task(actor, first.pk)
    chart = admin.open("index").context["activity_chart"]
    assert [row for row in chart.rows if row[1] or row[2]] == [("24 Nov", 2, 0), ("25 Nov", 0, 1)]
    assert len(chart.rows) == 30


def test_agreement_is_drawn_by_week(
    admin: Browser, clock: FrozenClock, world: World, run_jobs: Callable[[], int]
) -> None:
    actor = world.ada.as_actor()
    for at in range(4):
        task = create_task(actor, {"title": f"Task {at}", "project": world.home.pk})
        request_suggestion(actor, task.pk)
    run_jobs()
    for at, suggestion in enumerate(Suggestion.objects.order_by("id")):
        if at == 0:
            other = Priority.LOW if suggestion.suggested_priority != 1 else Priority.URGENT
            override(actor, suggestion.pk, other)
        else:
            accept(actor, suggestion.pk)
    page = admin.open("index")
    agreement = json.loads(page.context["agreement_chart"].data)
    # The point of a week with 100 % is whole.
    assert agreement["datasets"][0]["clip"] > 0
    assert agreement["labels"][-1] == "23 Nov"
    assert agreement["datasets"][0]["data"][-1] == 75
    assert agreement["datasets"][0]["data"][:-1] == [None] * (len(agreement["labels"]) - 1)
    assert json.loads(page.context["decision_chart"].data)["datasets"][0]["data"][-1] == 4
    html = page.content.decode()
    assert 'data-type="line"' in html
    assert 'role="img"' in html


def test_an_empty_instance_says_so_instead_of_drawing_nothing(admin: Browser) -> None:
    html = admin.open("index").content.decode()
    assert "Nobody has decided on a suggestion yet." in html
    assert "<canvas" not in html


def test_days_are_those_of_the_reader(admin: Browser, clock: FrozenClock, world: World) -> None:
    type(world.ada).objects.filter(username="root").update(timezone="Pacific/Auckland")
    clock.moment += timedelta(hours=3)
    create_task(world.ada.as_actor(), {"title": "One", "project": world.home.pk})
    chart = admin.open("index").context["activity_chart"]
    assert [row for row in chart.rows if row[1]] == [("25 Nov", 1, 0)]
