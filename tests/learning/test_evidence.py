from taskflow.learning.evidence import TITLE_LENGTH, decision_reasons, record_reason, shorten, similar_reasons
from tests.learning.world import decided, task


def test_alike_decisions_are_counted_and_named() -> None:
    examples = [
        decided(task("Pay rent"), "urgent"),
        decided(task("Pay the rent"), "urgent"),
        decided(task("Rent for May"), "urgent"),
        decided(task("Pay for lunch"), "low"),
        decided(task("Read a book"), "urgent"),
    ]

    (reason,) = similar_reasons("urgent", examples, [0.9, 0.8, 0.5, 0.7, 0.0])

    assert reason.code == "similar_decisions"
    assert reason.text == "like 3 tasks you set to urgent: “Pay rent”, “Pay the rent”, …"


def test_decisions_of_others_are_not_called_ones_own() -> None:
    (reason,) = similar_reasons("low", [decided(task("Pay rent"), "low", mine=False)], [0.9])

    assert reason.text == "like 1 task set to low by others in this project: “Pay rent”"


def test_long_titles_are_cut() -> None:
    (reason,) = similar_reasons("low", [decided(task("word " * 100), "low")], [0.9])

    assert len(shorten("word " * 100)) <= TITLE_LENGTH
    assert len(reason.text) < TITLE_LENGTH + 60


def test_a_title_of_several_lines_is_quoted_in_one() -> None:
    assert shorten("two\n lines") == "two lines"


def test_the_projects_record_is_told_when_it_speaks_for_the_level() -> None:
    levels = ("low", "low", "high")
    examples = [decided(task(f"t{n}", project="Home"), level) for n, level in enumerate(levels)]  # type: ignore[arg-type]

    texts = [reason.text for reason in decision_reasons(task("t", project="Home"), "low", examples, [0.0] * 3)]

    assert texts == ["2 of your 3 decisions in “Home” were low"]


def test_the_projects_record_is_silent_when_it_speaks_for_another_level() -> None:
    levels = ("low", "low", "low", "high", "high")
    examples = [decided(task(f"t{n}", project="Home"), level) for n, level in enumerate(levels)]  # type: ignore[arg-type]

    reasons = decision_reasons(task("t", project="Home"), "high", examples, [0.0] * 5)

    assert [reason.text for reason in reasons] == ["2 of the 5 decisions learned from were high"]


def test_titles_that_readers_may_not_see_are_counted_and_not_quoted() -> None:
    secret = decided(task("Pay the secret rent"), "urgent", citable=False)

    (alone,) = similar_reasons("urgent", [secret, secret], [0.9, 0.8])
    (mixed,) = similar_reasons("urgent", [secret, decided(task("Pay rent"), "urgent")], [0.9, 0.8])

    assert alone.text == "like 2 tasks you set to urgent"
    assert mixed.text == "like 2 tasks you set to urgent: “Pay rent”"


def test_one_decision_is_one_and_not_several() -> None:
    rent, bread = decided(task("Pay the rent"), "urgent"), decided(task("Bake bread"), "low")
    assert record_reason("urgent", [rent]).text == "the one decision learned from was urgent"
    assert record_reason("urgent", [rent, bread]).text == "1 of the 2 decisions learned from was urgent"


def test_a_level_that_was_never_chosen_is_not_given_as_a_record() -> None:
    reason = record_reason("urgent", [decided(task("Pay the rent"), "low")])
    assert reason.text == "learned from 1 decision, none of them urgent"
