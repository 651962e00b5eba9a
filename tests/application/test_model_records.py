"""What plugins' opinions are worth follows how well they foretold what this person decided."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from taskflow.application import ports
from taskflow.application.model_records import Record, weigh_opinions
from taskflow.application.tasks import create_task
from taskflow.domain.priority import LEVELS, Level, Priority
from taskflow.domain.suggestion import Signal, pool
from taskflow.store.models import Suggestion, User
from tests.conftest import World

pytestmark = pytest.mark.django_db


def sure_of(level: Level, share: float = 0.85) -> dict[Level, float]:
    return {each: share if each == level else (1 - share) / 3 for each in LEVELS}


RULES = Signal(source="rules", probabilities=dict.fromkeys(LEVELS, 0.25), weight=1.0)


def opinion(level: Level, **more: Any) -> Signal:
    fields = {"provider": "model", "model": "tiny", "prompt_version": "2", **more}
    return Signal(source="model", probabilities=sure_of(level), **fields)


@pytest.fixture
def decide(world: World) -> Callable[..., None]:
    """A decided suggestion of Ada's, in which a model said one level and she decided another."""
    task = create_task(world.ada.as_actor(), {"project": world.home.pk, "title": "Pay"})

    def made(said: Level, decided: Level, *, at: int, **model: Any) -> None:
        now = ports.now()
        stored = {"source": "rules", "provider": "builtin", "model": None, "weight": 1.0, "raw": None}
        told = {"source": "model", "provider": "model", "model": "tiny", "prompt_version": "2", "weight": 0.0} | model
        levels = {"probabilities": dict.fromkeys(LEVELS, 0.25)}
        Suggestion.objects.create(
            task=task,
            state="overridden",
            created_at=now,
            decided_at=now - timedelta(hours=at),
            decided_by=world.ada,
            final_priority=Priority(decided).rank,
            signals=[stored | levels, told | levels | {"raw": sure_of(said)}],
        )

    return made


def share(world: World, signal: Signal) -> float:
    """The model's part of the decision."""
    weighed = weigh_opinions([RULES, signal], Record(world.ada.pk))
    total = sum(each.weight for each in weighed)
    return weighed[1].weight / total


def test_a_model_that_is_right_gains_and_one_that_is_wrong_loses(world: World, decide: Callable[..., None]) -> None:
    before = share(world, opinion("high"))
    for number in range(25):
        level = LEVELS[number % 4]
        decide(level, level, at=number)
        decide(level, LEVELS[(number + 2) % 4], at=number, provider="wrong")
    assert share(world, opinion("high")) > 0.5 > before
    assert share(world, opinion("high", provider="wrong")) < before


def test_another_model_prompt_or_person_has_a_record_of_its_own(
    world: World, decide: Callable[..., None], make_user: Callable[..., User]
) -> None:
    for number in range(25):
        decide(LEVELS[number % 4], LEVELS[number % 4], at=number)
    fresh = share(world, opinion("high", provider="other"))
    assert share(world, opinion("high", model="large")) == fresh
    assert share(world, opinion("high", prompt_version="3")) == fresh
    bob = make_user("bert")
    weighed = weigh_opinions([RULES, opinion("high")], Record(bob.pk))
    assert weighed[1].weight / sum(each.weight for each in weighed) == pytest.approx(fresh)
    assert weigh_opinions([RULES, opinion("high")], Record(None))[1].weight == pytest.approx(weighed[1].weight)


def test_what_it_said_itself_is_kept_beside_what_is_made_of_it(world: World) -> None:
    said = opinion("urgent")
    weighed = weigh_opinions([RULES, said], Record(world.ada.pk))[1]
    assert weighed.raw == said.probabilities
    assert weighed.probabilities != said.probabilities
    assert sum((weighed.probabilities or {}).values()) == pytest.approx(1)


def test_somebody_who_is_vouched_for_weighs_more_from_the_first(world: World) -> None:
    assert share(world, opinion("high", able=True)) > share(world, opinion("high")) > 0


def test_signals_without_an_opinion_and_rows_of_earlier_releases_do_no_harm(
    world: World, decide: Callable[..., None]
) -> None:
    decide("high", "high", at=1)
    Suggestion.objects.update(signals=[{"source": "rules", "probabilities": None, "weight": 0.0, "provider": "x"}])
    failed = Signal(source="model", error="late")
    assert weigh_opinions([RULES, failed], Record(world.ada.pk)) == [RULES, failed]
    assert weigh_opinions([failed], Record(world.ada.pk)) == [failed]
    assert pool([RULES], [1.0])["low"] == 0.25
    assert share(world, opinion("high")) > 0


def test_the_record_is_read_once_for_several_tasks_and_not_without_an_opinion(
    world: World, decide: Callable[..., None], django_assert_num_queries: Any
) -> None:
    decide("high", "high", at=1)
    record = Record(world.ada.pk)
    with django_assert_num_queries(0):
        weigh_opinions([RULES], record)
    with django_assert_num_queries(1):
        for level in LEVELS:
            weigh_opinions([RULES, opinion(level)], record)
