"""Invitations over REST and on their page."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from taskflow.application import invitations
from taskflow.domain.permissions import ProjectRole, SiteRole
from taskflow.store.models import Event, Invitation, Membership, User
from tests.conftest import PASSWORD, Api, FrozenClock, World

LIST = "projects/HOME/invitations"
FORM = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD}


def invite(api: Api, email: str = "carol@example.org", role: str = "member") -> Any:
    return api.post(LIST, {"email": email, "role": role})


def path_of(answer: Any) -> str:
    """The page's path; the link stands in the answer where there is no mail."""
    found = re.fullmatch(r"http://localhost:8000(/invitations/[\w-]{43}/)", answer.json()["link"])
    assert found is not None
    return found[1]


def token_of(answer: Any) -> str:
    return path_of(answer).split("/")[2]


def role_of(world: World, name: str) -> str | None:
    return Membership.objects.filter(project=world.home, user__username=name).values_list("role", flat=True).first()


def test_an_invitation_is_listed_and_withdrawn_and_its_link_shown_once(api: Api) -> None:
    made = invite(api)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    shown = {name: value for name, value in made.json().items() if name != "link"}
    assert (shown["email"], shown["role"], shown["invited_by"]) == ("carol@example.org", "member", "ada")
    assert api.get(LIST).json()["results"] == [shown]
    assert api.client.get(made.headers["Location"]).json() == shown
    assert token_of(made) not in str(Invitation.objects.values())
    assert api.delete(f"{LIST}/{shown['id']}").status_code == 204
    assert api.get(LIST).json()["results"] == []
    assert Client().get(path_of(made)).status_code == 404


def test_the_answer_is_alike_for_known_and_unknown_addresses(api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.VIEWER)
    shapes = []
    for email in ("stranger@example.org", "bob@example.org", "ada@example.org"):
        made = invite(api, email)
        shapes.append((made.status_code, sorted(made.json())))
    assert shapes == [shapes[0]] * 3


def test_somebody_who_is_signed_in_accepts_by_sending_the_form(api: Api, bob_api: Api, world: World) -> None:
    path = path_of(invite(api, "bob@example.org"))
    page = bob_api.client.get(path)
    assert page.status_code == 200
    assert "Join Home" in page.content.decode()
    assert role_of(world, "bob") is None, "looking joins nobody"
    assert bob_api.client.post(path).status_code == 302
    assert role_of(world, "bob") == "member"
    event = Event.objects.filter(type="taskflow.member.added").order_by("-seq").first()
    assert event is not None
    assert (event.actor_name, event.data) == ("bob", {"user": "bob", "role": "member"})
    assert api.get(LIST).json()["results"] == []
    assert bob_api.client.post(path).status_code == 404


def test_an_invitation_is_accepted_over_the_api_once(api: Api, bob_api: Api, world: World) -> None:
    token = token_of(invite(api, role="viewer"))
    joined = bob_api.post("invitations/accept", {"token": token})
    assert (joined.status_code, joined.json()["key"], joined.json()["role"]) == (200, "HOME", "viewer")
    for used in (token, "x" * 43, "é"):
        assert bob_api.post("invitations/accept", {"token": used}).status_code == 404


def test_a_member_who_accepts_keeps_their_role(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.ADMIN)
    token = token_of(invite(api, role="viewer"))
    assert bob_api.post("invitations/accept", {"token": token}).json()["role"] == "admin"
    assert not Invitation.objects.filter(closed_at=None).exists()


def test_a_newcomer_registers_through_the_link_where_registration_is_open(api: Api, world: World) -> None:
    client, path = Client(), path_of(invite(api))
    assert "Create account" in client.get(path).content.decode()
    assert client.post(path, {**FORM, "password2": "other"}).status_code == 200
    assert not User.objects.filter(username="carol").exists()
    assert client.post(path, FORM).status_code == 302
    carol = User.objects.get(username="carol")
    assert (carol.email, carol.inbox.key) == ("carol@example.org", "IN3")
    assert role_of(world, "carol") == "member"
    assert client.get("/api/v1/me").json()["username"] == "carol"


def test_an_address_with_an_account_is_told_to_sign_in_by_whoever_holds_its_link(api: Api, world: World) -> None:
    page = Client().post(path_of(invite(api, "bob@example.org")), FORM)
    assert page.status_code == 200
    assert "Sign in, then open the link again" in page.content.decode()
    assert Invitation.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize(("site_role", "opens"), [(SiteRole.MEMBER, False), (SiteRole.MANAGER, True)])
def test_where_registration_is_closed_only_a_managers_link_opens_an_account(
    api: Api, world: World, settings: Any, site_role: SiteRole, opens: bool
) -> None:
    settings.TASKFLOW = settings.TASKFLOW.model_copy(update={"registration": "closed"})
    User.objects.filter(pk=world.ada.pk).update(role=site_role)
    path = path_of(invite(api))
    assert ("Create account" in Client().get(path).content.decode()) is opens
    Client().post(path, FORM)
    assert User.objects.filter(username="carol").exists() is opens
    User.objects.filter(pk=world.ada.pk).update(role=SiteRole.MEMBER)
    if not opens:
        return
    second = path_of(invite(api, "dan@example.org"))
    assert "Create account" not in Client().get(second).content.decode()


def test_without_local_accounts_the_link_opens_none(api: Api, settings: Any) -> None:
    settings.TASKFLOW = settings.TASKFLOW.model_copy(update={"local_accounts": False})
    path = path_of(invite(api))
    assert "Create account" not in Client().get(path).content.decode()
    Client().post(path, FORM)
    assert not User.objects.filter(username="carol").exists()


def test_it_expires_after_fourteen_days_and_a_new_one_may_follow(clock: FrozenClock, api: Api, bob_api: Api) -> None:
    token = token_of(invite(api))
    assert invite(api, "CAROL@example.org").json()["code"] == "already_invited"
    clock.advance(days=14)
    assert bob_api.post("invitations/accept", {"token": token}).status_code == 404
    assert invite(api).status_code == 201


def test_sending_again_gives_a_new_link_and_ends_the_old(clock: FrozenClock, api: Api, bob_api: Api) -> None:
    first = invite(api)
    path = f"{LIST}/{first.json()['id']}/resend"
    soon = api.post(path)
    assert (soon.status_code, soon.headers["Retry-After"]) == (429, "61")
    clock.advance(days=13)
    again = api.post(path)
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert bob_api.post("invitations/accept", {"token": token_of(first)}).status_code == 404
    clock.advance(days=13)
    assert bob_api.post("invitations/accept", {"token": token_of(again)}).status_code == 200


@pytest.mark.parametrize("loss", ["demoted", "removed", "deactivated", "deleted"])
def test_a_link_ends_with_the_right_of_who_gave_it(
    api: Api, bob_api: Api, world: World, make_user: Any, loss: str
) -> None:
    world.join(world.home, world.bob, ProjectRole.ADMIN)
    token = token_of(invite(bob_api))
    if loss == "demoted":
        api.patch("projects/HOME/members/bob", {"role": "member"})
    elif loss == "removed":
        api.delete("projects/HOME/members/bob")
    elif loss == "deactivated":
        User.objects.filter(pk=world.bob.pk).update(is_active=False)
    else:
        bob_api.delete("projects/WORK")
        bob_api.delete("me")
    eve = Api(make_user("eve"))
    assert eve.post("invitations/accept", {"token": token}).status_code == 404


def test_nobody_invites_above_their_own_role_or_into_an_inbox(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.ADMIN)
    assert invite(bob_api, role="owner").status_code == 403
    assert invite(bob_api, role="admin").status_code == 201
    owner = invite(api, "dan@example.org", "owner").json()
    assert bob_api.post(f"{LIST}/{owner['id']}/resend").status_code == 403
    inbox = f"projects/{world.ada.inbox.key}/invitations"
    assert api.post(inbox, {"email": "x@example.org", "role": "viewer"}).json()["code"] == "inbox"


def test_members_and_strangers_see_no_addresses(api: Api, bob_api: Api, world: World) -> None:
    made = invite(api).json()
    for path in (LIST, f"{LIST}/{made['id']}"):
        assert bob_api.get(path).status_code == 404
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    for path in (LIST, f"{LIST}/{made['id']}"):
        assert bob_api.get(path).status_code == 403
    assert "carol@example.org" not in str(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "nobody", "role": "member"}, "email"),
        ({"email": "a@b.org\nBcc: c@d.org", "role": "member"}, "email"),
        ({"email": "", "role": "member"}, "email"),
        ({"email": "a@example.org", "role": "king"}, "role"),
        ({"email": "a@example.org"}, "role"),
        ({"email": "a@example.org", "role": "member", "link": "x"}, "link"),
    ],
)
def test_a_wrong_field_is_named(api: Api, fields: dict[str, str], field: str) -> None:
    refused = api.post(LIST, fields)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)


def test_nobody_has_others_flooded_with_mail(api: Api, clock: FrozenClock, monkeypatch: Any) -> None:
    monkeypatch.setattr(invitations, "MOST_A_DAY", 3)
    for number in range(3):
        made = invite(api, f"u{number}@example.org")
        api.delete(f"{LIST}/{made.json()['id']}")
    assert invite(api).status_code == 429
    clock.advance(days=1)
    monkeypatch.setattr(invitations, "MOST_OPEN", 1)
    assert invite(api).status_code == 201
    assert invite(api, "dan@example.org").json()["code"] == "too_many_invitations"


def test_the_page_escapes_what_people_called_things(api: Api) -> None:
    api.patch("projects/HOME", {"name": "<script>alert(1)</script>"})
    page = Client().get(path_of(invite(api))).content.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_page_takes_no_form_from_elsewhere(api: Api, world: World) -> None:
    path = path_of(invite(api))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.bob)
    assert strict.post(path).status_code == 403
    assert role_of(world, "bob") is None


def test_expired_rows_are_cleaned_up(api: Api, clock: FrozenClock, run_jobs: Any) -> None:
    from taskflow.application import schedule

    invite(api)
    clock.advance(days=15, seconds=1)
    schedule.run_due(clock.now())
    run_jobs()
    assert not Invitation.objects.exists()
    assert timedelta(days=14) == invitations.LIFETIME
