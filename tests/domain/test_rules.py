import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS
from taskflow.domain.rules import BASE, level_probabilities, rules_signal, score_task
from taskflow.domain.suggestion import Reason, combine, is_true_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PLAIN = TaskFacts(title="Prepare the quarterly numbers for Ann", created_at=NOW)


def score(facts: TaskFacts, zone: str = "UTC") -> float:
    return score_task(facts, now=NOW, timezone=zone).score


def reasons(facts: TaskFacts, zone: str = "UTC") -> dict[str, Reason]:
    return {factor.code: factor for factor in score_task(facts, now=NOW, timezone=zone).factors}


def test_factors_add_up_to_the_score() -> None:
    facts = replace(PLAIN, title="URGENT: pay the plumber!", due_at=NOW + timedelta(hours=4), open_dependents=3)
    outcome = score_task(facts, now=NOW, timezone="UTC")

    assert BASE + math.fsum(factor.contribution or 0 for factor in outcome.factors) == pytest.approx(outcome.score)


@pytest.mark.parametrize(
    ("due_at", "text"),
    [
        (timedelta(hours=4), "due in 4 hours"),
        (timedelta(minutes=30), "due in 30 minutes"),
        (timedelta(days=3, hours=2), "due in 3 days"),
        (timedelta(days=-2), "overdue by 2 days"),
        (timedelta(minutes=-61), "overdue by 61 minutes"),
    ],
)
def test_a_timed_due_date_is_described_as_it_is(due_at: timedelta, text: str) -> None:
    found = reasons(replace(PLAIN, due_at=NOW + due_at))

    assert found.get("due", found.get("overdue")) is not None
    assert text in {reason.text for reason in found.values()}


@pytest.mark.parametrize(
    ("due", "text"),
    [
        (date(2026, 3, 2), "due today"),
        (date(2026, 3, 3), "due tomorrow"),
        (date(2026, 3, 9), "due in 7 days"),
        (date(2026, 3, 1), "overdue by 1 day"),
        (date(2026, 2, 20), "overdue by 10 days"),
    ],
)
def test_an_all_day_due_date_is_described_in_days(due: date, text: str) -> None:
    assert text in {reason.text for reason in reasons(replace(PLAIN, due_date=due)).values()}


def test_days_are_those_of_the_persons_zone() -> None:
    facts = replace(PLAIN, due_date=date(2026, 3, 2))

    assert reasons(facts, "Pacific/Kiritimati")["due"].text == "due today"
    late = score_task(facts, now=NOW + timedelta(hours=2), timezone="Pacific/Kiritimati").factors
    assert "overdue by 1 day" in {factor.text for factor in late}


def test_a_nearer_due_date_never_lowers_the_score() -> None:
    scores = [score(replace(PLAIN, due_at=NOW + timedelta(hours=hours))) for hours in range(1, 24 * 120, 5)]

    assert all(sooner >= later - 1e-12 for sooner, later in pairwise(scores))


@pytest.mark.parametrize(
    ("hot", "cold"),
    [
        ("Database outage, customers cannot pay", "Tidy the wiki someday"),
        ("Final notice: tax return", "Listen to that podcast"),
        ("Baby has a fever, call the doctor", "Paint the fence when there is time"),
        ("Burst pipe in the kitchen", "Compare new desk lamps"),
    ],
)
def test_pressing_words_outrank_idle_ones(hot: str, cold: str) -> None:
    assert score(replace(PLAIN, title=hot)) > score(replace(PLAIN, title=cold)) + 0.8


def test_a_word_that_weighed_is_quoted_as_it_stands() -> None:
    found = reasons(replace(PLAIN, title="Look at the Outages report"))

    assert found["outage"].text == "says “Outages”"
    assert found["outage"].field == "title"


def test_a_pressing_word_excuses_a_missing_due_date() -> None:
    undated = replace(PLAIN, title="Production database down")

    assert reasons(undated)["no_due_date"].contribution == pytest.approx(0.15)
    assert reasons(PLAIN)["no_due_date"].contribution == pytest.approx(-0.45)
    assert score(undated) > 1.5


def test_an_everyday_phrase_is_not_taken_for_the_word_in_it() -> None:
    assert "failure" not in reasons(replace(PLAIN, title="write down what Ann told us"))
    assert "failure" in reasons(replace(PLAIN, title="lift down again, tell Ann"))


def test_a_negated_word_turns_round() -> None:
    assert score(replace(PLAIN, title="this invoice is not urgent at all")) < score(
        replace(PLAIN, title="this invoice is very urgent for all")
    )
    assert reasons(replace(PLAIN, title="never an emergency here"))["hurry"].text == "says not “emergency”"


def test_waiting_tasks_are_counted() -> None:
    assert reasons(replace(PLAIN, open_dependents=3))["dependents"].text == "3 tasks wait for it"
    assert reasons(replace(PLAIN, open_dependents=1))["dependents"].text == "1 task waits for it"
    assert score(replace(PLAIN, open_dependents=3)) > score(PLAIN) > score(replace(PLAIN, open_blockers=1))


def test_a_start_in_the_future_lowers_the_score() -> None:
    later = replace(PLAIN, start_date=date(2026, 3, 12))

    assert score(later) < score(PLAIN)
    assert reasons(later)["not_yet"].text == "starts in 10 days"
    assert "not_yet" not in reasons(replace(PLAIN, start_date=date(2026, 3, 1)))


def test_work_that_hardly_fits_before_its_due_date_raises_the_score() -> None:
    facts = replace(PLAIN, due_at=NOW + timedelta(hours=10))

    assert score(replace(facts, estimate_minutes=480)) > score(facts)
    assert reasons(replace(facts, estimate_minutes=480))["tight"].text == "needs 8 hours of the 10 hours left"
    assert score(replace(facts, estimate_minutes=30)) == score(facts)


def test_probabilities_are_a_distribution_that_moves_with_the_score() -> None:
    for value in (-50.0, -1.0, 0.0, 1.4, 3.0, 50.0):
        assert math.fsum(level_probabilities(value).values()) == pytest.approx(1)
    assert max(LEVELS, key=level_probabilities(-1.0).__getitem__) == "low"
    assert max(LEVELS, key=level_probabilities(1.0).__getitem__) == "medium"
    assert max(LEVELS, key=level_probabilities(2.0).__getitem__) == "high"
    assert max(LEVELS, key=level_probabilities(3.5).__getitem__) == "urgent"


@given(
    title=st.text(max_size=80),
    description=st.text(max_size=200),
    labels=st.lists(st.text(max_size=10), max_size=3),
    due=st.one_of(st.none(), st.dates(), st.datetimes(timezones=st.just(UTC))),
    start=st.one_of(st.none(), st.dates()),
    estimate=st.one_of(st.none(), st.integers(0, 10**9)),
    zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "America/St_Johns"]),
)
def test_any_task_gets_an_answer_with_true_reasons(
    title: str,
    description: str,
    labels: list[str],
    due: date | datetime | None,
    start: date | None,
    estimate: int | None,
    zone: str,
) -> None:
    facts = TaskFacts(
        title=title,
        created_at=NOW,
        description=description,
        labels=tuple(labels),
        due_at=due if isinstance(due, datetime) else None,
        due_date=due if not isinstance(due, datetime) else None,
        start_date=start,
        estimate_minutes=estimate,
    )

    signal = rules_signal(facts, now=NOW, timezone=zone)
    advice = combine([signal], facts)

    assert advice.source == "rules"
    assert advice.reasons
    assert all(is_true_of(reason, facts) for reason in signal.reasons)
    assert signal.probabilities is not None
    assert all(0 <= value <= 1 for value in signal.probabilities.values())


def test_a_long_description_takes_little_time() -> None:
    facts = replace(PLAIN, description="urgent outage " * 7_000)

    assert rules_signal(facts, now=NOW, timezone="UTC").latency_ms < 100


def test_the_moment_counts_whatever_zone_it_is_written_in() -> None:
    facts = replace(PLAIN, due_at=NOW + timedelta(hours=4))
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-8)))

    assert score_task(facts, now=elsewhere, timezone="UTC") == score_task(facts, now=NOW, timezone="UTC")
