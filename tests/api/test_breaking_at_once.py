"""Changes of one statement, on a database with many writers: what came between the look and the write is not missed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from taskflow.application import (
    comments,
    jobs,
    labels,
    ledger,
    members,
    ports,
    project_removal,
    projects,
    suggestions,
    task_moves,
    task_states,
    tasks,
    trash,
)
from taskflow.domain.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from taskflow.domain.permissions import ProjectRole
from taskflow.store.models import Decision, Event, EventStream, Task
from taskflow.store.remembered_projects import ENOUGH
from tests.api.test_breaking_races import Pair, pair  # noqa: F401 - a fixture
from tests.application.test_ledger_postgres import Aside, _postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.postgres


def statements(act: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"].split(maxsplit=1)[0] for query in captured.captured_queries]


def meanwhile(act: Callable[[], Any], change: Callable[[], Any]) -> Any:
    """What comes of `change`, which looked before `act` was committed and could write only after."""
    with transaction.atomic():
        act()
        waiting = Aside(change)
        assert waiting.is_waiting()
    return waiting.join()


def retitle(pair: Pair, task: Task) -> Callable[[], Task]:  # noqa: F811
    return lambda: tasks.update_task(pair.bob, task.pk, {"title": "Pay nothing"})


def test_plain_changes_are_a_look_and_a_write(pair: Pair) -> None:  # noqa: F811
    body = {"project": str(pair.project.pk), "title": "Pay the rent", "priority": "high", "status": "done"}
    assert statements(lambda: tasks.create_task(pair.ada, body)) == ["SELECT", "WITH"]
    task = pair.task()
    assert statements(lambda: tasks.update_task(pair.ada, task.pk, {"title": "Pay nothing"})) == ["SELECT", "WITH"]
    assert statements(lambda: tasks.update_task(pair.ada, task.pk, {"priority": "low"})) == ["SELECT", "WITH"]


def test_a_suggestion_that_became_ready_meanwhile_is_stale(pair: Pair) -> None:  # noqa: F811
    task = pair.task()
    asked = suggestions.request_suggestion(pair.ada, task.pk)
    (job,) = ledger.claim(9, "test", ports.now())
    meanwhile(lambda: jobs.run(job), retitle(pair, task))
    asked.refresh_from_db()
    assert asked.state == "stale"


def test_a_comment_made_meanwhile_is_found_with_the_new_title(pair: Pair) -> None:  # noqa: F811
    task = pair.task()
    meanwhile(lambda: comments.add_comment(pair.ada, task.pk, "a remark"), retitle(pair, task))
    task.refresh_from_db()
    assert task.search_text.split() == ["pay", "nothing", "a", "remark"]


def test_a_blocker_named_meanwhile_counts(pair: Pair) -> None:  # noqa: F811
    task, blocker = pair.task(), pair.task()

    def block() -> None:
        tasks.update_task(pair.ada, task.pk, {"blocked_by": [str(blocker.pk)]})

    meanwhile(block, lambda: tasks.update_task(pair.bob, blocker.pk, {"due_date": date(2026, 12, 1)}))
    blocker.refresh_from_db()
    assert "blocking" in {factor["code"] for factor in blocker.urgency_factors if factor["value"]}


def test_a_part_gained_meanwhile_is_judged_by_the_new_title(pair: Pair) -> None:  # noqa: F811
    task, advice = pair.task(), []

    def gain() -> None:
        part = pair.task("part", parent=str(task.pk))
        advice.append(pair.pending(part))
        assert advice[0].state == "pending"

    meanwhile(gain, retitle(pair, task))
    advice[0].refresh_from_db()
    assert advice[0].state == "stale"


@pytest.mark.parametrize("field", ["title", "priority", "status"])
def test_linked_tasks_that_change_at_once_do_not_wait_for_each_other(pair: Pair, field: str) -> None:  # noqa: F811
    first = pair.task()
    others = [pair.task(blocked_by=[str(first.pk)]) for _ in range(2)]
    values = {"title": ("a", "b"), "priority": ("low", "high"), "status": ("in_progress", "todo")}[field]

    def work(task: Task) -> Callable[[], None]:
        def change() -> None:
            for count in range(12):
                tasks.update_task(pair.ada, task.pk, {field: values[count % 2]})

        return change

    # A deadlock would be raised: nothing tries again here.
    for aside in [Aside(work(task)) for task in (first, *others)]:
        aside.join()


def test_a_label_set_meanwhile_is_shown(pair: Pair) -> None:  # noqa: F811
    task = pair.task()
    labels.create_label(pair.ada, pair.project.pk, "home")
    changed = meanwhile(lambda: tasks.update_task(pair.ada, task.pk, {"labels": ["home"]}), retitle(pair, task))
    assert Task.objects.get(pk=changed.pk).version == 3


def test_a_version_given_against_one_that_was_replaced_meanwhile_is_refused(pair: Pair) -> None:  # noqa: F811
    task = pair.task()
    with pytest.raises(StaleVersion):
        meanwhile(
            lambda: tasks.update_task(pair.ada, task.pk, {"description": "now"}),
            lambda: tasks.update_task(pair.bob, task.pk, {"title": "Pay nothing"}, version=1),
        )


def test_a_task_that_was_trashed_or_moved_meanwhile_is_not_changed_unseen(pair: Pair) -> None:  # noqa: F811
    other = projects.create_project(pair.ada, {"name": "Work"})
    trashed, moved = pair.task(), pair.task()
    with pytest.raises(Conflict):
        meanwhile(lambda: trash.delete_task(pair.ada, trashed.pk), retitle(pair, trashed))
    with pytest.raises(NotFound):
        meanwhile(lambda: task_moves.move_task(pair.ada, moved.pk, project=other.key), retitle(pair, moved))


def test_a_project_that_was_deleted_or_put_away_meanwhile_takes_no_task(pair: Pair) -> None:  # noqa: F811
    version = projects.update_project(pair.ada, pair.project.pk, {"name": "House"}).version
    with pytest.raises(Conflict):
        meanwhile(lambda: projects.update_project(pair.ada, pair.project.pk, {"archived": True}), pair.task)
    projects.update_project(pair.ada, pair.project.pk, {"archived": False})
    task = pair.task()
    version = type(pair.project).objects.get(pk=pair.project.pk).version
    with pytest.raises(NotFound):
        meanwhile(
            lambda: project_removal.delete_project(pair.ada, pair.project.pk, version=version), retitle(pair, task)
        )


def test_a_place_that_was_taken_by_a_move_meanwhile_is_not_taken_twice(pair: Pair) -> None:  # noqa: F811
    first, last = pair.task(), pair.task()
    made = meanwhile(lambda: task_moves.move_task(pair.ada, first.pk, after=str(last.pk)), pair.task)
    first.refresh_from_db()
    assert last.rank < first.rank < made.rank


def test_a_completion_meanwhile_is_kept(pair: Pair) -> None:  # noqa: F811
    task = pair.task()
    meanwhile(lambda: task_states.complete_task(pair.ada, task.pk), retitle(pair, task))
    task.refresh_from_db()
    assert (task.status, task.title, task.version) == ("done", "Pay nothing", 3)


def test_many_at_once_leave_one_number_one_place_and_one_event_each(pair: Pair) -> None:  # noqa: F811
    def work() -> None:
        for count in range(10):
            task = pair.task(priority="high")
            tasks.update_task(pair.ada, task.pk, {"title": f"Changed {count}", "priority": "low"})

    for aside in [Aside(work) for _ in range(6)]:
        aside.join()
    made = list(Task.objects.filter(project=pair.project).values_list("number", "rank", "version"))
    assert sorted(number for number, _, _ in made) == list(range(1, 61))
    assert len({rank for _, rank, _ in made}) == 60
    assert {version for _, _, version in made} == {2}
    events = Event.objects.filter(task_id__in=Task.objects.values("pk"))
    assert Counter(events.values_list("type", flat=True)) == {"taskflow.task.created": 60, "taskflow.task.updated": 60}
    numbers = sorted(Event.objects.filter(stream__project_id=pair.project.pk).values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Decision.objects.filter(project=pair.project).count() == 120


def test_who_may_not_write_is_refused(pair: Pair) -> None:  # noqa: F811
    task = pair.task()
    members.change_role(pair.ada, pair.project.pk, "bob", ProjectRole.VIEWER)
    for act in (retitle(pair, task), lambda: tasks.create_task(pair.bob, {"project": "HOME", "title": "x"})):
        with pytest.raises(Forbidden):
            act()


class TestRemembered:
    """A project that one process alone adds to is not looked at; what others do to it is noticed all the same."""

    @pytest.fixture
    def add(self, pair: Pair) -> Callable[..., Task]:  # noqa: F811
        def add(**fields: Any) -> Task:
            return tasks.create_task(pair.bob, {"project": "HOME", "title": "x"} | fields)

        for _ in range(ENOUGH + 2):
            add()
        assert statements(add) == ["WITH"]
        return add

    def test_numbers_and_places_go_on_where_another_added(self, pair: Pair, add: Callable[..., Task]) -> None:  # noqa: F811
        before = add()
        between = [pair.task(), task_moves.move_task(pair.ada, before.pk, after=str(pair.task().pk))]
        after = add(priority="high")
        assert after.number == before.number + 3
        assert max(task.rank for task in between) < after.rank
        assert after.project.task_counter == Task.objects.filter(project=pair.project).count()

    def test_a_role_that_was_taken_away_counts_at_once(self, pair: Pair, add: Callable[..., Task]) -> None:  # noqa: F811
        members.change_role(pair.ada, pair.project.pk, "bob", ProjectRole.VIEWER)
        with pytest.raises(Forbidden):
            add()
        members.remove_member(pair.ada, pair.project.pk, "bob")
        with pytest.raises(Invalid):
            add()

    def test_what_is_refused_is_refused_for_what_holds_now(self, pair: Pair, add: Callable[..., Task]) -> None:  # noqa: F811
        members.change_role(pair.ada, pair.project.pk, "bob", ProjectRole.VIEWER)
        with pytest.raises(Forbidden):
            add(due_date=date(2026, 12, 1), due_at=datetime(2026, 12, 1, tzinfo=UTC))

    def test_what_the_project_says_now_counts(self, pair: Pair, add: Callable[..., Task]) -> None:  # noqa: F811
        projects.update_project(pair.ada, pair.project.pk, {"default_priority": "urgent"})
        assert add().level.value == "urgent"
        projects.update_project(pair.ada, pair.project.pk, {"archived": True})
        with pytest.raises(Conflict):
            add()

    def test_a_key_that_went_to_another_project_names_that_one(self, pair: Pair, add: Callable[..., Task]) -> None:  # noqa: F811
        projects.update_project(pair.ada, pair.project.pk, {"key": "HOUSE"})
        for _ in range(ENOUGH + 2):
            assert add().key.startswith("HOUSE-")
        project = projects.create_project(pair.bob, {"name": "Home"})
        assert add().project_id == (project.pk if project.key == "HOME" else pair.project.pk)

    def test_a_token_for_other_projects_does_not_profit(self, pair: Pair, add: Callable[..., Task]) -> None:  # noqa: F811
        narrow = replace(pair.bob, projects=frozenset())
        with pytest.raises(Invalid):
            tasks.create_task(narrow, {"project": "HOME", "title": "x"})

    def test_a_change_that_was_undone_is_not_built_on(self, pair: Pair, add: Callable[..., Task]) -> None:  # noqa: F811
        with transaction.atomic():
            lost = add()
            transaction.set_rollback(True)
        assert add().number == lost.number

    def test_a_log_that_is_missing_is_begun(self, pair: Pair, add: Callable[..., Task]) -> None:  # noqa: F811
        Event.objects.all().delete()
        EventStream.objects.all().delete()
        task = add()
        assert Event.objects.get(task_id=task.pk).seq == 1
