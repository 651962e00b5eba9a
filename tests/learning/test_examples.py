from taskflow.learning.examples import newest_decisions
from tests.learning.world import decided, task


def test_only_the_newest_decision_about_a_task_counts() -> None:
    first = decided(task("a"), "low", days_ago=3, task_id="1")
    second = decided(task("a"), "high", days_ago=1, task_id="1")
    other = decided(task("b"), "low", days_ago=2, task_id="2")

    assert newest_decisions([second, first, other]) == (other, second)


def test_decisions_without_a_task_are_all_kept_oldest_first() -> None:
    old, new = decided(task("a"), "low", days_ago=3), decided(task("a"), "high", days_ago=1)

    assert newest_decisions([new, old]) == (old, new)


def test_the_oldest_go_beyond_the_limit() -> None:
    examples = [decided(task(str(n)), "low", days_ago=10 - n) for n in range(10)]

    assert newest_decisions(examples, limit=4) == tuple(examples[-4:])
