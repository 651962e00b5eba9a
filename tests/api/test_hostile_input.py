"""Requests that nobody sends by accident: each gets a problem document, none a 500 or a page."""

import itertools
import json
from typing import Any

import pytest
from django.test import Client, RequestFactory

from taskflow.bootstrap.wsgi import application
from tests.conftest import Api, World

PROBLEM = "application/problem+json"


def send(api: Api, body: bytes | str, content_type: str = "application/json", path: str = "tasks") -> Any:
    return api.client.post(f"/api/v1/{path}", data=body, content_type=content_type)


def check(response: Any, status: int, field: str | None = None, code: str | None = None) -> None:
    assert response.status_code == status, (response.request, response.content[:500])
    assert response.headers["Content-Type"] == PROBLEM
    document = response.json()
    assert document["status"] == status
    assert document["detail"]
    if field is not None:
        assert field in [error["field"] for error in document["errors"]], document
    if code is not None:
        assert code in [document["code"], *(error["code"] for error in document["errors"])], document


VALUES = [
    (r'{"title": "a\u0000b"}', "title", "control"),
    (r'{"title": "a\u001b[31m"}', "title", "control"),
    (r'{"title": "a\u0085b"}', "title", "control"),
    (r'{"title": "\ud800"}', "title", "control"),
    (r'{"title": "x", "status": "\udfff"}', "status", "invalid_choice"),
    (r'{"title": "x", "\ud800": 1}', r"\ud800", "unknown_field"),
    (r'{"title": "x", "\u0000": 1}', "\x00", "unknown_field"),
    ('{"title": "x", "estimate_minutes": 1e400}', "estimate_minutes", "not_number"),
    ('{"title": "x", "estimate_minutes": -1e400}', "estimate_minutes", "not_number"),
    ('{"title": "x", "estimate_minutes": 99999999999999999999}', "estimate_minutes", "max_value"),
    ('{"title": "x", "estimate_minutes": %s}' % ("9" * 400), "estimate_minutes", "max_value"),
    ('{"title": "x", "estimate_minutes": %s}' % ("9" * 5_000), "estimate_minutes", "not_number"),
    ('{"title": "x", "estimate_minutes": -%s}' % ("9" * 100_000), "estimate_minutes", "not_number"),
    ('{"title": "x", "estimate_minutes": 1.5}', "estimate_minutes", "not_number"),
    ('{"title": "x", "estimate_minutes": true}', "estimate_minutes", "not_number"),
    ('{"title": "x", "title": "y"}', "title", "duplicate"),
    ('{"title": "x", "reminders": [{"at": "2026-12-01T09:00:00Z", "at": null}]}', "at", "duplicate"),
    ('{"title": "x", "due_at": "9999-12-31T23:59:59-23:59"}', "due_at", "range"),
    ('{"title": "x", "due_at": "9999-12-31T23:59:59+00:00"}', "due_at", "range"),
    ('{"title": "x", "due_at": "0001-01-01T00:00:00+23:59"}', "due_at", "range"),
    ('{"title": "x", "due_at": "0000-01-01T00:00:00Z"}', "due_at", "invalid"),
    ('{"title": "x", "due_at": "2026-12-31T23:59:60Z"}', "due_at", "invalid"),
    ('{"title": "x", "due_at": "2026-02-29T00:00:00Z"}', "due_at", "invalid"),
    ('{"title": "x", "due_at": "2026-12-01T24:00:00Z"}', "due_at", "invalid"),
    ('{"title": "x", "due_at": "2026-12-01T00:00:00+24:00"}', "due_at", "invalid"),
    ('{"title": "x", "due_at": "2026-12-01T00:00:00 Europe/Berlin"}', "due_at", "shape"),
    ('{"title": "x", "due_at": "20261201T000000Z"}', "due_at", "shape"),
    ('{"title": "x", "due_at": "２０２６-12-01T00:00:00Z"}', "due_at", "shape"),
    ('{"title": "x", "due_at": "2026-12-01T00:00:00"}', "due_at", "naive"),
    ('{"title": "x", "due_at": "2026-12-01"}', "due_at", "naive"),
    ('{"title": "x", "due_at": 1764547200}', "due_at", "not_text"),
    ('{"title": "x", "due_date": "9999-12-31"}', "due_date", "range"),
    ('{"title": "x", "due_date": "0001-01-01"}', "due_date", "range"),
    ('{"title": "x", "due_date": "2026-W49-2"}', "due_date", "shape"),
    ('{"title": "x", "due_date": "-0001-01-01"}', "due_date", "shape"),
    ('{"title": "x", "labels": "abc"}', "labels", "not_a_list"),
    ('{"title": "x", "labels": {"0": "a"}}', "labels", "not_a_list"),
    ('{"title": "x", "labels": [["a"]]}', "labels.0", "not_text"),
    ('{"title": "x", "reminders": [1]}', "reminders.0", "invalid"),
    ('{"title": ["x"]}', "title", "not_text"),
    ('{"title": null}', "title", "null"),
    ('{"title": "x", "priority": {"a": 1}}', "priority", "invalid_choice"),
    ('{"title": "x", "status": 0}', "status", "invalid_choice"),
    ('{"title": "x", "parent": "../../etc/passwd"}', "parent", "not_found"),
    ('{"title": "\u200b \u00a0"}'.replace("\u200b", ""), "title", "blank"),
    ("[]", "body", "not_an_object"),
    ("null", "body", "not_an_object"),
    ('"title"', "body", "not_an_object"),
    ("5", "body", "not_an_object"),
]


def test_a_hostile_value_is_refused_by_the_name_of_its_field(api: Api) -> None:
    for body, field, code in VALUES:
        check(send(api, body), 400, field, code)
        assert api.get("tasks").json()["results"] == []


NOT_JSON = [
    b'{"title": "\xff"}',
    b"\xff\xfe{\x00}\x00",
    '{"title": "x"}'.encode("utf-16"),
    '{"title": "x"}'.encode("utf-32"),
    b'{"title": "x"',
    b'{"title": "x",}',
    b"{'title': 'x'}",
    b'{"title": "x"} {}',
    b'{"title": NaN}',
    b'{"title": "x", "estimate_minutes": Infinity}',
    b'{"title": "x", "estimate_minutes": -Infinity}',
    b'{"title": "x", "estimate_minutes": 01}',
    b'{"title": "a\nb"}',
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"title": ' + b"[" * 40 + b"]" * 40 + b"}",
    b"\x00",
    b"<task><title>x</title></task>",
    b"title=x",
]


def test_what_is_no_json_is_called_malformed(api: Api) -> None:
    for body in NOT_JSON:
        check(send(api, body), 400, code="malformed")


def test_a_byte_order_mark_is_ignored(api: Api) -> None:
    assert send(api, b'\xef\xbb\xbf{"title": "x"}').status_code == 201


CONTENT_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/jsonx",
    "application/json+x",
    "application",
    "/",
    ";;;",
]


def test_another_content_type_is_refused(api: Api) -> None:
    for content_type in CONTENT_TYPES:
        check(send(api, b'{"title": "x"}', content_type), 415)


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=UTF-8", "APPLICATION/JSON", "application/json;charset=utf8", "application/json; q=1"],
)
def test_spellings_of_json_are_taken(api: Api, content_type: str) -> None:
    assert send(api, b'{"title": "x"}', content_type).status_code == 201


@pytest.mark.parametrize("charset", ["base64", "utf-16", "rot13", "idna", "undefined", "no-such"])
@pytest.mark.parametrize("parameter", ["charset={}", "charset*={}''x", 'charset="{}"', "a=b; CHARSET={}"])
def test_a_charset_cannot_change_how_a_request_is_read(db: None, charset: str, parameter: str) -> None:
    def ask(path: str) -> tuple[str, dict[str, str]]:
        answers: list[tuple[str, dict[str, str]]] = []
        environ = RequestFactory().get(f"{path}?limit=1").environ
        environ["CONTENT_TYPE"] = f"text/plain; {parameter.format(charset)}"
        application(environ, lambda status, headers, *_: answers.append((status, dict(headers))))
        return answers[0]

    status, headers = ask("/api/v1/tasks")
    assert (status[:3], headers["Content-Type"]) == ("415", PROBLEM)
    assert ask("/accounts/login/")[0] == "200 OK"


def test_a_time_in_a_gap_of_daylight_saving_is_an_instant_like_any_other(api: Api) -> None:
    task = api.post("tasks", {"title": "x", "due_at": "2026-03-29T02:30:00+01:00"}).json()
    assert task["due_at"] == "2026-03-29T01:30:00Z"


@pytest.mark.parametrize("moment", ["1900-01-01T00:00:00Z", "9998-12-31T23:59:59-23:59", "9998-12-31T23:59:59.999999Z"])
def test_times_at_the_edge_come_back(api: Api, moment: str) -> None:
    created = api.post("tasks", {"title": "x", "due_at": moment})
    assert created.status_code == 201, created.content
    assert api.get(f"tasks/{created.json()['key']}").json()["due_at"] == created.json()["due_at"]
    for query in ("ordering=due", "ordering=-due", "due_before=9998-12-31", "due_after=1900-01-01"):
        assert api.get(f"tasks?{query}").status_code == 200


def test_negative_zero_is_zero(api: Api) -> None:
    assert send(api, '{"title": "x", "estimate_minutes": -0}').json()["estimate_minutes"] == 0
    project = send(api, '{"name": "x", "auto_apply_confidence": -0.0}', path="projects")
    assert b'"auto_apply_confidence":0.0' in project.content


@pytest.mark.parametrize("weight", ["1e400", "-1", "true", '"5"', "9" * 5_000, "[]", "{}"])
def test_weights_take_numbers_in_their_bounds(api: Api, weight: str) -> None:
    check(
        send(api, f'{{"name": "x", "urgency_weights": {{"due": {weight}}}}}', path="projects"),
        400,
        "urgency_weights.due",
    )


def test_an_answer_stays_small_whatever_was_sent(api: Api) -> None:
    for body in (
        json.dumps({f"field{number}": 1 for number in range(100_000)}),
        json.dumps({"title": "x", "labels": ["x"] * 1_000_000}),
        json.dumps({"title": "x", "labels": [5] * 50}),
        json.dumps({"title": "x", "reminders": [{}] * 1_000_000}),
        json.dumps({"title": "x", "status": "x" * 5_000_000}),
        json.dumps({"title": "x", "x" * 5_000_000: 1}),
        json.dumps({"title": "x", "project": "x" * 5_000_000}),
        json.dumps({"title": "x" * 5_000_000}),
    ):
        response = send(api, body)
        check(response, 400)
        assert len(response.content) < 30_000


def test_a_body_over_ten_megabytes_is_too_large(api: Api) -> None:
    check(send(api, b'{"title": "' + b"x" * (10 * 1024 * 1024) + b'"}'), 413, code="too_large")


QUERIES = [
    ("colour=red", "colour", "unknown_parameter"),
    ("limit=5&limit=6", "limit", "repeated"),
    ("limit=0", "limit", "invalid"),
    ("limit=201", "limit", "invalid"),
    ("limit=-1", "limit", "invalid"),
    ("limit=1e2", "limit", "invalid"),
    ("limit=" + "9" * 5_000, "limit", "too_long"),
    ("limit=%D9%A5", "limit", "invalid"),
    ("limit=%00", "limit", "control"),
    ("q=%00", "q", "control"),
    ("q=%1b", "q", "control"),
    ("q=" + "x" * 60_000, "q", "too_long"),
    ("q=" + "+".join(["x"] * 21), "q", "too_many"),
    ("label=" + "x" * 60_000, "label", "too_long"),
    ("status=" + ",".join(["todo"] * 101), "status", "too_many"),
    ("status=,", "status", "empty"),
    ("deleted=yes", "deleted", "invalid"),
    ("due_before=yesterday", "due_before", "invalid"),
    ("due_before=2026-12-01T00:00:00", "due_before", "invalid"),
    ("due_after=9999-12-31", "due_after", "invalid"),
    ("due_after=0001-01-01T00:00:00%2B23:59", "due_after", "invalid"),
    ("ordering=password", "ordering", "invalid"),
    ("ordering=due,-due", "ordering", "repeated"),
    ("project=" + "WORK", "project", "not_found"),
    ("cursor=x", "cursor", "invalid"),
    ("cursor=%ff", "cursor", "invalid"),
    ("cursor=" + "x" * 39_999, "cursor", "invalid"),
    ("format=json", "format", "unknown_parameter"),
    ("%00=1", "\x00", "unknown_parameter"),
    ("%ff=1", "\ufffd", "unknown_parameter"),
]


def test_a_hostile_query_is_refused_by_the_name_of_its_parameter(api: Api) -> None:
    for query, field, code in QUERIES:
        check(api.get(f"tasks?{query}"), 400, field, code)


@pytest.mark.parametrize("query", ["q=%25_%5C", "q='%22;--", "q=%ff%fe", "label=%25", "assignee=%25", "q="])
def test_signs_that_mean_something_to_a_database_are_only_text(api: Api, query: str) -> None:
    api.post("tasks", {"title": "x", "labels": ["a"], "assignees": ["ada"]})
    response = api.get(f"tasks?{query}")
    assert response.status_code == 200
    if query not in {"q=", "q=%ff%fe", "q=%25_%5C", "q='%22;--"}:
        assert response.json()["results"] == []


def test_too_many_parameters_are_refused(api: Api) -> None:
    check(api.get("tasks?" + "&".join(["limit=1"] * 1_001)), 400, code="malformed")


def test_parameters_of_other_methods_are_checked_as_well(api: Api) -> None:
    task = api.post("tasks", {"title": "x"}).json()
    check(api.post("tasks?dry_run=true", {"title": "x"}), 400, "dry_run", "unknown_parameter")
    check(api.patch(f"tasks/{task['id']}?force=true", {"title": "y"}), 400, "force")
    check(api.delete(f"tasks/{task['id']}?now=1"), 400, "now")


ADDRESSES = [
    "nothing",
    "tasks/%00",
    "tasks/%ff",
    "tasks/a%00b",
    "tasks/HOME-1/nothing",
    "tasks/" + "x" * 65,
    "tasks/" + "x" * 5_000,
    "tasks/HOME-99999999999999999999",
    "tasks/..%2f..%2fetc",
    "projects/%F0%9F%92%A3",
    "projects/HOME/members/%00",
    "projects/HOME/members/" + "x" * 5_000,
    "labels/not-a-uuid",
    "tasks/HOME-1/comments/32b02E5b0ac70d1BEB4e6E-E6b2BECc03156",
    "tasks/HOME-1/comments/------------------------------------",
    "priority-suggestions/00000000-0000-0000-0000-000000000000",
    "priority-suggestions/batches/x",
    "imports/pdf",
    "",
    "/",
    "//tasks",
    "tasks//x",
]


def test_an_address_that_leads_nowhere_is_a_problem_too(api: Api) -> None:
    for path, method in itertools.product(ADDRESSES, ("get", "post", "patch", "delete")):
        response = getattr(api, method)(path)
        assert response.status_code in {404, 405}
        check(response, response.status_code)


def test_a_stranger_without_csrf_gets_a_problem_and_no_page(world: World) -> None:
    strict = Client(enforce_csrf_checks=True)
    check(strict.post("/api/v1/nothing"), 404)
    check(strict.post("/api/v1/tasks"), 401)
    strict.force_login(world.ada)
    check(strict.post("/api/v1/nothing"), 404)
    check(strict.post("/api/v1/tasks", data="{}", content_type="application/json"), 403, code="csrf_failed")


METHODS = [
    ("PUT", "tasks", {"GET", "POST", "HEAD", "OPTIONS"}),
    ("DELETE", "tasks", {"GET", "POST", "HEAD", "OPTIONS"}),
    ("TRACE", "tasks", {"GET", "POST", "HEAD", "OPTIONS"}),
    ("FOO", "tasks", {"GET", "POST", "HEAD", "OPTIONS"}),
    ("GET", "tasks/IN1-1/complete", {"POST", "OPTIONS"}),
    ("HEAD", "tasks/IN1-1/complete", {"POST", "OPTIONS"}),
    ("POST", "me", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
]


def test_a_wrong_method_says_which_are_right(api: Api) -> None:
    for method, path, allowed in METHODS:
        for client in (api.client, Client()):
            response = client.generic(method, f"/api/v1/{path}")
            assert response.status_code == 405
            assert set(response.headers["Allow"].split(", ")) == allowed
            assert method == "HEAD" or response.json()["code"] == "method_not_allowed"


def test_head_and_options_do_what_they_should(api: Api) -> None:
    head = api.client.head("/api/v1/tasks")
    assert (head.status_code, head.content) == (200, b"")
    options = api.client.options("/api/v1/tasks")
    assert (options.status_code, options.content) == (204, b"")
    assert set(options.headers["Allow"].split(", ")) == {"GET", "POST", "HEAD", "OPTIONS"}


UPLOADS = [
    (b"", "multipart/form-data"),
    (b"", "multipart/form-data; boundary="),
    (b"--x", "multipart/form-data; boundary=x"),
    (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    (
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    (b"--\xff\r\n", "multipart/form-data; boundary=\xff"),
    (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n1\r\n' % n for n in range(1_500))
        + b"--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
]


def test_an_upload_that_is_no_upload_is_refused(api: Api) -> None:
    for body, content_type in UPLOADS:
        check(send(api, body, content_type, path="imports/todoist"), 400)


def test_an_upload_takes_one_file_and_nothing_else(api: Api) -> None:
    def part(name: str, filename: str) -> bytes:
        return f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\nTYPE\r\n'.encode()

    for body in (part("file", "a") + part("file", "b"), part("file", "a") + part("other", "b"), part("other", "a")):
        check(send(api, body + b"--x--\r\n", "multipart/form-data; boundary=x", path="imports/todoist"), 400)
