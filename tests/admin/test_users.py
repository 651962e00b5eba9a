"""Accounts on the admin pages."""

from collections.abc import Callable

from django.test import Client

from taskflow.domain.permissions import SiteRole
from taskflow.store.models import Event, Project, User
from tests.admin.conftest import Browser, errors_of
from tests.conftest import PASSWORD

NEW = {"username": "nora", "email": "nora@example.org", "timezone": "Europe/Berlin", "role": "member"}


def test_making_a_user_goes_through_the_use_case(admin: Browser) -> None:
    answer = admin.send("store_user_add", **NEW, new_password=PASSWORD)
    assert answer.status_code == 302
    nora = User.objects.get(username="nora")
    assert nora.check_password(PASSWORD)
    assert Project.objects.filter(inbox_of=nora).exists()
    event = Event.objects.get(type="taskflow.user.created", data__username="nora")
    assert event.actor_name == "root"


def test_a_user_without_a_password_has_none_that_works(admin: Browser) -> None:
    admin.send("store_user_add", **NEW, new_password="")
    assert not User.objects.get(username="nora").has_usable_password()


def test_every_wrong_field_is_named_on_the_form_and_nothing_is_made(admin: Browser) -> None:
    answer = admin.send("store_user_add", **NEW | {"timezone": "Europe/Nowhere", "username": "me"})
    assert "IANA time zone" in errors_of(answer)
    assert "has a meaning of its own" in errors_of(answer)
    assert not User.objects.filter(email="nora@example.org").exists()


def test_a_weak_password_is_refused_on_its_field(admin: Browser) -> None:
    answer = admin.send("store_user_add", **NEW, new_password="12345")
    assert "too short" in errors_of(answer)
    assert not User.objects.filter(username="nora").exists()


def test_changing_a_role_writes_an_event(admin: Browser, make_user: Callable[..., User]) -> None:
    nora = make_user("nora")
    assert admin.save("store_user_change", nora.pk, role="manager").status_code == 302
    nora.refresh_from_db()
    assert nora.site_role is SiteRole.MANAGER
    assert Event.objects.filter(type="taskflow.user.updated", data__username="nora").exists()


def test_saving_an_unchanged_form_changes_nothing(admin: Browser, make_user: Callable[..., User]) -> None:
    nora = make_user("nora")
    events = Event.objects.count()
    assert admin.save("store_user_change", nora.pk).status_code == 302
    nora.refresh_from_db()
    assert (nora.version, Event.objects.count()) == (1, events)


def test_a_form_that_was_filled_from_an_older_version_is_refused(
    admin: Browser, make_user: Callable[..., User]
) -> None:
    nora = make_user("nora")
    answer = admin.save("store_user_change", nora.pk, timezone="Europe/Rome", seen_version="7")
    assert "has changed since" in errors_of(answer)
    nora.refresh_from_db()
    assert nora.timezone == "UTC"


def test_a_new_password_works_and_ends_the_persons_sessions(admin: Browser, make_user: Callable[..., User]) -> None:
    nora = make_user("nora")
    answer = admin.save("store_user_change", nora.pk, new_password="another-horse-11")
    assert answer.status_code == 302
    nora.refresh_from_db()
    assert nora.check_password("another-horse-11")
    assert not Client().login(username="nora", password=PASSWORD)


def test_a_weak_password_undoes_the_other_changes_too(admin: Browser, make_user: Callable[..., User]) -> None:
    nora = make_user("nora")
    answer = admin.save("store_user_change", nora.pk, new_password="12345", timezone="Europe/Rome")
    assert "too short" in errors_of(answer)
    nora.refresh_from_db()
    assert nora.timezone == "UTC"


def test_an_administrator_stays_signed_in_after_changing_their_own_password(admin: Browser, root: User) -> None:
    assert admin.save("store_user_change", root.pk, new_password="another-horse-11").status_code == 302
    assert admin.open("index").status_code == 200


def test_the_last_administrator_cannot_be_deactivated(admin: Browser, root: User) -> None:
    answer = admin.save("store_user_change", root.pk, is_active=None)
    assert "only administrator" in errors_of(answer)
    root.refresh_from_db()
    assert root.is_active


def test_a_manager_makes_members_but_no_administrators(manager: Browser) -> None:
    assert manager.send("store_user_add", **NEW, new_password="").status_code == 302
    answer = manager.send("store_user_add", **NEW | {"username": "eve", "email": "", "role": "admin"}, new_password="")
    assert "Select a valid choice" in errors_of(answer)
    assert not User.objects.filter(username="eve").exists()


def test_a_manager_sees_an_administrator_but_cannot_change_one(manager: Browser, root: User) -> None:
    assert manager.open("store_user_change", root.pk).status_code == 200
    assert manager.send("store_user_change", root.pk, role="member", new_password="x").status_code == 403
    root.refresh_from_db()
    assert root.site_role is SiteRole.ADMIN


def test_accounts_are_not_deleted_here(admin: Browser, make_user: Callable[..., User]) -> None:
    nora = make_user("nora")
    assert admin.send("store_user_delete", nora.pk, post="yes").status_code == 403
    assert admin.act("user", "delete_selected", nora).status_code == 200
    assert User.objects.filter(pk=nora.pk).exists()


def test_password_hashes_are_not_on_the_page(admin: Browser, make_user: Callable[..., User]) -> None:
    nora = make_user("nora")
    assert nora.password not in admin.open("store_user_change", nora.pk).content.decode()
