from dataclasses import replace

from taskflow.domain.rules import rules_signal
from taskflow.domain.suggestion import combine
from taskflow.learning.learner import MODELS_KEPT, Learner, learned_signal
from taskflow.learning.model import fit
from tests.learning.world import NOW, decided, household, task

FACTS = task("water the beans", project="Garden")


def test_without_decisions_it_says_so_and_the_rules_answer_alone() -> None:
    signal = learned_signal(FACTS, [], now=NOW, timezone="UTC")

    assert signal.probabilities is None
    assert signal.error == "no decisions to learn from yet"
    assert combine([rules_signal(FACTS, now=NOW, timezone="UTC"), signal], FACTS).source == "rules"


def test_decisions_make_the_advice_a_blend_that_names_them() -> None:
    learned = learned_signal(FACTS, household(), now=NOW, timezone="UTC")

    advice = combine([rules_signal(FACTS, now=NOW, timezone="UTC"), learned], FACTS)

    assert advice.source in ("blend", "learned")
    assert advice.suggested_priority == "urgent"
    assert advice.provider == "builtin"
    assert "similar_decisions" in {reason.code for reason in advice.reasons}


def test_it_answers_as_a_fresh_fit_does() -> None:
    learner = Learner()
    examples = household()

    for count in (10, 20, 39, 40, 15):
        signal = learner.signal(FACTS, examples[:count], now=NOW, timezone="UTC")
        fresh = fit(examples[:count], timezone="UTC").predict(FACTS, NOW)
        assert signal.probabilities is not None
        assert fresh.probabilities is not None
        for level, value in fresh.probabilities.items():
            assert abs(signal.probabilities[level] - value) < 0.02


def test_equal_decisions_read_anew_find_the_kept_model() -> None:
    learner = Learner()
    learner.signal(FACTS, household(), now=NOW, timezone="UTC")
    kept = learner.kept()

    learner.signal(FACTS, [replace(example) for example in household()], now=NOW, timezone="UTC")

    assert learner.kept() == kept


def test_models_of_people_in_different_zones_are_not_mixed_up() -> None:
    learner = Learner()
    examples = [decided(task("Call Ann", due_date=NOW.date()), "urgent", days_ago=0)]

    for zone in ("Pacific/Kiritimati", "America/Los_Angeles"):
        signal = learner.signal(FACTS, examples, now=NOW, timezone=zone)
        assert signal.probabilities == fit(examples, timezone=zone).predict(FACTS, NOW).probabilities


def test_few_models_are_kept() -> None:
    learner = Learner()
    for count in range(2, 12):
        learner.signal(FACTS, household()[:count], now=NOW, timezone="UTC")

    assert len(learner.kept()) == MODELS_KEPT
