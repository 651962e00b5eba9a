"""Registration, tokens, own account and others over REST."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from taskflow.application import accounts, projects
from taskflow.application.members import add_member
from taskflow.domain.permissions import SYSTEM, ProjectRole, SiteRole
from taskflow.store.models import ApiToken, Event, Project, User
from taskflow.store.models.users import SignInAttempts
from tests.accounts.conftest import PASSWORD, bearer, call, sign_in

Site = Callable[..., None]


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


def test_registering_makes_a_member_with_an_inbox_and_an_event(client: Client, db: None) -> None:
    answer = call(client, "POST", "auth/register", {"username": "Zoë", "email": "zoe@x.org", "password": PASSWORD})
    assert answer.status_code == 201
    assert answer.json()["username"] == "Zoë"
    assert answer.json()["role"] == "member"
    user = User.objects.get(username="Zoë")
    assert user.inbox.key == "IN1"
    assert Event.objects.filter(type="taskflow.user.created", actor=user).exists()
    assert PASSWORD not in str(answer.json())


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("username", "BOB", "username_taken"),
        ("username", "me", "reserved"),
        ("username", "a b", "invalid"),
        ("email", "BOB@example.org", "email_taken"),
        ("email", "nobody", "invalid"),
        ("password", "1234", "password_too_short"),
        ("password", "carol-carol", "password_too_similar"),
        ("timezone", "Mars/Olympus", "invalid"),
        ("timezone", "localtime", "invalid"),
        ("role", "admin", "unknown_field"),
    ],
)
def test_registration_names_the_wrong_field(client: Client, bob: User, field: str, value: str, code: str) -> None:
    body = {"username": "carol", "email": "carol@example.org", "password": PASSWORD, field: value}
    if code == "password_too_similar":
        body["username"] = "carol-carol"
    answer = call(client, "POST", "auth/register", body)
    assert answer.status_code == 400
    assert (field, code) in codes(answer)
    assert not User.objects.filter(email="carol@example.org").exists()


def test_names_are_one_without_regard_to_case_beyond_ascii(client: Client, db: None) -> None:
    accounts.create_user(SYSTEM, "Ärger")
    answer = call(client, "POST", "auth/register", {"username": "ärger", "email": "", "password": PASSWORD})
    assert ("username", "username_taken") in codes(answer)


def test_closed_registration_is_refused(client: Client, db: None, site: Site) -> None:
    site(registration="closed")
    answer = call(client, "POST", "auth/register", {"username": "c", "email": "", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")


def test_a_token_signs_its_person_in_and_only_its_digest_is_kept(client: Client, bob: User) -> None:
    answer = call(client, "POST", "auth/tokens", {"username": "BOB", "password": PASSWORD, "name": "cli"})
    secret = answer.json()["token"]
    assert secret.startswith("tfp_")
    me = call(Client(), "GET", "me", Authorization=f"Bearer {secret}")
    assert me.json()["username"] == "bob"
    row = ApiToken.objects.get()
    assert secret not in (row.digest, row.token_key)
    assert "token" not in call(Client(), "GET", "auth/tokens", Authorization=f"Bearer {secret}").json()["results"][0]


def test_an_address_signs_in_like_a_name(client: Client, bob: User) -> None:
    assert bearer(client, "Bob@Example.org")


def test_wrong_passwords_and_unknown_people_get_the_same_answer(client: Client, bob: User) -> None:
    body = {"password": "wrong wrong", "name": "t"}
    known = call(client, "POST", "auth/tokens", {**body, "username": "bob"})
    unknown = call(client, "POST", "auth/tokens", {**body, "username": "nobody"})
    assert known.status_code == unknown.status_code == 401
    assert known.json() == unknown.json()
    assert known.json()["code"] == "invalid_credentials"
    assert known["WWW-Authenticate"] == unknown["WWW-Authenticate"]


def test_unknown_people_cost_a_password_check_too(client: Client, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    counted: list[str] = []
    honest = MD5PasswordHasher.encode

    def encode(self: Any, password: str, salt: str) -> str:
        counted.append(password)
        return honest(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    work = []
    for name in ("bob", "nobody", "nobody@example.org"):
        counted.clear()
        call(client, "POST", "auth/tokens", {"username": name, "password": "wrong wrong", "name": "t"})
        work.append(len(counted))
    assert work[0] > 0
    assert len(set(work)) == 1


@pytest.mark.parametrize("name", ["bob", "nobody"])
def test_the_eleventh_failure_within_five_minutes_waits(client: Client, bob: User, name: str) -> None:
    body = {"username": name, "password": "wrong wrong", "name": "t"}
    answers = [call(client, "POST", "auth/tokens", body).status_code for _ in range(10)]
    assert answers == [401] * 10
    refused = call(client, "POST", "auth/tokens", {**body, "password": PASSWORD})
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 301
    assert sign_in(Client(), name).status_code == 429


def test_failures_on_the_page_count_for_the_api_under_any_of_a_persons_names(client: Client, bob: User) -> None:
    for name in ("bob", "BOB", "bob@example.org") * 3:
        assert sign_in(client, name, "wrong wrong").status_code == 200
    body = {"username": "bob", "password": "wrong wrong", "name": "t"}
    assert [call(client, "POST", "auth/tokens", body).status_code for _ in range(2)] == [401, 429]


def test_the_limit_ends_with_its_window(client: Client, bob: User) -> None:
    body = {"username": "bob", "password": "wrong wrong", "name": "t"}
    for _ in range(11):
        call(client, "POST", "auth/tokens", body)
    SignInAttempts.objects.update(started_at=timezone.now() - timedelta(minutes=5, seconds=1))
    assert bearer(client, "bob")


def test_successes_are_not_limited_and_forgive_nothing(client: Client, bob: User) -> None:
    for _ in range(12):
        bearer(client, "bob")
    body = {"username": "bob", "password": "wrong wrong", "name": "t"}
    for _ in range(5):
        call(client, "POST", "auth/tokens", body)
        bearer(client, "bob")
    assert SignInAttempts.objects.get().count == 5


def test_limits_can_be_switched_off(client: Client, bob: User, site: Site) -> None:
    site(rate_limits=False)
    body = {"username": "bob", "password": "wrong wrong", "name": "t"}
    assert {call(client, "POST", "auth/tokens", body).status_code for _ in range(12)} == {401}


def test_no_local_accounts_no_passwords(client: Client, bob: User, site: Site) -> None:
    site(local_accounts=False)
    answer = call(client, "POST", "auth/tokens", {"username": "bob", "password": PASSWORD, "name": "t"})
    assert (answer.status_code, answer.json()["code"]) == (403, "no_local_accounts")
    assert sign_in(client, "bob").status_code == 200
    assert call(client, "GET", "me").status_code == 401


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"scopes": ["tasks:read", "tasks:eat"]}, ("scopes", "unknown_scope")),
        ({"projects": ["NOPE"]}, ("projects", "not_found")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("expires_at", "past")),
        ({"expires_at": "2030-01-01T00:00:00"}, ("expires_at", "naive")),
    ],
)
def test_a_wrong_wish_for_a_token_names_the_field(
    client: Client, bob: User, fields: dict[str, Any], error: tuple[str, str]
) -> None:
    answer = call(client, "POST", "auth/tokens", {"username": "bob", "password": PASSWORD, "name": "t", **fields})
    assert answer.status_code == 400
    assert error in codes(answer)


def test_somebody_elses_project_is_unknown_to_a_token(client: Client, bob: User, ada: User) -> None:
    key = ada.inbox.key
    answer = call(
        client, "POST", "auth/tokens", {"username": "bob", "password": PASSWORD, "name": "t", "projects": [key]}
    )
    assert codes(answer) == {("projects", "not_found")}


def test_a_token_is_narrowed_to_scopes_and_projects(client: Client, bob: User) -> None:
    header = bearer(client, "bob", scopes=["tasks:read"], projects=[bob.inbox.key])
    token = ApiToken.objects.get()
    assert token.limited_projects == {bob.inbox.pk}
    assert call(client, "GET", "me", **header).status_code == 200
    refused = call(client, "PATCH", "me", {"timezone": "Europe/Berlin"}, **header)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert call(client, "POST", "auth/tokens", {"name": "wider"}, **header).json()["code"] == "insufficient_scope"


def test_a_token_makes_none_that_outlives_or_outreaches_it(client: Client, bob: User) -> None:
    end = timezone.now() + timedelta(hours=1)
    header = bearer(client, "bob", projects=[bob.inbox.key], expires_at=end.isoformat())
    later = (end + timedelta(days=1)).isoformat()
    refused = call(client, "POST", "auth/tokens", {"name": "n", "expires_at": later}, **header)
    assert codes(refused) == {("expires_at", "beyond_own")}
    made = call(client, "POST", "auth/tokens", {"name": "n"}, **header).json()
    assert made["projects"] == [str(bob.inbox.pk)]
    assert ApiToken.objects.get(id=made["id"]).expiry == end


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "me", None),
        ("PATCH", "me", {"email": "thief@example.org"}),
        ("POST", "invitations/accept", {"token": "x"}),
        ("PATCH", "users/bob", {"role": "admin"}),
        ("POST", "users", {"username": "friend", "role": "admin"}),
    ],
)
def test_a_token_that_is_limited_to_projects_does_nothing_beyond_them(
    client: Client, ada: User, bob: User, method: str, path: str, body: Any
) -> None:
    for name, user in (("ada", ada), ("bob", bob)):
        header = bearer(client, name, projects=[user.inbox.key])
        refused = call(client, method, path, body, **header)
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
        assert "limited to projects" in refused.json()["detail"]
    assert set(User.objects.values_list("username", "email")) == {
        ("ada", "ada@example.org"),
        ("bob", "bob@example.org"),
    }


def test_a_token_that_is_limited_to_projects_knows_and_ends_none_that_reaches_further(
    client: Client, bob: User
) -> None:
    whole, narrow = bearer(client, "bob"), bearer(client, "bob", projects=[bob.inbox.key])
    wide = ApiToken.objects.get(project_ids=[])
    assert len(call(client, "GET", "auth/tokens", **narrow).json()["results"]) == 1
    assert call(client, "DELETE", f"auth/tokens/{wide.id}", **narrow).status_code == 404
    assert len(call(client, "GET", "auth/tokens", **whole).json()["results"]) == 2


def test_an_account_that_has_changed_since_is_not_deleted(client: Client, bob: User) -> None:
    header = bearer(client, "bob")
    stale = call(client, "DELETE", "me", **header, **{"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert call(client, "DELETE", "me", **header, **{"If-Match": f'"{bob.version}"'}).status_code == 204


def test_a_revoked_an_expired_and_a_wrong_token_get_401(client: Client, bob: User) -> None:
    header = bearer(client, "bob")
    token = ApiToken.objects.get()
    assert call(client, "DELETE", f"auth/tokens/{token.id}", **header).status_code == 204
    answer = call(client, "GET", "me", **header)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    header = bearer(client, "bob")
    ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert call(client, "GET", "me", **header).status_code == 401
    for wrong in ("Bearer tfp_" + "0" * 64, "Bearer x", "Bearer", "Bearer tfp_ä"):
        assert call(client, "GET", "me", Authorization=wrong).status_code == 401


def test_a_token_ends_itself_and_no_other_whatever_its_scopes(client: Client, bob: User) -> None:
    body = {"username": "bob", "password": PASSWORD, "name": "narrow", "scopes": ["tasks:read"]}
    header = {"Authorization": f"Bearer {call(client, 'POST', 'auth/tokens', body).json()['token']}"}
    other = ApiToken.objects.get(id=call(client, "POST", "auth/tokens", {**body, "name": "other"}).json()["id"])
    assert call(client, "DELETE", f"auth/tokens/{other.id}", **header).json()["code"] == "insufficient_scope"
    assert call(client, "DELETE", "auth/tokens/current", **header).status_code == 204
    assert call(client, "GET", "me", **header).status_code == 401
    assert list(ApiToken.objects.all()) == [other]


def test_a_session_has_no_token_to_end(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert codes(call(client, "DELETE", "auth/tokens/current")) == {("Authorization", "no_token")}


def test_nobody_ends_the_token_of_somebody_else(client: Client, bob: User, ada: User) -> None:
    bearer(client, "ada")
    token = ApiToken.objects.get()
    assert call(client, "DELETE", f"auth/tokens/{token.id}", **bearer(client, "bob")).status_code == 404
    assert ApiToken.objects.filter(id=token.id).exists()


def test_a_request_with_a_token_writes_nothing_but_once_an_hour(
    client: Client, bob: User, django_assert_max_num_queries: Any
) -> None:
    header = bearer(client, "bob")
    call(client, "GET", "me", **header)
    assert ApiToken.objects.get().last_used_at is not None
    with django_assert_max_num_queries(3) as queries:
        call(client, "GET", "me", **header)
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_a_deactivated_person_stops_at_once(client: Client, bob: User, ada: User) -> None:
    header = bearer(client, "bob")
    session = Client()
    sign_in(session, "bob")
    assert call(session, "GET", "me").status_code == 200
    admin = bearer(client, "ada")
    assert call(client, "PATCH", "users/bob", {"is_active": False}, **admin).json()["is_active"] is False
    assert call(client, "GET", "me", **header).status_code == 401
    assert call(session, "GET", "me").status_code == 401
    body = {"username": "bob", "password": PASSWORD, "name": "t"}
    assert call(client, "POST", "auth/tokens", body).json()["code"] == "invalid_credentials"


def test_a_changed_password_ends_everything_but_what_changed_it(client: Client, bob: User) -> None:
    kept, other = bearer(client, "bob"), bearer(client, "bob")
    session = Client()
    sign_in(session, "bob")
    body = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert call(client, "POST", "auth/password", {**body, "current_password": "no no no"}, **kept).status_code == 400
    weak = call(client, "POST", "auth/password", {**body, "new_password": "short"}, **kept)
    assert ("new_password", "password_too_short") in codes(weak)
    assert call(client, "POST", "auth/password", body, **kept).status_code == 204
    assert call(client, "GET", "me", **kept).status_code == 200
    assert call(client, "GET", "me", **other).status_code == 401
    assert call(session, "GET", "me").status_code == 401


def test_a_session_survives_its_own_change_of_password(bob: User) -> None:
    one, two = Client(), Client()
    sign_in(one, "bob")
    sign_in(two, "bob")
    body = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert call(one, "POST", "auth/password", body).status_code == 204
    assert call(one, "GET", "me").status_code == 200
    assert call(two, "GET", "me").status_code == 401


def test_a_session_needs_csrf_to_write(bob: User) -> None:
    session = Client(enforce_csrf_checks=True)
    session.get("/accounts/login/")
    token = session.cookies["csrftoken"].value
    session.post("/accounts/login/", {"login": "bob", "password": PASSWORD, "csrfmiddlewaretoken": token})
    refused = call(session, "PATCH", "me", {"timezone": "Europe/Berlin"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    token = session.cookies["csrftoken"].value
    headers = {"X-CSRFToken": token}
    assert call(session, "PATCH", "me", {"timezone": "Europe/Berlin"}, **headers).status_code == 200
    assert call(session, "POST", "auth/tokens", {"name": "mine"}, **headers).status_code == 201


def test_people_change_themselves_but_not_their_role(client: Client, bob: User) -> None:
    header = bearer(client, "bob")
    answer = call(client, "PATCH", "me", {"username": "Robert", "timezone": "Asia/Tokyo", "email": "r@x.org"}, **header)
    assert (answer.json()["username"], answer.json()["timezone"], answer.json()["email"]) == (
        "Robert",
        "Asia/Tokyo",
        "r@x.org",
    )
    assert answer["ETag"] == f'"{answer.json()["version"]}"'
    assert call(client, "PATCH", "me", {"role": "admin"}, **header).status_code == 400
    assert call(client, "PATCH", "me", {"timezone": "UTC"}, **header, **{"If-Match": '"1"'}).status_code == 412


def test_deleting_an_account_takes_what_was_its_alone(client: Client, bob: User, ada: User) -> None:
    own = projects.create_project(bob.as_actor(), {"name": "Own"})
    shared = projects.create_project(ada.as_actor(), {"name": "Shared"})
    add_member(ada.as_actor(), shared.pk, "bob", ProjectRole.MEMBER)
    header = bearer(client, "bob")
    assert call(client, "DELETE", "me", **header).status_code == 204
    assert call(client, "GET", "me", **header).status_code == 401
    assert not User.objects.filter(pk=bob.pk).exists()
    assert set(Project.objects.values_list("pk", flat=True)) == {shared.pk, ada.inbox.pk}
    assert not Project.objects.filter(pk=own.pk).exists()
    assert Event.objects.filter(type="taskflow.member.removed", actor_name="bob").exists()


def test_the_last_owner_of_a_shared_project_cannot_leave(client: Client, bob: User, ada: User) -> None:
    shared = projects.create_project(bob.as_actor(), {"name": "Shared thing"})
    add_member(bob.as_actor(), shared.pk, "ada", ProjectRole.ADMIN)
    gone = accounts.create_user(SYSTEM, username="gone", email="gone@example.org", password=None, role=SiteRole.MEMBER)
    add_member(bob.as_actor(), shared.pk, "gone", ProjectRole.OWNER)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    answer = call(client, "DELETE", "me", **bearer(client, "bob"))
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert "Shared thing" in answer.json()["detail"]
    assert User.objects.filter(pk=bob.pk).exists()


def test_the_only_administrator_stays(client: Client, ada: User) -> None:
    header = bearer(client, "ada")
    assert call(client, "DELETE", "me", **header).json()["code"] == "last_admin"
    assert call(client, "PATCH", "users/ada", {"role": "member"}, **header).json()["code"] == "last_admin"
    assert call(client, "PATCH", "users/ada", {"is_active": False}, **header).json()["code"] == "last_admin"


def test_members_see_whom_they_share_a_project_with(client: Client, bob: User, ada: User, mia: User) -> None:
    shared = projects.create_project(ada.as_actor(), {"name": "Shared"})
    add_member(ada.as_actor(), shared.pk, "bob", ProjectRole.VIEWER)

    def names(header: dict[str, str], query: str = "") -> list[str]:
        return [person["username"] for person in call(client, "GET", f"users{query}", **header).json()["results"]]

    assert names(bearer(client, "bob")) == ["ada", "bob"]
    assert names(bearer(client, "bob"), "?q=AD") == ["ada"]
    assert names(bearer(client, "bob", projects=[bob.inbox.key])) == ["bob"]
    assert names(bearer(client, "mia")) == ["ada", "bob", "mia"]
    assert "email" not in call(client, "GET", "users", **bearer(client, "bob")).json()["results"][0]


def test_managers_manage_people_up_to_their_own_role(client: Client, bob: User, ada: User, mia: User) -> None:
    header = bearer(client, "mia")
    made = call(client, "POST", "users", {"username": "new", "email": "n@x.org", "role": "manager"}, **header)
    assert (made.status_code, made.json()["role"]) == (201, "manager")
    assert call(client, "POST", "users", {"username": "boss", "role": "admin"}, **header).status_code == 403
    assert call(client, "PATCH", "users/mia", {"role": "admin"}, **header).status_code == 403
    assert call(client, "PATCH", "users/ada", {"role": "member"}, **header).status_code == 403
    assert call(client, "PATCH", "users/BOB", {"role": "manager"}, **header).json()["role"] == "manager"
    assert call(client, "GET", "users/nobody", **header).status_code == 404


def test_members_manage_nobody(client: Client, bob: User, ada: User) -> None:
    header = bearer(client, "bob")
    assert call(client, "GET", "users/ada", **header).status_code == 403
    assert call(client, "GET", "users/nobody", **header).status_code == 403
    assert call(client, "POST", "users", {"username": "x"}, **header).status_code == 403
    assert call(client, "DELETE", "users/ada/second-factor", **header).status_code == 403


def test_every_answer_tells_the_limit_and_beyond_it_is_429(client: Client, bob: User, monkeypatch: Any) -> None:
    from taskflow.interfaces.api import throttling

    counter = throttling.Counter(throttling.REQUESTS, lambda: 0.0)
    monkeypatch.setattr(throttling.RequestThrottle, "counter", counter)
    header = bearer(client, "bob")
    answers = [call(client, "GET", "auth/tokens", **header) for _ in range(601)]
    assert answers[0]["RateLimit-Policy"] == '"requests";q=600;w=60'
    assert answers[0]["RateLimit"] == '"requests";r=599;t=60'
    assert {answer.status_code for answer in answers[:600]} == {200}
    assert (answers[600].status_code, answers[600].json()["code"]) == (429, "rate_limited")
    assert answers[600]["Retry-After"] == "60"
    assert call(client, "GET", "me", **bearer(Client(), "bob")).status_code == 200


def test_a_counter_begins_anew_with_each_window() -> None:
    from taskflow.interfaces.api.throttling import REQUESTS, Counter

    now = [0.0]
    counter = Counter(REQUESTS, lambda: now[0])
    assert not any(counter.take("k").exceeded for _ in range(REQUESTS.requests))
    assert counter.take("k").exceeded
    assert not counter.take("other").exceeded
    now[0] = 60.0
    assert not counter.take("k").exceeded


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("zo", ["zora", "Zoë"]),
        ("ZOE", ["Zoë"]),
        ("zoë", ["Zoë"]),
        ("oë", []),
        ("zora@example.org", []),
        ("z%", []),
        ("_", []),
    ],
)
def test_people_are_found_by_the_beginning_of_their_name(client: Client, bob: User, q: str, found: list[str]) -> None:
    shared = projects.create_project(bob.as_actor(), {"name": "Shared"})
    for name, email in (("Zoë", ""), ("zora", "zora@example.org"), ("zorro", "")):
        accounts.create_user(SYSTEM, name, email)
        if name != "zorro":
            add_member(bob.as_actor(), shared.pk, name, ProjectRole.VIEWER)
    answer = Client()
    answer.force_login(bob)
    results = answer.get("/api/v1/users", {"q": q}).json()["results"]
    assert [person["username"] for person in results] == found
    assert all(set(person) == {"id", "username"} for person in results)


def test_managers_find_everybody_by_name_or_address(client: Client, mia: User) -> None:
    accounts.create_user(SYSTEM, "Zoë", "z.brown@example.org")
    client.force_login(mia)
    for q in ("zoe", "Z.Brown@"):
        [person] = client.get("/api/v1/users", {"q": q}).json()["results"]
        assert (person["username"], "email" in person) == ("Zoë", False)


def test_a_new_name_is_found_by_the_new_name(client: Client, bob: User) -> None:
    client.force_login(bob)
    call(client, "PATCH", "me", {"username": "Émile"})
    assert client.get("/api/v1/users", {"q": "emi"}).json()["results"][0]["username"] == "Émile"
    assert client.get("/api/v1/users", {"q": "bob"}).json()["results"] == []


def test_comments_and_files_of_a_deleted_account_stay_without_a_name(client: Client, bob: User, ada: User) -> None:
    shared = projects.create_project(ada.as_actor(), {"name": "Shared", "key": "SHR"})
    add_member(ada.as_actor(), shared.pk, "bob", ProjectRole.MEMBER)
    other = Client()
    other.force_login(bob)
    call(other, "POST", "tasks", {"title": "x", "project": "SHR"})
    call(other, "POST", "tasks/SHR-1/comments", {"body": "Mine"})
    other.post("/api/v1/tasks/SHR-1/attachments", {"file": SimpleUploadedFile("mine.txt", b"Mine")})
    assert call(other, "DELETE", "me").status_code == 204
    assert call(other, "GET", "me").status_code == 401
    client.force_login(ada)
    [comment] = client.get("/api/v1/tasks/SHR-1/comments").json()["results"]
    [file] = client.get("/api/v1/tasks/SHR-1/attachments").json()["results"]
    assert (comment["body"], comment["author"], file["name"], file["created_by"]) == ("Mine", None, "mine.txt", None)
    assert b"".join(client.get(file["url"]).streaming_content) == b"Mine"  # type: ignore[attr-defined]
