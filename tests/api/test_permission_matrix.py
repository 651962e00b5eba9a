"""Every route x method x persona x own or foreign object, generated from the URL resolver and the permission table.

A route that this file has no example for fails; so does one whose view names no action of the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from taskflow.application.accounts import create_user
from taskflow.application.attachments import add_attachment
from taskflow.application.comments import add_comment
from taskflow.application.feeds import create_feed
from taskflow.application.invitations import invite
from taskflow.application.labels import create_label
from taskflow.application.members import add_member
from taskflow.application.projects import create_project
from taskflow.application.saved_filters import create_filter
from taskflow.application.stored_files import Upload, stored
from taskflow.application.suggestions import request_batch, request_suggestion
from taskflow.application.tasks import create_task
from taskflow.application.tokens import Wish, create_token
from taskflow.domain.permissions import (
    SYSTEM,
    TABLE,
    Action,
    ProjectRole,
    Rule,
    Scope,
    SiteRole,
    allows_project,
    allows_site,
)
from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.store.models import Attachment, Plugin, PluginSetup, Suggestion, User

#: What stands for the object of a route, and what a request needs to be a good one.
BODIES: dict[str, dict[str, Any]] = {
    "POST projects": {"name": "New"},
    "PATCH project": {"description": "x"},
    "POST tasks-quick": {"project": "{project}", "text": "x"},
    "POST project-transfer": {"user": "member"},
    "POST members": {"user": "outsider", "role": "viewer"},
    "PATCH member": {"role": "member"},
    "POST invitations": {"email": "guest@example.org", "role": "viewer"},
    "POST invitation-accept": {"token": "{token_of_invitation}"},
    "POST labels": {"project": "{project}", "name": "new"},
    "PATCH label": {"color": "#ff0000"},
    "POST tasks": {"project": "{project}", "title": "x"},
    "POST filters": {"name": "x", "expression": "priority = high"},
    "PATCH filter": {"name": "y"},
    "POST tasks-bulk": {"operations": [{"op": "update", "task": "{task}", "title": "x"}]},
    "PATCH task": {"title": "x"},
    "POST task-move": {"after": "{neighbour}"},
    "POST comments": {"body": "x"},
    "PATCH comment": {"body": "y"},
    "POST suggestion-override": {"priority": "low"},
    "POST suggestions-bulk": {"tasks": ["{task}"]},
    "POST register": {"username": "fresh", "email": "fresh@example.org", "password": "correct-horse-9-battery"},
    "POST tokens": {"name": "x"},
    "POST feeds": {"name": "x"},
    "POST password": {"current_password": "wrong", "new_password": "correct-horse-9-battery-2"},
    "PATCH me": {"timezone": "Europe/Berlin"},
    "POST users": {"username": "fresh", "email": "fresh@example.org", "role": "member"},
    "PATCH user": {"timezone": "Europe/Berlin"},
    "PATCH plugin": {"order": 5},
    "PUT model-provider": {"slug": None},
    "POST model-pulls": {"slug": "sample", "model": "small"},
}

#: Routes whose object is named in the body: an unseen one is a wrong field there, and nothing at the address itself.
IN_BODY = {"POST labels", "POST tasks", "POST tasks-bulk", "POST tasks-quick", "POST suggestions-bulk"}

#: Routes that take a file instead of JSON.
UPLOADS = {"POST import", "POST attachments"}

#: The routes are tried in so many tests: what they are tried on takes half a second to make.
PARTS = 4
PERSONAS = ("anonymous", "outsider", "viewer", "member", "admin", "owner", "manager", "site_admin", "narrow_token")
ROLES = {role.value: role for role in ProjectRole}


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address."""

    name: str
    method: str
    pattern: URLPattern
    action: Action

    def __str__(self) -> str:
        return f"{self.method} {self.name}"

    @property
    def rule(self) -> Rule:
        return TABLE[self.action]

    @property
    def arguments(self) -> set[str]:
        return set(self.pattern.pattern.regex.groupindex) | set(getattr(self.pattern.pattern, "converters", {}))


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def api_patterns() -> list[URLPattern]:
    root = next(e for e in get_resolver().url_patterns if isinstance(e, URLResolver) and str(e.pattern) == "api/v1/")
    return list(patterns(root))


def routes() -> list[Route]:
    found = []
    for pattern in api_patterns():
        view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        if view is None or not issubclass(view, Endpoint):
            continue
        found += [Route(str(pattern.name), method, pattern, action) for method, action in view.actions.items()]
    return found


def test_every_address_is_an_endpoint_that_names_an_action_for_each_of_its_methods() -> None:
    for pattern in api_patterns():
        view: Any = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        if str(pattern.name) in {"schema", "docs", "redoc"} or str(pattern.name).startswith("documents"):
            continue
        assert issubclass(view, Endpoint), pattern
        handlers = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
        assert handlers == set(view.actions), pattern
        assert set(view.actions.values()) <= set(TABLE), pattern


@dataclass(slots=True)
class Stage:
    """A project with everybody in it, and the same without anybody."""

    clients: dict[str, Client]
    users: dict[str, User]
    own: dict[str, str]
    foreign: dict[str, str]


def furnish(owner: User, name: str) -> dict[str, str]:
    """A project of `owner` with one of everything; the values of route arguments and of placeholders in bodies."""
    actor = owner.as_actor()
    project = create_project(actor, {"name": name})
    task = create_task(actor, {"project": project.pk, "title": "A task"})
    issued = invite(actor, project.pk, f"{name}@example.org", ProjectRole.VIEWER)
    neighbour = create_task(actor, {"project": project.pk, "title": "Another"})
    suggestion = request_suggestion(actor, task.pk)
    Suggestion.objects.filter(pk=suggestion.pk).update(state="pending", suggested_priority=3)
    feed, secret = create_feed(actor, "x")
    return {
        "project": str(project.pk),
        "task": str(task.pk),
        "neighbour": str(neighbour.pk),
        "invitation": str(issued.invitation.pk),
        "token_of_invitation": str(issued.link).split("/")[-2],
        "label": str(create_label(actor, project.pk, "red").pk),
        "comment": str(add_comment(actor, task.pk, "First").pk),
        "attachment": str(attach(owner, task.pk).pk),
        "suggestion": str(suggestion.pk),
        "batch": str(request_batch(actor, tasks=[task.pk]).pk),
        "username": owner.username,
        "filter": str(create_filter(actor, {"name": "x", "expression": "overdue"}).pk),
        "source": "todoist",
        "feed": str(feed.pk),
        "secret": secret,
        "slug": "sample",
        "token": str(create_token(actor, Wish(name="x"))[0].id),
    }


def attach(owner: User, task: UUID) -> Attachment:
    with stored(Upload("note.txt", "text/plain", 5, BytesIO(b"Hello"))) as file:
        return add_attachment(owner.as_actor(), task, file)


def build_stage() -> Stage:
    users = {}
    for name in ("outsider", "viewer", "member", "admin", "owner", "manager", "site_admin", "stranger"):
        role = {"manager": SiteRole.MANAGER, "site_admin": SiteRole.ADMIN}.get(name, SiteRole.MEMBER)
        users[name] = create_user(SYSTEM, username=name, email=f"{name}@example.org", password=None, role=role)
    own, foreign = furnish(users["owner"], "Ours"), furnish(users["stranger"], "Theirs")
    for name in ("viewer", "member", "admin"):
        add_member(users["owner"].as_actor(), own["project"], name, ROLES[name])
    plugin = Plugin(slug=own["slug"], distribution="sample", module="sample", inspected_at=timezone.now())
    plugin.save()
    # One that is wanted stays in the list when it is not found among what is installed.
    PluginSetup.objects.create(slug=plugin.slug, enabled=True, updated_at=timezone.now())
    clients = {"anonymous": Client()}
    for name, user in users.items():
        clients[name] = Client()
        clients[name].force_login(user)
    return Stage(clients, users, own, foreign)


def give_narrow_token(stage: Stage, route: Route) -> None:
    """A token of the owner's that lacks the scope which the route needs."""
    scopes = [scope.value for scope in Scope if not covers(scope, route.rule)]
    _, secret = create_token(stage.users["owner"].as_actor(), Wish(name="narrow", scopes=tuple(scopes[:1])))
    stage.clients["narrow_token"] = Client(headers={"Authorization": f"Bearer {secret}"})


def covers(scope: Scope, rule: Rule) -> bool:
    actor = User(username="x", role="member").as_actor()
    action = next(action for action, other in TABLE.items() if other == rule)
    from dataclasses import replace

    return replace(actor, scopes=frozenset({scope})).has_scope(action)


def send(route: Route, client: Client, objects: dict[str, str]) -> Any:
    path = fill(route, objects)
    if str(route) in UPLOADS:
        return client.post(path, {"file": SimpleUploadedFile("list.csv", b"TYPE,CONTENT\ntask,x\n")})
    body = {name: place(value, objects) for name, value in BODIES.get(str(route), {}).items()}
    options = {} if route.method == "GET" else {"data": body, "content_type": "application/json"}
    return getattr(client, route.method.lower())(path, **options)


def place(value: Any, objects: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [place(inner, objects) for inner in value]
    if isinstance(value, dict):
        return {name: place(inner, objects) for name, inner in value.items()}
    return value.format(**objects) if isinstance(value, str) else value


def fill(route: Route, objects: dict[str, str]) -> str:
    from django.urls import reverse

    return reverse(route.name, kwargs={name: objects[name] for name in route.arguments})


def expected(route: Route, persona: str, own: bool) -> str:
    """`401`, `403`, `404`, `400` (a reference in the body that is not visible) or `let in`."""
    rule = route.rule
    if rule.anonymous:
        return "let in"
    if persona == "anonymous":
        return "401"
    if persona == "narrow_token" and not rule.any_scope:
        return "403"
    if rule.site is not None:
        role = {"manager": SiteRole.MANAGER, "site_admin": SiteRole.ADMIN}.get(persona, SiteRole.MEMBER)
        return "let in" if allows_site(route.action, role) else "403"
    if route.name in OWN_RULES:
        return "own rules"
    in_body = str(route) in IN_BODY
    if not in_body and (rule.project is None or not route.arguments):
        return "let in"
    project_role = ROLES.get("owner" if persona == "narrow_token" else persona) if own else None
    if project_role is None:
        return "400" if in_body else "404"
    needed = Action.SUGGESTION_WRITE if route.name == "suggestions-bulk" else route.action
    if allows_project(needed, project_role):
        return "let in"
    # Of many operations one is refused: none is done, and the error says which.
    return "400 forbidden" if route.name == "tasks-bulk" else "403"


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("own", [True, False], ids=["own", "foreign"])
def test_the_table_decides(part: int, own: bool) -> None:
    stage, wrong = build_stage(), []
    for route in routes()[part::PARTS]:
        with transaction.atomic():
            try:
                try_out(route, stage, own)
            except AssertionError as error:
                wrong.append(str(error).partition("\n")[0])
            transaction.set_rollback(True)
        # Or what one is refused for asking often, the others are too.
        cache.clear()
    assert not wrong, "\n".join(wrong)


def try_out(route: Route, stage: Stage, own: bool) -> None:
    if route.method in {"POST", "PATCH", "PUT"}:
        takes_fields = str(route) in BODIES
        assert takes_fields or route.name in NO_FIELDS, f"give an example of a body for {route}"
    give_narrow_token(stage, route)
    for persona in PERSONAS:
        client = stage.clients[persona]
        signed_in = SimpleCookie(client.cookies)
        with transaction.atomic():
            answer = send(route, client, stage.own if own else stage.foreign)
            transaction.set_rollback(True)
        # Some routes sign their caller out.
        client.cookies = signed_in
        check(route, persona, own, answer)


NO_FIELDS = {
    "project-archive",
    "project-unarchive",
    "invitation-resend",
    "task-complete",
    "task-reopen",
    "task-restore",
    "task-watch",
    "task-mute",
    "task-suggestions",
    "suggestion-accept",
    "suggestion-dismiss",
    "import",
    "attachments",
    "plugin-check",
    "plugin-retry",
}


def check(route: Route, persona: str, own: bool, answer: Any) -> None:
    wanted = expected(route, persona, own)
    shown = (b"".join(answer.streaming_content) if answer.streaming else answer.content)[:300]
    note = f"{route} by {persona} on {'own' if own else 'foreign'}: {answer.status_code} {shown!r}"
    assert answer.status_code < 500, note
    if wanted == "own rules":
        assert answer.status_code in ({200, 204} if persona in OWN_RULES[route.name] and own else {403, 404}), note
    elif wanted == "let in":
        assert answer.status_code not in {401, 404}, note
        assert answer.status_code != 403 or route.name in OTHER_RULES, note
    elif wanted in {"400", "400 forbidden"}:
        assert answer.status_code == 400, note
        assert answer.json()["errors"][0]["code"] == (wanted.partition(" ")[2] or "not_found"), note
    else:
        assert answer.status_code == int(wanted), note
    if persona == "narrow_token" and wanted == "403":
        assert answer.json()["code"] == "insufficient_scope", note


#: Who may do what an address's own rule says, on the owner's object.
OWN_RULES = {
    "user": set(PERSONAS),
    "user-second-factor": set(),
    "token": {"owner"},
    "suggestions-batch": {"owner"},
    "filter": {"owner"},
    "feed": {"owner"},
}


#: An admin may change members, but not those above; comments and files have owners; a password must be known.
OTHER_RULES = {"member", "comment", "attachment", "password", "register"}
