"""Projects, members and labels on the admin pages."""

import re

from taskflow.application.labels import create_label
from taskflow.application.tasks import create_task
from taskflow.domain.permissions import ProjectRole
from taskflow.store.models import Event, Label, Membership, Project, Task, User
from tests.admin.conftest import Browser, errors_of, messages_of
from tests.conftest import World

NEW = {
    "name": "Garden club",
    "key": "",
    "default_priority": "2",
    "auto_suggest": "off",
    "urgency_weights": "{}",
    "memberships-TOTAL_FORMS": "0",
    "memberships-INITIAL_FORMS": "0",
}


def test_making_a_project_goes_through_the_use_case(admin: Browser, root: User) -> None:
    assert admin.send("store_project_add", **NEW).status_code == 302
    project = Project.objects.get(name="Garden club")
    assert (project.key, project.default_priority) == ("GARDENCLUB", 2)
    assert Membership.objects.get(project=project).user == root
    assert Event.objects.filter(type="taskflow.project.created", data__key="GARDENCLUB").exists()


def test_a_taken_key_becomes_an_error_on_the_form(admin: Browser, world: World) -> None:
    answer = admin.send("store_project_add", **NEW | {"key": "home"})
    assert "taken" in errors_of(answer)
    assert not Project.objects.filter(name="Garden club").exists()


def test_changing_a_project_writes_only_what_changed(admin: Browser, world: World) -> None:
    assert admin.save("store_project_change", world.home.pk, name="House").status_code == 302
    event = Event.objects.get(type="taskflow.project.updated")
    assert event.data["changes"] == {"name": {"from": "Home", "to": "House"}}
    world.home.refresh_from_db()
    assert world.home.key == "HOME"


def test_wrong_weights_are_named(admin: Browser, world: World) -> None:
    answer = admin.save("store_project_change", world.home.pk, urgency_weights='{"due": -1, "luck": 3}')
    assert "urgency_weights.due" in errors_of(answer)
    assert "There is no such weight" in errors_of(answer)


def test_an_inbox_cannot_be_archived_and_its_other_changes_are_undone(admin: Browser, world: World) -> None:
    inbox = Project.objects.get(inbox_of=world.ada)
    answer = admin.save("store_project_change", inbox.pk, archived="on", name="Mine")
    assert "An inbox cannot be archived" in errors_of(answer)
    inbox.refresh_from_db()
    assert (inbox.archived, inbox.name) == (False, "Inbox")


def test_archiving_and_unarchiving(admin: Browser, world: World) -> None:
    admin.save("store_project_change", world.home.pk, archived="on")
    world.home.refresh_from_db()
    assert world.home.archived
    admin.save("store_project_change", world.home.pk, archived=None)
    world.home.refresh_from_db()
    assert not world.home.archived


def _add_row(username: str, role: str) -> dict[str, str]:
    return {
        "memberships-TOTAL_FORMS": "2",
        "memberships-1-username": username,
        "memberships-1-role": role,
        "memberships-1-id": "",
    }


def test_members_are_added_changed_and_removed_through_use_cases(admin: Browser, world: World) -> None:
    assert admin.save("store_project_change", world.home.pk, **_add_row("bob", "viewer")).status_code == 302
    assert Event.objects.filter(type="taskflow.member.added", data__user="bob").exists()
    admin.save("store_project_change", world.home.pk, **{"memberships-1-role": "admin"})
    membership = Membership.objects.get(project=world.home, user=world.bob)
    assert (membership.role, membership.version) == ("admin", 2)
    admin.save("store_project_change", world.home.pk, **{"memberships-1-DELETE": "on"})
    assert not Membership.objects.filter(project=world.home, user=world.bob).exists()
    assert Event.objects.filter(type="taskflow.member.removed", data__user="bob").exists()


def test_an_owner_can_be_replaced_in_one_step(admin: Browser, world: World) -> None:
    fields = _add_row("bob", "owner") | {"memberships-0-DELETE": "on"}
    assert admin.save("store_project_change", world.home.pk, **fields).status_code == 302
    assert list(world.home.memberships.values_list("user__username", "role")) == [("bob", "owner")]


def test_an_unknown_member_is_refused_and_the_rest_of_the_form_is_undone(admin: Browser, world: World) -> None:
    fields = _add_row("nobody", "viewer") | {"name": "House"}
    answer = admin.save("store_project_change", world.home.pk, **fields)
    assert "There is no user" in errors_of(answer)
    world.home.refresh_from_db()
    assert world.home.name == "Home"


def test_the_last_owner_stays(admin: Browser, world: World) -> None:
    answer = admin.save("store_project_change", world.home.pk, **{"memberships-0-role": "viewer"})
    assert "last owner" in errors_of(answer)
    assert Membership.objects.get(project=world.home).role == ProjectRole.OWNER


def test_deleting_a_project_says_what_goes_with_it_and_goes_through_the_use_case(admin: Browser, world: World) -> None:
    create_task(world.ada.as_actor(), {"title": "Buy milk", "project": world.home.pk})
    confirm = admin.open("store_project_delete", world.home.pk).content.decode()
    assert "Tasks in them, for good: 1" in confirm
    admin.send("store_project_delete", world.home.pk, post="yes")
    assert not Project.objects.filter(pk=world.home.pk).exists()
    assert not Task.objects.exists()
    assert Event.objects.filter(type="taskflow.project.deleted", data__key="HOME").exists()


def test_deleting_an_inbox_becomes_a_message(admin: Browser, world: World) -> None:
    inbox = Project.objects.get(inbox_of=world.ada)
    answer = admin.client.post(f"/admin/store/project/{inbox.pk}/delete/", {"post": "yes"}, follow=True)
    assert messages_of(answer) == ["An inbox cannot be deleted."]
    assert Project.objects.filter(pk=inbox.pk).exists()


def test_labels_are_made_renamed_and_deleted_through_use_cases(admin: Browser, world: World) -> None:
    answer = admin.send("store_label_add", project=str(world.home.pk), name="money", color="#00aa00")
    assert answer.status_code == 302
    label = Label.objects.get(name="money")
    admin.save("store_label_change", label.pk, name="cash")
    admin.send("store_label_delete", label.pk, post="yes")
    types = Event.objects.filter(type__contains="label").order_by("id").values_list("type", flat=True)
    assert [kind.rpartition("_")[2] for kind in types] == ["created", "updated", "deleted"]


def test_a_twin_of_a_label_is_refused(admin: Browser, world: World) -> None:
    create_label(world.ada.as_actor(), world.home.pk, "money")
    answer = admin.send("store_label_add", project=str(world.home.pk), name="Money", color="")
    assert "already" in errors_of(answer)


def test_the_fields_of_a_member_have_names_for_screen_readers(admin: Browser, world: World) -> None:
    html = admin.open("store_project_change", world.home.pk).content.decode()
    rows = re.findall(r'<(?:input type="text"|select)[^>]*name="memberships-\d+-(username|role)"[^>]*>', html)
    named = re.findall(r'<(?:input|select)[^>]*name="memberships-\d+-(?:username|role)"[^>]*aria-label="([^"]+)"', html)
    assert len(named) == len(rows) > 1
    assert set(named) == {"User name", "Role"}
