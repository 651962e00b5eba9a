"""The page of models: which one is asked and why, trying and fetching, and how providers fared."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application import ports
from taskflow.application.model_statistics import MOST_CALLS, percentile
from taskflow.application.tasks import create_task
from taskflow.domain.priority import LEVELS, Level, Priority
from taskflow.store.models import Event, Job, ModelCall, ModelPull, PluginBoard, Suggestion, Task, User
from tests.admin.conftest import Browser, messages_of
from tests.admin.model_rows import file_call, file_days
from tests.admin.plugin_pages import PROVIDER, press, text_of
from tests.conftest import FrozenClock, World
from tests.plugins.conftest import Instance
from tests.plugins.libraries import LIBRARY

pytestmark = pytest.mark.once

PAGE = "store_modelpull_changelist"
ADDRESS = "/admin/store/modelpull/"


@pytest.fixture
def providers(instance: Instance, admin: Browser) -> Callable[..., None]:
    """Installs libraries by their slugs and enables them."""

    def install(*slugs: str) -> None:
        for slug in slugs:
            instance.install(slug, LIBRARY.replace("SLUG", slug), raw=True)
        admin.open("store_plugin_changelist")
        for slug in slugs:
            press(admin, slug, "enable")

    return install


def send(admin: Browser, do: str, **fields: str) -> Any:
    return admin.client.post(ADDRESS, {"do": do, **fields}, follow=True)


def test_it_says_which_provider_is_asked_and_why(admin: Browser, providers: Callable[..., None]) -> None:
    assert "No provider is ready, so suggestions do without a model" in text_of(admin.open(PAGE))
    providers("first")
    assert "Suggestions ask Library first: it is the only provider that is ready." in text_of(admin.open(PAGE))
    providers("second")
    assert "2 providers are ready and none is chosen" in text_of(admin.open(PAGE))
    answer = send(admin, "choose", slug="second", model="large")
    assert messages_of(answer) == ["Suggestions ask second from now on."]
    assert "Suggestions ask Library second, model large: an administrator chose it." in text_of(answer)
    assert (PluginBoard.objects.get().provider, PluginBoard.objects.get().provider_model) == ("second", "large")
    press(admin, "second", "disable")
    assert "Library second is chosen and is not ready" in text_of(admin.open(PAGE))
    assert "2 providers" not in text_of(send(admin, "release"))
    assert "Suggestions ask Library first" in text_of(admin.open(PAGE))


def test_a_choice_is_made_in_the_name_of_who_made_it(
    admin: Browser, providers: Callable[..., None], root: User
) -> None:
    providers("first")
    send(admin, "choose", slug="first", model="")
    event = Event.objects.get(type="taskflow.plugin.provider_chosen")
    assert (event.actor_id, event.data) == (root.pk, {"slug": "first", "model": None})


def test_a_wrong_choice_is_refused_with_the_reason(admin: Browser, providers: Callable[..., None]) -> None:
    providers("first")
    assert "It is no installed model provider" in messages_of(send(admin, "choose", slug="nobody"))[0]
    # A gateway takes no longer ones: every question would be refused.
    assert "Name a model" in messages_of(send(admin, "choose", slug="first", model="x" * 300))[0]
    assert "no such button" in messages_of(send(admin, "dance"))[0]
    assert "not enabled" not in messages_of(send(admin, "pull", slug="nobody", model="x"))[0]


def test_a_test_shows_latency_speed_and_a_sample_beside_its_provider(
    admin: Browser, providers: Callable[..., None]
) -> None:
    providers("first", "second")
    page = send(admin, "test", slug="second")
    said = text_of(page)
    assert "Model tiny Speed 41.3 tokens/s Sample a piece" in said or "Speed 41.2 tokens/s" in said
    assert page.content.decode().count("tf-trial-title") == 1
    assert page.context["trial"].latency_ms > 0


def test_fetching_is_begun_and_shown_and_its_part_of_the_page_comes_alone(
    admin: Browser, providers: Callable[..., None]
) -> None:
    providers("first")
    answer = send(admin, "pull", slug="first", model="small")
    assert messages_of(answer) == ["first fetches small."]
    assert Job.objects.filter(kind="model.pull").count() == 1
    ModelPull.objects.update(completed_bytes=1_400_000_000, total_bytes=4_000_000_000, detail="<b>layer 2</b>")
    part = admin.open(PAGE, part="pulls")
    html = part.content.decode()
    assert "<html" not in html
    assert 'data-watching="yes"' in html
    assert "35 % 1.4 GB of 4.0 GB <b>layer 2</b>" in text_of(part)
    assert "<b>layer" not in html
    ModelPull.objects.update(state="failed", detail="no room")
    assert 'data-watching="no"' in admin.open(PAGE).content.decode()


def test_charts_draw_median_p95_and_errors_by_provider_and_day(
    admin: Browser, instance: Instance, clock: FrozenClock
) -> None:
    now = clock.moment
    file_days(now, "cloud", 2, [100.0, 200.0, 300.0, 4000.0])
    file_call(now, "local", latency_ms=50.0)
    file_call(now, "local", failure="timeout", latency_ms=8000.0)
    file_call(now, "local", cached=True, latency_ms=1.0)
    file_call(now - timedelta(days=40), "ancient")
    charts = admin.open(PAGE).context["charts"]
    assert charts.median.headers == ("", "cloud", "local")
    assert charts.median.rows[-2:] == (("23 Nov", 200.0, None), ("24 Nov", 200.0, 50.0))
    assert charts.p95.rows[-1] == ("24 Nov", 4000.0, 50.0)
    assert charts.errors.rows[-1] == ("24 Nov", 0, 1)
    assert len(charts.errors.rows) == 30
    assert json.loads(charts.median.data)["datasets"][1]["label"] == "local"


def test_each_opinion_is_held_against_what_was_decided(admin: Browser, world: World, clock: FrozenClock) -> None:
    sure = {level: dict.fromkeys(LEVELS, 0.1) | {level: 0.7} for level in LEVELS}

    def decide(rules: Level, raw: Level | None, advised: Priority, final: Priority | None) -> None:
        task = Task.objects.get(pk=create_task(world.ada.as_actor(), {"project": world.home.pk, "title": "x"}).pk)
        opinions = [{"source": "rules", "provider": "builtin", "probabilities": sure[rules], "raw": None}]
        opinions.append({"source": "learned", "provider": "builtin", "probabilities": None, "raw": None})
        said = None if raw is None else sure[raw]
        opinions.append({"source": "model", "provider": "cloud", "probabilities": said and sure["low"], "raw": said})
        Suggestion.objects.create(
            task=task,
            state="accepted" if advised == final else "dismissed" if final is None else "overridden",
            signals=opinions,
            suggested_priority=advised.rank,
            final_priority=final and final.rank,
            created_at=clock.moment,
            decided_at=clock.moment,
        )

    decide("high", "low", Priority.HIGH, Priority.HIGH)
    decide("high", "high", Priority.HIGH, Priority.HIGH)
    decide("low", None, Priority.LOW, Priority.URGENT)
    decide("low", "low", Priority.LOW, None)
    chart = admin.open(PAGE).context["charts"].agreement
    assert chart.rows == (("suggestion (3)", 67), ("rules (3)", 67), ("cloud (2)", 50))


def test_more_calls_than_are_looked_at_are_said_to_be_so(
    admin: Browser, instance: Instance, clock: FrozenClock
) -> None:
    values = {"slug": "cloud", "provider": "cloud", "purpose": "suggest", "leaves": True, "latency_ms": 5.0}
    ModelCall.objects.bulk_create(
        [ModelCall(at=clock.moment - timedelta(seconds=n), **values) for n in range(MOST_CALLS + 1)], batch_size=500
    )
    assert "Drawn from the newest 20,000 calls." in text_of(admin.open(PAGE))


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([], 0.5, None), ([7.0], 0.95, 7.0), ([1.0, 2.0], 0.5, 1.0), ([1.0, 2.0, 3.0], 0.5, 2.0)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, found: float | None) -> None:
    assert percentile(values, share) == found


def test_the_page_takes_as_many_queries_for_much_as_for_little(admin: Browser, providers: Callable[..., None]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin.open(PAGE).status_code == 200
        return len(captured)

    providers("first")
    file_call(ports.now())
    admin.open(PAGE)
    few = queries()
    file_days(ports.now(), "cloud", 20, [1.0, 2.0])
    for number in range(30):
        now = ports.now()
        ModelPull.objects.create(slug="first", model=f"m{number}", state="done", started_at=now, updated_at=now)
    assert queries() == few


def test_only_administrators_see_and_use_it(manager: Browser, member: Browser) -> None:
    for browser in (manager, member):
        assert browser.open(PAGE).status_code == 403
        assert browser.open(PAGE, part="pulls").status_code == 403
        assert browser.client.post(ADDRESS, {"do": "release"}).status_code == 403


def test_a_plugin_without_a_library_is_offered_and_says_so_when_asked(admin: Browser, instance: Instance) -> None:
    instance.install("model", PROVIDER)
    admin.open("store_plugin_changelist")
    press(admin, "model", "enable")
    assert "Provider model" in text_of(admin.open(PAGE))
    assert "Others say so here" in text_of(admin.open(PAGE))
