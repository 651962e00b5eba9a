"""Who gets in, and what those see who do not."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from taskflow.interfaces.admin.site import site
from tests.admin.conftest import Browser

PAGES = sorted(model._meta.model_name or "" for model in site._registry)


def test_the_admin_has_its_twelve_pages_and_none_of_other_apps() -> None:
    assert PAGES == [
        "apitoken",
        "event",
        "job",
        "label",
        "modelcall",
        "modelpull",
        "plugin",
        "project",
        "savedfilter",
        "suggestion",
        "task",
        "user",
    ]


def test_a_signed_out_person_is_led_to_the_sign_in_page_and_back(stranger: Browser) -> None:
    answer = stranger.open("index")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/admin/"
    assert stranger.open("store_job_changelist")["Location"] == "/accounts/login/?next=/admin/store/job/"


def test_the_admin_has_no_sign_in_form_of_its_own(stranger: Browser) -> None:
    answer = stranger.client.post("/admin/login/?next=/admin/store/task/", {"username": "root", "password": "x"})
    assert answer.status_code in {302, 405}
    assert "_auth_user_id" not in stranger.client.session


def test_the_sign_in_page_never_leads_to_another_site(rf: Any) -> None:
    request = rf.get("/admin/login/", {"next": "https://evil.example/"})
    request.user = AnonymousUser()
    assert site.login(request)["Location"] == "/accounts/login/?next=/admin/"


@pytest.mark.parametrize("page", PAGES)
def test_pages_open_for_an_administrator(admin: Browser, page: str) -> None:
    assert admin.open(f"store_{page}_changelist").status_code == 200


@pytest.mark.parametrize("page", ["index", *(f"store_{page}_changelist" for page in PAGES)])
def test_pages_are_refused_to_a_member_with_the_reason(member: Browser, page: str) -> None:
    answer = member.open(page)
    assert answer.status_code == 403
    assert "whose role on this site is <strong>member</strong>" in answer.content.decode()


@pytest.mark.parametrize("page", [page for page in PAGES if page != "user"])
def test_a_manager_is_refused_everything_but_users(manager: Browser, page: str) -> None:
    answer = manager.open(f"store_{page}_changelist")
    assert answer.status_code == 403
    assert "To the pages that you may see" in answer.content.decode()


def test_a_manager_sees_users_and_an_overview_without_jobs(manager: Browser) -> None:
    assert manager.open("store_user_changelist").status_code == 200
    index = manager.open("index")
    assert index.status_code == 200
    html = index.content.decode()
    assert "Active accounts" in html
    assert "Oldest due job" not in html
    assert "/admin/store/job/" not in html


def test_a_manager_cannot_retry_jobs_by_sending_the_form(manager: Browser) -> None:
    assert manager.act("job", "retry").status_code == 403


def test_signing_out_leads_to_the_sign_in_page(admin: Browser) -> None:
    answer = admin.send("logout")
    assert answer["Location"] == "/accounts/login/"
    assert admin.open("index").status_code == 302


def test_changing_the_own_password_is_left_to_the_account_pages(admin: Browser) -> None:
    assert admin.open("password_change")["Location"] == "/accounts/password/change/"


def test_unknown_addresses_below_the_admin_are_not_found_for_administrators_only(
    admin: Browser, stranger: Browser
) -> None:
    assert admin.client.get("/admin/nothing/").status_code == 404
    assert stranger.client.get("/admin/nothing/").status_code == 302


def test_a_malformed_id_leads_back_with_a_message(admin: Browser) -> None:
    answer = admin.client.get("/admin/store/task/not-an-id/change/", follow=True)
    assert answer.status_code == 200
    assert "doesn’t exist" in answer.content.decode()
