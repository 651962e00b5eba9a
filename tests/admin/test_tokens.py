"""API tokens on the admin pages."""

import pytest
from django.contrib.admin.models import LogEntry

from taskflow.application.tokens import Wish, create_token
from taskflow.store.models import ApiToken
from tests.admin.conftest import Browser
from tests.conftest import World


@pytest.fixture
def token(world: World) -> ApiToken:
    wish = Wish(name="laptop", scopes=["tasks:read"], projects=["HOME"])
    return create_token(world.ada.as_actor(), wish)[0]


def test_the_list_says_whose_and_how_wide_and_never_the_digest(admin: Browser, token: ApiToken) -> None:
    html = admin.open("store_apitoken_changelist").content.decode()
    assert "laptop" in html
    assert "tasks:read" in html
    assert "HOME" in html
    assert token.digest not in html


def test_one_tokens_page_is_found_by_its_uuid_alone(admin: Browser, token: ApiToken) -> None:
    answer = admin.open("store_apitoken_change", token.id)
    assert answer.status_code == 200
    assert token.digest not in answer.content.decode()
    assert admin.open("store_apitoken_change", token.digest).status_code == 302


def test_revoking_ends_the_token_and_logs_no_digest(admin: Browser, token: ApiToken) -> None:
    confirm = admin.open("store_apitoken_delete", token.id)
    assert token.digest not in confirm.content.decode()
    assert ApiToken.objects.exists()
    answer = admin.client.post(f"/admin/store/apitoken/{token.id}/delete/", {"post": "yes"}, follow=True)
    assert token.digest not in answer.content.decode()
    assert not ApiToken.objects.exists()
    entry = LogEntry.objects.get()
    assert entry.object_id == str(token.id)


def test_tokens_are_neither_made_nor_changed_here(admin: Browser, token: ApiToken) -> None:
    assert admin.open("store_apitoken_add").status_code == 403
    assert admin.send("store_apitoken_change", token.id, name="x").status_code == 403
