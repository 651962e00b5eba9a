import math
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS, Level
from taskflow.domain.suggestion import MAX_REASONS, Reason, Signal, combine, round_to_one

FACTS = TaskFacts(title="Fix the outage", created_at=datetime(2026, 3, 2, 9, tzinfo=UTC), labels=("prod",))
LOW = {"low": 0.7, "medium": 0.2, "high": 0.1, "urgent": 0.0}
URGENT = {"low": 0.0, "medium": 0.1, "high": 0.1, "urgent": 0.8}


def rules(probabilities: Mapping[Level, float] | None = None, **fields: object) -> Signal:
    return Signal(**{"source": "rules", "weight": 1.0, "probabilities": probabilities or LOW, **fields})  # type: ignore[arg-type]


def learned(probabilities: Mapping[Level, float] | None = None, **fields: object) -> Signal:
    return Signal(**{"source": "learned", "weight": 9.0, "probabilities": probabilities or URGENT, **fields})  # type: ignore[arg-type]


def test_the_heavier_signal_decides() -> None:
    advice = combine([rules(), learned()], FACTS)

    assert advice.suggested_priority == "urgent"
    assert advice.probabilities["urgent"] == pytest.approx(0.72)
    assert advice.probabilities["low"] == pytest.approx(0.07)


def test_confidence_is_the_largest_probability() -> None:
    advice = combine([rules()], FACTS)

    assert advice.confidence == max(advice.probabilities.values()) == advice.probabilities[advice.suggested_priority]


def test_source_is_rules_when_only_rules_counted() -> None:
    assert combine([rules()], FACTS).source == "rules"


def test_source_is_blend_when_both_contributed() -> None:
    assert combine([rules(), learned()], FACTS).source == "blend"


def test_source_is_learned_when_the_rules_hardly_counted() -> None:
    assert combine([rules(), learned(weight=99.0)], FACTS).source == "learned"


@pytest.mark.parametrize(
    "broken",
    [
        learned(error="took too long"),
        Signal(source="learned", weight=9.0, error="no decisions to learn from yet"),
        learned({"low": math.nan, "medium": 0.5, "high": 0.5, "urgent": 0.0}),
        learned({"low": 0.5, "medium": 0.5}),
        learned({"low": 2.0, "medium": 0.0, "high": 0.0, "urgent": -1.0}),
        learned(weight=math.inf),
        learned(weight=0.0),
    ],
)
def test_an_unusable_signal_is_left_out_and_named(broken: Signal) -> None:
    advice = combine([rules(), broken], FACTS)

    assert advice.source == "rules"
    assert advice.suggested_priority == "low"
    assert [(signal.source, signal.weight) for signal in advice.signals] == [("rules", 1.0), ("learned", 0.0)]
    assert advice.signals[1].error == broken.error


def test_signals_show_their_shares() -> None:
    advice = combine([learned(), rules()], FACTS)

    assert [signal.weight for signal in advice.signals] == [0.9, 0.1]


def test_without_a_usable_signal_the_caller_is_told() -> None:
    with pytest.raises(ValueError, match="rules signal must be among them"):
        combine([learned(error="broken")], FACTS)


def test_a_reason_that_cites_words_the_task_lacks_is_dropped() -> None:
    true = Reason(code="outage", text="says “outage”", field="title", cites="outage")
    false = Reason(code="outage", text="says “fire”", field="title", cites="fire")
    elsewhere = Reason(code="label", text="says “outage”", field="labels", cites="outage")

    advice = combine([rules(reasons=(true, false, elsewhere))], FACTS)

    assert advice.reasons == (true,)


def test_there_is_a_true_reason_even_when_none_held() -> None:
    false = Reason(code="outage", text="says “fire”", field="title", cites="fire")

    assert combine([rules(reasons=(false,))], FACTS).reasons[0].text == "has no due date"
    due = TaskFacts(title="x", created_at=FACTS.created_at, due_date=date(2026, 3, 9))
    assert combine([rules()], due).reasons[0].text == "due 2026-03-09"


def test_the_same_reason_of_two_signals_is_given_once() -> None:
    reason = Reason(code="due", text="due today", field="due_date", contribution=1.0)

    assert combine([rules(reasons=(reason,)), learned(reasons=(reason,))], FACTS).reasons == (reason,)


def test_reasons_are_bounded_and_the_heaviest_come_first() -> None:
    many = tuple(
        Reason(code="c", text=f"reason {n}", field="title", contribution=(-1) ** n * n / 10) for n in range(1, 40)
    )

    reasons = combine([rules(reasons=many)], FACTS).reasons

    assert len(reasons) == MAX_REASONS
    assert reasons[0].text == "reason 39"


def test_a_tie_goes_to_the_higher_level() -> None:
    even: dict[Level, float] = dict.fromkeys(LEVELS, 0.25)

    assert combine([rules(even)], FACTS).suggested_priority == "urgent"


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda values: sum(values) > 0.01))
def test_rounded_probabilities_sum_to_one_and_keep_their_order(values: list[float]) -> None:
    total = math.fsum(values)
    exact = {level: value / total for level, value in zip(LEVELS, values, strict=True)}

    rounded = round_to_one(exact)

    assert sum(round(value * 10_000) for value in rounded.values()) == 10_000
    assert all(value == round(value, 4) for value in rounded.values())
    assert math.fsum(rounded.values()) == pytest.approx(1, abs=1e-12)
    for one in LEVELS:
        for other in LEVELS:
            assert exact[one] <= exact[other] or rounded[one] >= rounded[other]
