"""The API's documents: complete, valid, and true of what is answered."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework import serializers

from taskflow.domain.permissions import TABLE
from taskflow.interfaces.api import (
    attachments,
    auth,
    comments,
    imports,
    invitations,
    labels,
    me,
    members,
    projects,
    users,
)
from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.interfaces.api.suggestion_fields import (
    BatchDocument,
    BatchProgressDocument,
    InsightsDocument,
    SuggestionDocument,
)
from taskflow.interfaces.api.task_fields import TaskDocument
from tests.conftest import Api, World


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI document as clients get it."""
    response = Client().get("/api/v1/schema", headers={"Accept": "application/json"})
    found: dict[str, Any] = json.loads(response.content)
    return found


def endpoints(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, type[Endpoint]]]:
    """Every route of the REST interface with its endpoint."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from endpoints(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and issubclass(getattr(pattern.callback, "cls", object), Endpoint):
            yield path, pattern.callback.cls  # type: ignore[attr-defined]


def test_the_document_is_made_without_a_warning_and_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn")
    output = capsys.readouterr()
    assert "openapi: 3.1.1" in output.out
    assert output.err == ""


def test_every_route_and_method_has_an_operation(document: dict[str, Any]) -> None:
    routes = list(endpoints())
    assert len(routes) > 30
    expected = sum(len(endpoint.actions) for _, endpoint in routes)
    for path, endpoint in routes:
        handlers = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(endpoint, name)}
        assert set(endpoint.actions) == set(endpoint.operations) == handlers, path
    assert sum(len(methods) for methods in document["paths"].values()) == expected


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names)


def test_every_operation_says_what_it_needs_and_what_can_go_wrong(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            statuses = set(operation["responses"])
            assert {"400", "429", "503"} <= statuses, where
            if {} not in operation["security"]:
                assert {"401", "403"} <= statuses, where
            if "{" in path:
                assert "404" in statuses, where
            if "requestBody" in operation:
                assert {"413", "415"} <= statuses, where
            names = [parameter["name"] for parameter in operation.get("parameters", [])]
            assert ("412" in statuses) == ("If-Match" in names), where
            assert ("422" in statuses) == ("Idempotency-Key" in names), where


def test_a_body_that_names_what_may_not_be_there_documents_404(document: dict[str, Any]) -> None:
    assert "404" in document["paths"]["/api/v1/invitations/accept"]["post"]["responses"]
    assert "404" not in document["paths"]["/api/v1/tasks"]["post"]["responses"]


def test_security_follows_the_table_of_permissions(document: dict[str, Any]) -> None:
    create = document["paths"]["/api/v1/tasks"]["post"]
    assert create["security"] == [{"bearer": ["tasks:write"]}, {"session": [], "csrf": []}]
    assert document["paths"]["/api/v1/tasks"]["get"]["security"] == [{"bearer": ["tasks:read"]}, {"session": []}]
    assert {} in document["paths"]["/api/v1/auth/register"]["post"]["security"]
    anonymous = {
        endpoint for _, endpoint in endpoints() for action in endpoint.actions.values() if TABLE[action].anonymous
    }
    assert {endpoint.__name__ for endpoint in anonymous} == {
        "Registration",
        "TokenList",
        "SchemaDocument",
        "SwaggerPage",
        "RedocPage",
        "FeedCalendar",
    }


def test_requests_take_no_unknown_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    taken = {
        content["schema"]["$ref"].rpartition("/")[2]
        for methods in document["paths"].values()
        for operation in methods.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }
    assert {"TaskFields", "TaskChanges", "NoFields"} <= taken
    for name in taken:
        assert schemas[name]["additionalProperties"] is False, name
    assert "required" not in schemas["TaskChanges"]
    assert schemas["TaskFields"]["required"] == ["title"]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/json", "json"),
        ("application/vnd.oai.openapi+json", "json"),
        ("application/json;q=0.9, application/yaml;q=0.1", "json"),
        ("application/yaml", "yaml"),
        ("application/vnd.oai.openapi", "yaml"),
        ("*/*", "yaml"),
        ("text/html", "yaml"),
        ("garbage", "yaml"),
    ],
)
def test_the_form_follows_accept(accept: str, form: str, document: dict[str, Any]) -> None:
    response = Client().get("/api/v1/schema", headers={"Accept": accept})
    assert response.headers["Content-Type"] == f"application/{form}"
    read = json.loads(response.content) if form == "json" else yaml.safe_load(response.content)
    assert read["openapi"].startswith("3.1")
    assert read["paths"] == document["paths"]


def test_the_form_can_be_named_in_the_query() -> None:
    assert Client().get("/api/v1/schema?format=json").headers["Content-Type"] == "application/json"
    refused = Client().get("/api/v1/schema?format=xml")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "format")


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_the_pages_need_no_other_host(db: None, page: str) -> None:
    response = Client().get(f"/api/v1/{page}")
    assert response.status_code == 200
    text = response.content.decode()
    addresses = re.findall(r'(?:src|href|data-schema)="([^"]*)"', text)
    assert len(addresses) >= 4
    for address in addresses:
        assert re.match("/[^/]", address)
        found = Client().get(address)
        assert found.status_code == 200, address
        found.close()
    assert re.findall(r"<script(?![^>]* src=)", text) == []
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


def keys(serializer: type[serializers.Serializer[Any]]) -> set[str]:
    return set(serializer().fields)


def test_answers_have_exactly_the_fields_of_their_documents(
    api: Api, world: World, run_jobs: Callable[[], int]
) -> None:
    task = api.post("tasks", {"title": "x", "project": "HOME", "due_date": "2026-12-01"}).json()
    path = f"tasks/{task['id']}"
    comment = api.post(f"{path}/comments", {"body": "Hello"}).json()
    batch = api.post("priority-suggestions/bulk", {"tasks": [task["id"]]}).json()
    run_jobs()
    suggestion = api.get("priority-suggestions").json()["results"][0]
    progress = api.get(f"priority-suggestions/batches/{batch['batch']}").json()
    insights = api.get("insights/prioritisation").json()
    label = api.post("labels", {"project": "HOME", "name": "money"}).json()
    token = api.post("auth/tokens", {"name": "script"}).json()
    registered = Client().post(
        "/api/v1/auth/register",
        {"username": "carol", "email": "carol@example.org", "password": "correct-horse-9-battery"},
        content_type="application/json",
    )
    member = api.get("projects/HOME/members/ada").json()
    invited = api.post("projects/HOME/invitations", {"email": "x@example.org", "role": "viewer"}).json()
    file = SimpleUploadedFile("note.txt", b"Hello")
    attachment = api.client.post(f"/api/v1/{path}/attachments", {"file": file}).json()
    for shown, documented in (
        (task, TaskDocument),
        (comment, comments.CommentDocument),
        (invited, invitations.IssuedInvitationDocument),
        (attachment, attachments.AttachmentDocument),
        (api.get(f"{path}/history").json()["results"][0], comments.HistoryEntryDocument),
        (batch, BatchDocument),
        (progress, BatchProgressDocument),
        (suggestion, SuggestionDocument),
        (insights, InsightsDocument),
        (label, labels.LabelDocument),
        (api.get("projects/HOME").json(), projects.ProjectDocument),
        (member, members.MemberDocument),
        (token, auth.NewTokenDocument),
        (api.get("auth/tokens").json()["results"][0], auth.TokenDocument),
        (registered.json(), auth.RegistrationDocument),
        (api.get("me").json(), me.UserDocument),
        (api.get("users").json()["results"][0], users.PersonDocument),
    ):
        assert set(shown) == keys(documented), documented.__name__
    for part, shown in (("suggestion", suggestion), ("urgency", task["urgency"])):
        nested = TaskDocument().fields[part]
        assert isinstance(nested, serializers.Serializer)
        assert set(shown) == set(nested.fields)
    for part, rows in (("reasons", suggestion["reasons"]), ("signals", suggestion["signals"])):
        nested = SuggestionDocument().fields[part]
        assert isinstance(nested, serializers.ListSerializer)
        assert nested.child is not None
        for row in rows:
            assert set(row) == set(nested.child.fields)  # type: ignore[attr-defined]


def test_an_import_answers_as_documented(api: Api) -> None:
    file = SimpleUploadedFile("Home.csv", b"TYPE,CONTENT,PRIORITY\ntask,Pay rent,9\n")
    shown = api.client.post("/api/v1/imports/todoist", {"file": file}).json()
    # A list that brings files along says how many came: tests/api/test_import_files.py.
    assert set(shown) == keys(imports.ImportDocument) - {"files"}
    assert not imports.ImportDocument().fields["files"].required
    for error in shown["errors"]:
        assert set(error) == keys(imports.ImportProblemDocument)


def test_the_address_of_what_was_made_works_for_every_name(api: Api) -> None:
    person = {"username": "łukasz", "email": "lukasz@example.org", "password": "correct-horse-9-battery"}
    assert Client().post("/api/v1/auth/register", person, content_type="application/json").status_code == 201
    made = api.post("projects/HOME/members", {"user": "łukasz", "role": "viewer"})
    assert made.status_code == 201
    assert made.headers["Location"].isascii()
    assert api.client.get(made.headers["Location"]).json() == made.json()
