"""Two people change the same thing at the same time, on a database with many writers: nobody's change is lost."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoDbBlocker
from rest_framework.response import Response

from taskflow.application import (
    comments,
    jobs,
    labels,
    ledger,
    members,
    ports,
    projects,
    suggestions,
    task_moves,
    task_states,
    tasks,
    trash,
)
from taskflow.application.access import lock_tasks
from taskflow.application.account_removal import delete_account
from taskflow.application.accounts import create_user
from taskflow.domain.errors import Conflict, Invalid, StaleVersion
from taskflow.domain.permissions import SYSTEM, Actor, ProjectRole, SiteRole
from taskflow.domain.priority import Priority
from taskflow.interfaces.api.endpoint import repeat_deadlocked
from taskflow.interfaces.api.problems import handle_exception
from taskflow.store.models import Event, EventStream, Job, Membership, Project, Suggestion, Task, User, WorkerBeat
from tests.application.test_ledger_postgres import Aside, _postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.postgres


@dataclass(frozen=True, slots=True)
class Pair:
    """Ada owns the project; Bob is a member of it."""

    ada: Actor
    bob: Actor
    project: Project

    def task(self, title: str = "Pay the rent", **fields: Any) -> Task:
        return tasks.create_task(self.ada, {"title": title, "project": str(self.project.pk)} | fields)

    def pending(self, task: Task) -> Suggestion:
        suggestion = suggestions.request_suggestion(self.ada, task.pk)
        for job in ledger.claim(9, "test", ports.now()):
            jobs.run(job)
        return Suggestion.objects.get(pk=suggestion.pk)


@pytest.fixture
def pair(_postgres: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Pair]:  # noqa: F811
    with django_db_blocker.unblock():
        made = [
            create_user(SYSTEM, username=name, email=f"{name}@example.org", password=None, role=SiteRole.MEMBER)
            for name in ("ada", "bob")
        ]
        ada, bob = (user.as_actor() for user in made)
        project = projects.create_project(ada, {"name": "Home"})
        members.add_member(ada, project.pk, "bob", ProjectRole.MEMBER)
        yield Pair(ada, bob, project)
        for model in (Project, User, Event, EventStream, Job, WorkerBeat):
            model._default_manager.all().delete()


def change_project(pair: Pair) -> Callable[[str], Any]:
    return lambda name: projects.update_project(pair.ada, pair.project.pk, {"name": name}, version=1)


def change_label(pair: Pair) -> Callable[[str], Any]:
    label = labels.create_label(pair.ada, pair.project.pk, "home")
    return lambda name: labels.update_label(pair.ada, label.pk, {"name": name}, version=1)


def change_comment(pair: Pair) -> Callable[[str], Any]:
    task = pair.task()
    comment = comments.add_comment(pair.ada, task.pk, "first")
    return lambda body: comments.update_comment(pair.ada, task.pk, comment.pk, body, version=1)


def change_member(pair: Pair) -> Callable[[str], Any]:
    roles = {"one": ProjectRole.ADMIN, "two": ProjectRole.VIEWER}
    return lambda what: members.change_role(pair.ada, pair.project.pk, "bob", roles[what], version=1)


def change_task(pair: Pair) -> Callable[[str], Any]:
    task = pair.task()
    return lambda title: tasks.update_task(pair.ada, task.pk, {"title": title}, version=1)


@pytest.mark.parametrize("make", [change_project, change_label, change_comment, change_member, change_task])
def test_of_two_changes_made_against_one_version_the_second_is_refused(
    pair: Pair, make: Callable[[Pair], Callable[[str], Any]]
) -> None:
    apply = make(pair)
    with transaction.atomic():
        apply("one")
        second = Aside(lambda: apply("two"))
        assert second.is_waiting()
    with pytest.raises(StaleVersion):
        second.join()


def test_two_owners_who_delete_their_accounts_at_once_leave_no_project_without_one(pair: Pair) -> None:
    create_user(SYSTEM, username="cleo", email="cleo@example.org", password=None, role=SiteRole.MEMBER)
    members.add_member(pair.ada, pair.project.pk, "cleo", ProjectRole.MEMBER)
    members.change_role(pair.ada, pair.project.pk, "bob", ProjectRole.OWNER)
    ada, bob = (User.objects.get(pk=actor.person) for actor in (pair.ada, pair.bob))
    with transaction.atomic():
        delete_account(pair.bob, bob)
        second = Aside(lambda: delete_account(pair.ada, ada))
        assert second.is_waiting()
    with pytest.raises(Conflict, match="last owner"):
        second.join()
    assert list(pair.project.memberships.filter(role=ProjectRole.OWNER).values_list("user", flat=True)) == [ada.pk]


def test_a_suggestion_is_decided_once(pair: Pair) -> None:
    suggestion = pair.pending(pair.task())
    with transaction.atomic():
        suggestions.accept(pair.ada, suggestion.pk)
        second = Aside(lambda: suggestions.override(pair.bob, suggestion.pk, Priority.NONE))
        assert second.is_waiting()
    with pytest.raises(Conflict):
        second.join()


def test_accepting_keeps_what_somebody_else_changes_meanwhile(pair: Pair) -> None:
    task = pair.task()
    suggestion = pair.pending(task)
    with transaction.atomic():
        tasks.update_task(pair.bob, task.pk, {"status": "in_progress"})
        accepting = Aside(lambda: suggestions.accept(pair.ada, suggestion.pk))
        assert accepting.is_waiting()
    accepting.join()
    task.refresh_from_db()
    assert (task.status, task.priority) == ("in_progress", suggestion.suggested_priority)


def test_advice_on_a_title_that_is_being_changed_is_stale(pair: Pair) -> None:
    task = pair.task()
    asked = suggestions.request_suggestion(pair.ada, task.pk)
    (job,) = ledger.claim(9, "test", ports.now())
    with transaction.atomic():
        tasks.update_task(pair.bob, task.pk, {"title": "Pay nothing"})
        advising = Aside(lambda: jobs.run(job))
        assert advising.is_waiting()
    advising.join()
    asked.refresh_from_db()
    assert asked.state == "stale"


def test_two_owners_who_leave_at_once_do_not_both_go(pair: Pair) -> None:
    members.change_role(pair.ada, pair.project.pk, "bob", ProjectRole.OWNER)
    with transaction.atomic():
        members.remove_member(pair.ada, pair.project.pk, "ada")
        second = Aside(lambda: members.remove_member(pair.bob, pair.project.pk, "bob"))
        assert second.is_waiting()
    with pytest.raises(Conflict):
        second.join()
    assert Membership.objects.filter(project=pair.project, role=ProjectRole.OWNER).count() == 1


@pytest.mark.parametrize("field", ["parent", "blocked_by"])
def test_two_halves_of_a_circle_do_not_both_hold(pair: Pair, field: str) -> None:
    low, middle, high = (pair.task(title) for title in ("low", "middle", "high"))

    def link(task: Task, other: Task) -> Task:
        reference = str(other.pk)
        return tasks.update_task(pair.ada, task.pk, {field: reference if field == "parent" else [reference]})

    link(middle, high)
    with transaction.atomic():
        link(low, middle)
        closing = Aside(lambda: link(high, low))
        assert closing.is_waiting()
    with pytest.raises(Invalid):
        closing.join()


def test_a_recurring_task_that_two_complete_at_once_is_followed_by_one(pair: Pair) -> None:
    task = pair.task(recurrence="FREQ=DAILY")
    with transaction.atomic():
        task_states.complete_task(pair.ada, task.pk)
        second = Aside(lambda: task_states.complete_task(pair.bob, task.pk))
        assert second.is_waiting()
    second.join()
    assert Task.objects.filter(previous=task).count() == 1
    assert Task.objects.count() == 2


def test_a_task_that_is_moved_while_somebody_waits_for_it_is_found(pair: Pair) -> None:
    task, other = pair.task(), projects.create_project(pair.ada, {"name": "Work"})
    with transaction.atomic():
        task_moves.move_task(pair.ada, task.pk, project=other.key)
        second = Aside(lambda: task_states.complete_task(pair.ada, task.pk))
        assert second.is_waiting()
    second.join()
    task.refresh_from_db()
    assert (task.status, task.project_id) == ("done", other.pk)


@pytest.mark.parametrize("place", ["moved", "trashed"])
def test_a_part_that_is_made_meanwhile_goes_where_the_task_goes(pair: Pair, place: str) -> None:
    """Whoever comes first: the part goes along, or is refused."""
    other = projects.create_project(pair.ada, {"name": "Work"})

    def put(task: Task) -> None:
        if place == "moved":
            task_moves.move_task(pair.ada, task.pk, project=other.key)
        else:
            trash.delete_task(pair.ada, task.pk)

    first = pair.task("first")
    with transaction.atomic():
        part = pair.task("part", parent=str(first.pk))
        second = Aside(lambda: put(first))
        assert second.is_waiting()
    second.join()
    for task in (first, part):
        task.refresh_from_db()
    assert (part.parent_id, part.project_id) == (first.pk, first.project_id)
    assert part.deleted_at == first.deleted_at

    late = pair.task("late")
    with transaction.atomic():
        put(late)
        second = Aside(lambda: pair.task("too late", parent=str(late.pk)))
        assert second.is_waiting()
    with pytest.raises(Invalid):
        second.join()


def test_what_names_an_account_that_is_deleted_meanwhile_is_tried_again(pair: Pair) -> None:
    task, bob = pair.task(), User.objects.get(pk=pair.bob.person)

    def assign() -> Response:
        return Response(tasks.update_task(pair.ada, task.pk, {"assignees": ["bob"]}).title)

    with transaction.atomic():
        delete_account(pair.bob, bob)
        assigning = Aside(repeat_deadlocked(assign))
        speaking = Aside(lambda: comments.add_comment(pair.bob, task.pk, "Wait for me"))
        assert assigning.is_waiting()
    with pytest.raises(Invalid):
        assigning.join()
    with pytest.raises(IntegrityError) as gone:
        speaking.join()
    for user, status in ((pair.ada, 404), (pair.bob, 401)):
        refused = handle_exception(gone.value, {"request": SimpleNamespace(user=User(pk=user.user_id))})
        assert refused is not None
        assert refused.status_code == status


def test_tasks_made_at_once_stand_in_different_places(pair: Pair) -> None:
    pair.task()
    with transaction.atomic():
        first = pair.task()
        second = Aside(pair.task)
        assert second.is_waiting()
    assert second.join().rank > first.rank


def test_a_request_that_was_chosen_to_end_a_deadlock_is_run_again(pair: Pair) -> None:
    first, second = pair.task("first").pk, pair.task("second").pk
    tries = 0

    def hold(*_: Any) -> Response:
        nonlocal tries
        tries += 1
        with transaction.atomic():
            # The database ends the wait of whoever looks for a deadlock first: this one, after a tenth of a second.
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL deadlock_timeout = '100ms'")
            lock_tasks([second])
            if tries == 1:
                held.set()
                time.sleep(0.3)
            lock_tasks([first])
        return Response()

    def hold_the_other_way() -> None:
        with transaction.atomic():
            lock_tasks([first])
            held.wait(10)
            lock_tasks([second])

    held = threading.Event()
    other = Aside(hold_the_other_way)
    assert repeat_deadlocked(hold)().status_code == 200
    other.join()
    # The other may wake too late to be first at the second try as well.
    assert tries > 1


def test_projects_of_one_name_made_at_once_get_different_keys(pair: Pair) -> None:
    with transaction.atomic():
        first = projects.create_project(pair.ada, {"name": "Garden"})
        second = Aside(lambda: projects.create_project(pair.bob, {"name": "Garden"}))
        assert second.is_waiting()
    assert (first.key, second.join().key) == ("GARDEN", "GARD2")
