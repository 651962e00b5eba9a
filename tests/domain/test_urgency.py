"""Urgency: what the score promises, for any input that types allow."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.domain.errors import Invalid
from taskflow.domain.priority import ORDER, Priority
from taskflow.domain.urgency import Urgency, UrgencyInput, UrgencyNode, compute_urgency, due_value, propagate
from taskflow.domain.urgency_weights import Weights, parse_weights
from taskflow.domain.zones import end_of_day, load_zone, start_of_day

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Nowhere/Land",
]

moments = st.datetimes(
    timezones=st.sampled_from(
        [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia"), timezone(timedelta(hours=-12))]
    )
)
points = st.floats(0, 100)
days = st.floats(0.1, 3650)
shares = st.floats(0, 1)
weights_of_any_project = st.builds(
    Weights,
    due=points,
    priority=points,
    blocking=points,
    age=points,
    active=st.floats(0.001, 100),
    due_half_days=days,
    overdue_half_days=days,
    age_half_days=days,
    blocked_share=shares,
    not_started_share=shares,
    inheritance=shares,
)
tasks = st.builds(
    UrgencyInput,
    created_at=moments,
    priority=st.sampled_from(Priority),
    status=st.sampled_from(["todo", "in_progress", "done", "cancelled"]),
    due_date=st.none() | st.dates(),
    due_at=st.none() | moments,
    start_date=st.none() | st.dates(),
    open_blockers=st.integers(0, 50),
    open_dependents=st.integers(0, 10**6),
    inherited=st.none() | st.floats(0, 100),
)
zone_names = st.sampled_from(ZONES)


def score(task: UrgencyInput, weights: Weights | None = None, now: datetime = NOW, zone: str = "UTC") -> float:
    return compute_urgency(task, weights or Weights(), now=now, timezone=zone).score


def contribution(urgency: Urgency, code: str) -> float:
    return next((factor.contribution for factor in urgency.factors if factor.code == code), 0.0)


def task_of(**fields: Any) -> UrgencyInput:
    return UrgencyInput(created_at=NOW, **fields)


@given(tasks, weights_of_any_project, moments, zone_names, st.randoms())
def test_contributions_sum_to_the_score_exactly_in_any_order_and_through_json(
    task: UrgencyInput, weights: Weights, now: datetime, zone: str, shuffler: random.Random
) -> None:
    urgency = compute_urgency(task, weights, now=now, timezone=zone)
    contributions = json.loads(json.dumps([factor.contribution for factor in urgency.factors]))
    shuffler.shuffle(contributions)
    total = 0.0
    for each in contributions:
        total += each
    assert total == json.loads(json.dumps(urgency.score))
    assert 0 <= urgency.score <= 100


@given(tasks, weights_of_any_project, moments, zone_names)
def test_a_client_can_repeat_every_contribution(task: UrgencyInput, weights: Weights, now: datetime, zone: str) -> None:
    for factor in compute_urgency(task, weights, now=now, timezone=zone).factors:
        assert 0 <= factor.value <= 1
        assert factor.contribution * 16 == int(factor.contribution * 16)
        rest = abs(factor.value * factor.weight) - abs(factor.contribution)
        assert -1e-6 <= rest < 1 / 16
        assert factor.label


@given(tasks, weights_of_any_project, moments, moments, zone_names)
def test_the_due_factor_never_falls_as_time_passes(
    task: UrgencyInput, weights: Weights, one: datetime, other: datetime, zone: str
) -> None:
    earlier, later = sorted([one, other], key=lambda moment: moment.replace(tzinfo=None) - moment.utcoffset())  # type: ignore[operator]
    before = compute_urgency(task, weights, now=earlier, timezone=zone)
    after = compute_urgency(task, weights, now=later, timezone=zone)
    assert contribution(after, "due") >= contribution(before, "due")


@given(tasks, weights_of_any_project, moments, st.dates(), st.dates(), zone_names)
def test_an_earlier_due_date_never_scores_less(
    task: UrgencyInput, weights: Weights, now: datetime, one: date, other: date, zone: str
) -> None:
    early = replace(task, due_at=None, due_date=min(one, other))
    late = replace(task, due_at=None, due_date=max(one, other))
    assert score(early, weights, now, zone) >= score(late, weights, now, zone)


@given(tasks, weights_of_any_project, moments, st.datetimes(), st.datetimes(), zone_names)
def test_an_earlier_due_time_or_creation_never_scores_less(
    task: UrgencyInput, weights: Weights, now: datetime, one: datetime, other: datetime, zone: str
) -> None:
    first, second = min(one, other).replace(tzinfo=UTC), max(one, other).replace(tzinfo=UTC)
    early, late = replace(task, due_at=first), replace(task, due_at=second)
    assert score(early, weights, now, zone) >= score(late, weights, now, zone)
    old, young = replace(task, created_at=first), replace(task, created_at=second)
    assert score(old, weights, now, zone) >= score(young, weights, now, zone)


@given(tasks, weights_of_any_project, moments, zone_names)
def test_a_higher_priority_never_scores_less(task: UrgencyInput, weights: Weights, now: datetime, zone: str) -> None:
    scores = [score(replace(task, priority=level), weights, now, zone) for level in ORDER]
    assert scores == sorted(scores)


@given(tasks, weights_of_any_project, moments, zone_names, st.floats(0, 100), st.floats(0, 100))
def test_more_inherited_urgency_never_scores_less(
    task: UrgencyInput, weights: Weights, now: datetime, zone: str, one: float, other: float
) -> None:
    less = score(replace(task, inherited=min(one, other)), weights, now, zone)
    more = score(replace(task, inherited=max(one, other)), weights, now, zone)
    assert more >= less >= score(replace(task, inherited=None), weights, now, zone)


@given(tasks, weights_of_any_project, moments, zone_names)
def test_a_gate_leaves_its_share_of_the_whole_score(
    task: UrgencyInput, weights: Weights, now: datetime, zone: str
) -> None:
    free = score(replace(task, open_blockers=0, start_date=None), weights, now, zone)
    blocked = score(replace(task, open_blockers=3, start_date=None), weights, now, zone)
    # One unit for cutting the contribution, and 100 times the fourth decimal for cutting the value.
    assert free * weights.blocked_share <= blocked + 1e-6
    assert blocked <= free * weights.blocked_share + 1 / 16 + 0.011


@given(tasks, weights_of_any_project, moments, zone_names)
def test_the_score_before_gates_is_the_score_without_them(
    task: UrgencyInput, weights: Weights, now: datetime, zone: str
) -> None:
    free = replace(task, open_blockers=0, start_date=None)
    gated = compute_urgency(replace(task, open_blockers=2, start_date=date.max), weights, now=now, timezone=zone)
    assert gated.ungated == score(free, weights, now, zone)


@given(weights_of_any_project, st.floats(-40_000, 40_000), st.floats(0, 1000))
def test_the_due_curve_rises_within_its_bounds(weights: Weights, days_left: float, closer: float) -> None:
    assert 0 <= due_value(days_left, weights) <= due_value(days_left - closer, weights) <= 1


def test_the_due_curve_does_not_jump_and_still_rises_when_overdue() -> None:
    weights = Weights()
    hourly = [due_value(hours / 24, weights) for hours in range(24 * 400, -24 * 400, -1)]
    assert all(0 < after - before < 0.011 for before, after in pairwise(hourly))
    assert due_value(0, weights) == 0.75
    assert due_value(3, weights) == pytest.approx(0.375)
    assert due_value(-7, weights) == pytest.approx(0.875)


def test_tasks_without_a_due_date_order_by_priority_and_age() -> None:
    old = NOW - timedelta(days=60)
    order = [
        UrgencyInput(created_at=NOW, priority=Priority.NONE),
        UrgencyInput(created_at=old, priority=Priority.NONE),
        UrgencyInput(created_at=NOW, priority=Priority.HIGH),
        UrgencyInput(created_at=old, priority=Priority.HIGH),
        UrgencyInput(created_at=NOW, priority=Priority.URGENT),
    ]
    scores = [score(task) for task in order]
    assert scores == sorted(set(scores))


def test_a_far_due_date_does_not_outrank_a_raised_priority_without_one() -> None:
    assert score(task_of(due_date=date(2027, 11, 23))) < score(task_of(priority=Priority.LOW))


def test_among_overdue_tasks_the_one_that_is_later_by_weeks_comes_first() -> None:
    assert score(task_of(due_at=NOW - timedelta(weeks=8))) > score(task_of(due_at=NOW - timedelta(weeks=4)))


def test_a_blocked_urgent_task_stays_below_a_plain_task_that_can_be_done() -> None:
    blocked = task_of(priority=Priority.URGENT, due_at=NOW + timedelta(hours=4), open_blockers=1)
    assert score(blocked) < score(task_of(priority=Priority.HIGH, due_at=NOW + timedelta(days=4)))


@pytest.mark.parametrize(("status", "word"), [("done", "Done"), ("cancelled", "Cancelled")])
def test_a_closed_task_scores_nothing_and_says_why(status: str, word: str) -> None:
    urgency = compute_urgency(
        task_of(status=status, priority=Priority.URGENT, due_at=NOW), Weights(), now=NOW, timezone="UTC"
    )
    assert urgency.score == 0.0
    assert [(factor.code, factor.contribution) for factor in urgency.factors] == [("closed", 0.0)]
    assert urgency.factors[0].label.startswith(word)


def test_a_start_date_gates_until_its_day_begins_where_the_user_is() -> None:
    task = task_of(priority=Priority.URGENT, start_date=date(2026, 11, 24))
    before = datetime(2026, 11, 23, 22, 59, tzinfo=UTC)
    after = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert score(task, now=before, zone="Europe/Berlin") < 4
    assert score(task, now=after, zone="Europe/Berlin") >= 30
    assert score(task, now=after, zone="UTC") < 4


def test_both_gates_multiply() -> None:
    task = task_of(priority=Priority.URGENT)
    urgency = compute_urgency(
        replace(task, open_blockers=1, start_date=date(2027, 1, 1)), Weights(), now=NOW, timezone="UTC"
    )
    assert [factor.code for factor in urgency.factors][-2:] == ["blocked", "not_started"]
    assert urgency.score == pytest.approx(score(task) * 0.25 * 0.1, abs=0.15)
    assert urgency.ungated == score(task)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # midnight itself is skipped
        ("America/Havana", date(2026, 11, 1), 25),  # midnight comes twice
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("UTC", date.max, 24),
    ],
)
def test_all_day_tasks_end_with_the_day_whatever_the_clock_does(zone: str, day: date, hours: float) -> None:
    loaded = load_zone(zone)
    begin, end = start_of_day(day, loaded), end_of_day(day, loaded)
    assert (end - begin) / 3600 == hours
    if day != date.max:
        just_due = compute_urgency(
            task_of(due_date=day), Weights(), now=datetime.fromtimestamp(end, UTC), timezone=zone
        )
        assert just_due.factors[0].value == 0.75


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({}, "No due date"),
        ({"due_at": NOW + timedelta(hours=4, minutes=20)}, "Due in 4 hours"),
        ({"due_at": NOW - timedelta(days=1)}, "Overdue by 1 day"),
        ({"due_at": NOW + timedelta(minutes=1)}, "Due in 1 minute"),
        ({"due_date": date(2026, 11, 23)}, "Due today"),
        ({"due_date": date(2026, 11, 24)}, "Due tomorrow"),
        ({"due_date": date(2026, 12, 3)}, "Due in 10 days"),
        ({"due_date": date(2026, 11, 21)}, "Overdue by 2 days"),
    ],
)
def test_the_due_label_is_true_of_the_task(fields: dict[str, Any], label: str) -> None:
    urgency = compute_urgency(task_of(**fields), Weights(), now=NOW, timezone="UTC")
    assert urgency.factors[0].label == label


def test_labels_count_in_words() -> None:
    task = task_of(open_dependents=1, open_blockers=2, inherited=80.0, status="in_progress", priority=Priority.HIGH)
    urgency = compute_urgency(task, Weights(), now=NOW + timedelta(days=3), timezone="UTC")
    assert {factor.code: factor.label for factor in urgency.factors} == {
        "due": "No due date",
        "priority": "Priority high",
        "blocking": "1 open task waits for this one",
        "age": "Created 3 days ago",
        "active": "In progress",
        "inherited": "A task of urgency 80 waits for it",
        "blocked": "Waits for 2 open tasks",
    }


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        compute_urgency(task_of(), Weights(), now=datetime(2026, 1, 1), timezone="UTC")


# Weights


def test_stored_weights_take_defaults_for_what_they_do_not_name() -> None:
    assert parse_weights(None) == parse_weights({}) == Weights()
    assert parse_weights({"due": 20, "blocked_share": 0.5}) == Weights(due=20, blocked_share=0.5)


def test_only_the_relation_of_weights_counts() -> None:
    task = task_of(priority=Priority.HIGH, due_at=NOW + timedelta(days=2), status="in_progress")
    half = Weights(due=25, priority=15, blocking=5, age=3, active=2)
    assert score(task, half) == score(task)


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({"due": -1}, "urgency_weights.due", "invalid"),
        ({"due": 101}, "urgency_weights.due", "invalid"),
        ({"due": "50"}, "urgency_weights.due", "invalid"),
        ({"due": True}, "urgency_weights.due", "invalid"),
        ({"age": float("nan")}, "urgency_weights.age", "invalid"),
        ({"age": float("inf")}, "urgency_weights.age", "invalid"),
        ({"priority": None}, "urgency_weights.priority", "invalid"),
        ({"age_half_days": 0}, "urgency_weights.age_half_days", "invalid"),
        ({"inheritance": 1.01}, "urgency_weights.inheritance", "invalid"),
        ({"deu": 50}, "urgency_weights.deu", "unknown_field"),
        ([1], "urgency_weights", "invalid"),
        ({"due": 0, "priority": 0, "blocking": 0, "age": 0, "active": 0}, "urgency_weights", "invalid"),
        ({"due": 10**400}, "urgency_weights.due", "invalid"),
    ],
)
def test_a_wrong_weight_is_named(data: object, field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_weights(data)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    assert refused.value.errors[0].detail.endswith(".")


# Inheritance


def node(zone: str = "UTC", weights: Weights | None = None, **fields: Any) -> UrgencyNode:
    return UrgencyNode(task_of(**fields), weights or Weights(), zone)


def test_the_first_of_a_chain_is_nearly_as_urgent_as_its_last() -> None:
    nodes = {
        "goal": node(priority=Priority.URGENT, due_at=NOW + timedelta(hours=1)),
        "middle": node(),
        "first": node(),
        "alone": node(priority=Priority.HIGH),
    }
    result = propagate(nodes, [("first", "middle"), ("middle", "goal")], now=NOW)
    goal = compute_urgency(nodes["goal"].task, Weights(), now=NOW, timezone="UTC").score
    assert list(result) == list(nodes)
    assert result["goal"].ungated == goal
    assert result["first"].score >= goal * 0.9 * 0.9 - 2 / 16
    assert result["first"].score > result["alone"].score > result["middle"].score
    assert contribution(result["middle"], "blocked") < 0
    assert contribution(result["first"], "inherited") > 0


def test_a_blocker_that_is_urgent_by_itself_inherits_nothing() -> None:
    nodes = {"blocker": node(priority=Priority.URGENT, due_at=NOW), "blocked": node()}
    result = propagate(nodes, [("blocker", "blocked")], now=NOW)
    alone = compute_urgency(replace(nodes["blocker"].task, open_dependents=1), Weights(), now=NOW, timezone="UTC")
    assert result["blocker"] == alone


def test_closed_unknown_own_and_repeated_pairs_do_not_count() -> None:
    nodes = {"a": node(), "done": node(status="done", priority=Priority.URGENT), "b": node(priority=Priority.HIGH)}
    pairs = [("a", "done"), ("done", "b"), ("a", "a"), ("a", "nowhere"), ("nowhere", "b"), ("a", "b"), ("a", "b")]
    result = propagate(nodes, pairs, now=NOW)
    assert result["b"].factors[-1].label == "Waits for 1 open task"
    assert next(f.label for f in result["a"].factors if f.code == "blocking") == "1 open task waits for this one"
    assert result["done"].score == 0


def test_each_node_is_weighed_by_its_own_project() -> None:
    eager = Weights(inheritance=1.0)
    nodes = {"a": node(weights=eager), "b": node(), "goal": node(priority=Priority.URGENT)}
    result = propagate(nodes, [("a", "goal"), ("b", "goal")], now=NOW)
    assert result["a"].score == result["goal"].ungated
    assert result["b"].score == 27.0


graphs = st.integers(1, 12).flatmap(
    lambda size: st.tuples(
        st.lists(tasks, min_size=size, max_size=size),
        st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=40),
        weights_of_any_project,
        moments,
    )
)


@given(graphs, st.data())
def test_raising_a_dependent_never_lowers_a_blocker(
    graph: tuple[list[UrgencyInput], list[tuple[int, int]], Weights, datetime], data: st.DataObject
) -> None:
    inputs, pairs, weights, now = graph
    nodes = {index: UrgencyNode(task, weights) for index, task in enumerate(inputs)}
    raised = data.draw(st.sampled_from(sorted(nodes)))
    higher = {**nodes, raised: replace(nodes[raised], task=replace(inputs[raised], priority=Priority.URGENT))}
    before, after = propagate(nodes, pairs, now=now), propagate(higher, pairs, now=now)
    assert set(before) == set(nodes)
    for key in nodes:
        assert after[key].score >= before[key].score


@given(graphs)
def test_every_blocker_has_the_granted_share_of_what_waits_for_it(
    graph: tuple[list[UrgencyInput], list[tuple[int, int]], Weights, datetime],
) -> None:
    inputs, pairs, weights, now = graph
    acyclic = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    result = propagate({index: UrgencyNode(task, weights) for index, task in enumerate(inputs)}, acyclic, now=now)
    for blocker, blocked in acyclic:
        if result[blocker].factors[0].code != "closed":
            assert result[blocker].ungated >= weights.inheritance * result[blocked].ungated - 1 / 16


def test_a_cycle_ends_and_what_leads_into_it_still_inherits() -> None:
    nodes = {"in": node(), "a": node(), "b": node(priority=Priority.URGENT)}
    result = propagate(nodes, [("in", "a"), ("a", "b"), ("b", "a")], now=NOW)
    assert result["in"].score >= 30 * 0.9 * 0.9 - 2 / 16
    assert contribution(result["a"], "blocked") < 0 > contribution(result["b"], "blocked")


def long_chain(length: int) -> Iterator[tuple[int, int]]:
    return ((index, index + 1) for index in range(length - 1))


def test_a_chain_of_many_thousands_needs_no_recursion() -> None:
    nodes = {index: node(weights=Weights(inheritance=1.0)) for index in range(5000)}
    nodes[4999] = node(priority=Priority.URGENT)
    assert propagate(nodes, long_chain(5000), now=NOW)[0].ungated == 30.0


# The documentation

DOCUMENT = Path(__file__).parents[2] / "docs" / "urgency.md"


def test_the_worked_example_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 1
    exec(compile(blocks[0], str(DOCUMENT), "exec"), {})


def test_the_documented_weights_are_the_real_ones() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) to (\d+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [(name, float(default)) for name, default, _, _ in rows] == list(Weights().model_dump().items())
    for name, _, least, most in rows:
        for allowed in (float(least) or 0.01, float(most)):
            assert getattr(parse_weights({name: allowed}), name) == allowed
        for refused in (float(least) - 0.01, float(most) + 0.01):
            with pytest.raises(Invalid):
                parse_weights({name: refused})


def test_the_documented_curve_is_the_real_one() -> None:
    documented = re.search(r"^\| value \| (0\.0061.*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented
    days_ahead = [365, 30, 14, 7, 3, 1, 0, -1, -7, -56]
    scored = [
        compute_urgency(task_of(due_at=NOW + timedelta(days=d)), Weights(), now=NOW, timezone="UTC") for d in days_ahead
    ]
    assert [each.factors[0].value for each in scored] == [float(cell) for cell in documented[1].split("|")]
