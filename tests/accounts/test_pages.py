"""Signing in, registering, sessions and the admin's door in a browser."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from taskflow.store.models import ApiToken, Event, User
from tests.accounts.conftest import PASSWORD, bearer, call, sign_in

Site = Callable[..., None]
FORM = {"username": "carol", "email": "carol@example.org", "password1": PASSWORD, "password2": PASSWORD}
PAGES = ["login/", "signup/", "password/reset/", "password/reset/done/"]
OWN_PAGES = ["", "email/", "password/change/", "sessions/", "2fa/", "logout/"]


def test_name_or_address_and_a_password_sign_in(bob: User) -> None:
    for login in ("bob", "BOB", "bob@example.org", "Bob@Example.ORG"):
        client = Client()
        assert sign_in(client, login).status_code == 302
        assert call(client, "GET", "me").json()["username"] == "bob"


def test_a_wrong_name_and_a_wrong_password_look_alike(bob: User) -> None:
    def body(login: str) -> str:
        text = sign_in(Client(), login, "wrong wrong").content.decode()
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text).replace(login, "")

    assert "User name or password is wrong." in body("bob")
    assert body("bob") == body("nobody")
    assert body("bob@example.org") == body("nobody@example.org") == body("bob")


def test_signing_in_leads_staff_to_the_admin_and_others_to_their_account(ada: User, bob: User) -> None:
    assert sign_in(Client(), "ada")["Location"] == "/"
    assert sign_in(Client(), "bob")["Location"] == "/accounts/"
    foreign = Client().post("/accounts/login/", {"login": "bob", "password": PASSWORD, "next": "https://evil.example/"})
    assert foreign["Location"] == "/accounts/"


def test_the_admin_has_no_sign_in_page_of_its_own(client: Client, bob: User) -> None:
    answer = client.get("/admin/login/?next=/admin/store/user/")
    assert answer["Location"] == "/accounts/login/?next=%2Fadmin%2Fstore%2Fuser%2F"
    assert client.post("/admin/login/", {"username": "bob", "password": PASSWORD}).status_code == 405
    sign_in(client, "bob")
    assert client.get("/admin/login/").status_code == 403


def test_registering_on_the_page_goes_through_the_same_use_case(client: Client, db: None) -> None:
    assert client.post("/accounts/signup/", FORM)["Location"] == "/accounts/"
    user = User.objects.get(username="carol")
    assert user.inbox.key == "IN1"
    assert Event.objects.filter(type="taskflow.user.created", actor=user).exists()
    assert call(client, "GET", "me").json()["username"] == "carol"


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "BOB"},
        {"username": "me"},
        {"email": "BOB@example.org"},
        {"password1": "12345678", "password2": "12345678"},
        {"password2": "differs"},
    ],
)
def test_the_registration_page_shows_what_is_wrong(client: Client, bob: User, wrong: dict[str, str]) -> None:
    answer = client.post("/accounts/signup/", {**FORM, **wrong})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert User.objects.count() == 1


def test_closed_registration_has_no_form_and_takes_none(client: Client, db: None, site: Site) -> None:
    site(registration="closed")
    assert "Registration is closed" in client.get("/accounts/signup/").content.decode()
    client.post("/accounts/signup/", FORM)
    assert not User.objects.exists()
    assert "/accounts/signup/" not in client.get("/accounts/login/").content.decode()


def test_a_password_changed_on_the_page_ends_other_sessions_and_tokens(client: Client, bob: User) -> None:
    other = Client()
    sign_in(other, "bob")
    sign_in(client, "bob")
    bearer(Client(), "bob")
    new = "another horse battery"
    answer = client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer.status_code == 302
    assert call(client, "GET", "me").status_code == 200
    assert call(other, "GET", "me").status_code == 401
    assert not ApiToken.objects.exists()


def test_a_session_is_listed_and_can_be_ended_alone(client: Client, bob: User) -> None:
    second, third = Client(HTTP_USER_AGENT="Second"), Client(HTTP_USER_AGENT="Third")
    for each in (client, second, third):
        sign_in(each, "bob")
    page = client.get("/accounts/sessions/").content.decode()
    assert "Second" in page
    row = re.search(r"Second.*?value=\"(\d+)\"", page, re.DOTALL)
    assert row is not None
    client.post("/accounts/sessions/", {"session": row[1]})
    assert [call(each, "GET", "me").status_code for each in (client, second, third)] == [200, 401, 200]
    client.post("/accounts/sessions/", {"session": "others"})
    assert [call(each, "GET", "me").status_code for each in (client, third)] == [200, 401]


def test_nobody_ends_the_session_of_somebody_else(client: Client, bob: User, ada: User) -> None:
    from allauth.usersessions.models import UserSession

    sign_in(client, "ada")
    intruder = Client()
    sign_in(intruder, "bob")
    intruder.post("/accounts/sessions/", {"session": str(UserSession.objects.get(user=ada).pk)})
    assert call(client, "GET", "me").status_code == 200


def test_without_verification_a_new_address_takes_effect_at_once(client: Client, bob: User, ada: User) -> None:
    sign_in(client, "bob")
    client.post("/accounts/email/", {"email": "ADA@example.org", "action_add": ""})
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"
    assert client.post("/accounts/email/", {"email": "robert@example.org", "action_add": ""}).status_code == 302
    bob.refresh_from_db()
    assert bob.email == "robert@example.org"
    assert sign_in(Client(), "robert@example.org").status_code == 302


@pytest.mark.parametrize("path", [f"/accounts/{page}" for page in PAGES])
def test_entrance_pages_are_whole_and_name_no_other_host(client: Client, db: None, path: str) -> None:
    _check_page(client.get(path))


@pytest.mark.parametrize("path", [f"/accounts/{page}" for page in OWN_PAGES])
def test_own_pages_are_whole_and_name_no_other_host(client: Client, bob: User, path: str) -> None:
    sign_in(client, "bob")
    _check_page(client.get(path, follow=True))


def _check_page(answer: object) -> None:
    assert getattr(answer, "status_code", 0) == 200
    text = getattr(answer, "content", b"").decode()
    assert text.count("<h1") == 1
    assert '<html lang="en">' in text
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', text)
    # Every field has a label.
    labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', text))
    fields = re.findall(r"<input(?![^>]*type=\"hidden\")[^>]*>", text)
    assert {found[1] for field in fields if (found := re.search(r' id="([^"]+)"', field))} <= labelled


def test_registration_speaks_as_the_other_pages_do(client: Client, db: None) -> None:
    page = client.get("/accounts/signup/").content.decode()
    for words in ("User name", "E-mail (optional)", "Password again", "At least 8 characters"):
        assert words in page
