import json
import math
import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS, Level
from taskflow.domain.rules import rules_signal
from taskflow.domain.suggestion import Signal
from taskflow.learning.examples import Example
from taskflow.learning.model import Model, fit, usual_levels
from tests.learning.world import NOW, decided, household, task

PERSONAS = Path(__file__).parents[2] / "bench" / "data" / "personas"


def chance(signal: Signal, level: Level) -> float:
    assert signal.probabilities is not None
    assert math.fsum(signal.probabilities.values()) == pytest.approx(1)
    assert all(math.isfinite(value) and value >= 0 for value in signal.probabilities.values())
    return signal.probabilities[level]


def favourite(signal: Signal) -> Level:
    assert signal.probabilities is not None
    return max(LEVELS, key=signal.probabilities.__getitem__)


def ask(examples: list[Example], facts: TaskFacts) -> Signal:
    return fit(examples, timezone="UTC").predict(facts, NOW)


def test_a_single_decision_counts_for_the_very_next_suggestion() -> None:
    facts = task("Back up the family photos")
    before = chance(rules_signal(facts, now=NOW, timezone="UTC"), "urgent")

    after = chance(ask([decided(task("Back up family photos"), "urgent")], facts), "urgent")

    assert before < 0.1
    assert after > before + 0.15


def test_one_more_override_moves_a_model_of_many_decisions() -> None:
    examples = household()
    facts = task("descale the kettle", project="House")
    model = fit(examples, timezone="UTC")
    before = chance(model.predict(facts, NOW), "urgent")

    after = chance(
        model.update(decided(task("descale kettle", project="House"), "urgent")).predict(facts, NOW), "urgent"
    )

    assert after > before + 0.1


def test_three_alike_decisions_win() -> None:
    alike = [
        decided(task(title), "urgent", days_ago=n) for n, title in enumerate(("Back up photos", "Back up the photos"))
    ]
    third = decided(task("back up family photos"), "urgent", days_ago=4)

    signal = ask([*household(), *alike, third], task("Back up the family photos"))

    assert favourite(signal) == "urgent"
    assert signal.reasons[0].text.startswith("like 3 tasks you set to urgent: “back up family photos”, “Back up ")


def test_a_persons_own_order_of_things_is_learned() -> None:
    examples = household()

    assert favourite(ask(examples, task("prick out the seedlings", project="Garden"))) == "urgent"
    assert favourite(ask(examples, task("phone the insurance", project="Money"))) == "low"


def test_a_due_date_may_mean_different_things_in_different_projects() -> None:
    near, far = date(2026, 3, 3), date(2026, 3, 30)
    habits: list[tuple[str, date, Level]] = [
        ("Work", near, "urgent"),
        ("Work", far, "low"),
        ("Home", near, "low"),
        ("Home", far, "low"),
    ]
    examples = [
        decided(task(f"t{n}", project=project, due_date=due), level, days_ago=0)
        for n in range(6)
        for project, due, level in habits
    ]

    assert favourite(ask(examples, task("t", project="Work", due_date=near))) == "urgent"
    assert favourite(ask(examples, task("t", project="Home", due_date=near))) == "low"


def test_updating_gives_the_model_that_fitting_gives() -> None:
    examples = household()
    facts = task("water the beans", project="Garden")

    updated = fit(examples[:-3], timezone="UTC")
    for example in examples[-3:]:
        updated = updated.update(example)

    assert updated.predict(facts, NOW).probabilities == pytest.approx(ask(examples, facts).probabilities, abs=0.02)


def test_a_changed_mind_replaces_the_old_decision() -> None:
    first = decided(task("call the bank"), "low", days_ago=3, task_id="1")
    model = fit([*household(), first], timezone="UTC")

    changed = model.update(decided(task("call the bank"), "urgent", days_ago=1, task_id="1"))

    assert len(changed.examples) == len(model.examples)
    assert first not in changed.examples


def test_the_same_decisions_give_the_same_answer() -> None:
    examples = household()
    facts = task("water the beans", project="Garden")

    assert ask(examples, facts).probabilities == ask(examples, facts).probabilities


def test_a_model_survives_pickling() -> None:
    model = fit(household(), timezone="UTC")
    facts = task("water the beans", project="Garden")

    again = pickle.loads(pickle.dumps(model))

    assert isinstance(again, Model)
    assert again.predict(facts, NOW).probabilities == model.predict(facts, NOW).probabilities


@pytest.mark.parametrize(
    "examples",
    [
        [decided(task("one"), "low")],
        [decided(task(f"same {n}"), "high", days_ago=n) for n in range(30)],
        [decided(task("same title"), level, days_ago=n) for n in range(5) for level in LEVELS],
        [decided(task("same title"), "low", days_ago=0) for _ in range(50)],
        [decided(task(""), "urgent"), decided(task("", description="x" * 100_000), "low")],
        [decided(task("🩺 ПОЗВОНИТЬ", project="Здоровье", labels=("срочно",)), "urgent")],
        [decided(task("old"), "low", days_ago=100_000), decided(task("new"), "high", days_ago=0)],
    ],
)
@pytest.mark.parametrize(
    "facts",
    [task(""), task("same title"), task("x", description="y " * 50_000), task("z", due_date=date.max)],
)
def test_odd_decisions_still_give_a_distribution(examples: list[Example], facts: TaskFacts) -> None:
    signal = ask(examples, facts)

    assert chance(signal, "low") <= 1
    assert signal.reasons
    assert 0 < signal.weight < math.inf


def test_others_decisions_pull_less_than_ones_own() -> None:
    facts = task("Water the ferns", project="Office")
    alike = task("Water ferns", project="Office")
    before = chance(rules_signal(facts, now=NOW, timezone="UTC"), "urgent")

    theirs = chance(ask([decided(alike, "urgent", mine=False)], facts), "urgent")
    mine = chance(ask([decided(alike, "urgent")], facts), "urgent")

    assert before + 0.03 < theirs < mine


def test_ones_own_decision_outweighs_the_opposite_one_of_another() -> None:
    alike = task("Water ferns", project="Office")
    examples = [decided(alike, "low", mine=False), decided(alike, "urgent")]

    signal = ask(examples, task("Water the ferns", project="Office"))

    assert chance(signal, "urgent") > chance(signal, "low")


def test_fresh_decisions_count_for_more_than_old_ones() -> None:
    old, new = decided(task("water ferns"), "low", days_ago=900), decided(task("water ferns"), "urgent", days_ago=0)
    swapped = [replace(old, level="urgent"), replace(new, level="low")]

    assert chance(ask([old, new], task("water ferns")), "urgent") > chance(ask(swapped, task("water ferns")), "urgent")


def test_without_decisions_there_is_nothing_to_fit() -> None:
    with pytest.raises(ValueError, match="no decisions"):
        fit([], timezone="UTC")


def read_list(name: str) -> list[Example]:
    rows = [json.loads(line) for line in (PERSONAS / f"{name}.jsonl").read_text().splitlines()]
    examples = []
    for row in rows:
        created = datetime.fromisoformat(row["created"]).replace(tzinfo=UTC)
        due = row["due"]
        timed = due is not None and "T" in due
        facts = TaskFacts(
            title=row["title"],
            description=row["description"],
            created_at=created,
            project=row["project"],
            labels=tuple(row["labels"]),
            due_at=datetime.fromisoformat(due).replace(tzinfo=UTC) if timed else None,
            due_date=date.fromisoformat(due) if due and not timed else None,
        )
        examples.append(Example(facts=facts, level=row["priority"], decided_at=created))
    return examples


@pytest.mark.parametrize(("name", "floor"), [("nurse_parent", 0.68), ("sre_lead", 0.68)])
def test_eighty_decisions_of_a_real_looking_list_predict_the_rest(name: str, floor: float) -> None:
    examples = read_list(name)
    model = fit(examples[:80], timezone="UTC")

    hits = [favourite(model.predict(asked.facts, asked.decided_at)) == asked.level for asked in examples[80:]]

    assert sum(hits) / len(hits) >= floor


def test_a_prediction_after_five_hundred_decisions_is_quick() -> None:
    examples = [
        replace(
            example, facts=replace(example.facts, title=f"{example.facts.title} {n}"), decided_at=NOW + timedelta(n)
        )
        for n, example in enumerate(household() * 13)
    ][:500]
    model = fit(examples, timezone="UTC")

    latencies = sorted(model.predict(task(f"sow beans {n}"), NOW).latency_ms for n in range(9))

    assert latencies[4] < 200  # measured: about 5 ms on a quiet machine


def test_a_dismissed_level_is_advised_less_and_no_other_is_taken_for_decided() -> None:
    asked = task("Feed the tortoise")
    before = rules_signal(asked, now=NOW, timezone="UTC")
    assert before.probabilities is not None
    refused = max(before.probabilities, key=before.probabilities.__getitem__)
    dismissed = [decided(task(f"Feed the tortoise {n}"), refused, refused=True) for n in range(3)]
    after = fit(dismissed, timezone="UTC").predict(asked, NOW)
    assert after.probabilities is not None
    assert after.probabilities[refused] < before.probabilities[refused] - 0.1
    assert after.reasons[0].code == "dismissals"
    assert after.reasons[0].text == "you dismissed 3 suggestions"


def test_what_is_usual_follows_the_decisions_and_starts_out_even() -> None:
    often = [decided(task(f"Report {n}"), "high") for n in range(160)]
    dismissed = [decided(task(f"Report {n}"), "low", refused=True) for n in range(50)]

    assert usual_levels(often[:1])[2] == pytest.approx(0.25, abs=0.02)
    assert usual_levels([*often, *dismissed]) == pytest.approx([0.05, 0.05, 0.85, 0.05])


def test_a_level_that_a_person_rarely_decides_takes_less_to_be_advised() -> None:
    usually = [decided(task(f"Bug {n} in the page"), "high") for n in range(60)]
    rarely = [decided(task(f"Typo {n} in the page"), "low") for n in range(6)]

    signal = fit([*usually, *rarely], timezone="UTC").predict(task("Typo in the page"), NOW)
    plain = fit([*usually[:6], *rarely], timezone="UTC").predict(task("Typo in the page"), NOW)

    assert signal.probabilities is not None
    assert plain.probabilities is not None
    assert signal.probabilities["low"] > signal.probabilities["high"]
    assert math.isclose(sum(signal.probabilities.values()), 1)
    assert plain.probabilities["low"] > plain.probabilities["high"]
