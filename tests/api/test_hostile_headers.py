"""Headers that nobody sends by accident: each gets a problem document, or is ignored as its standard says."""

import pytest
from django.test import Client

from tests.api.test_hostile_input import check
from tests.conftest import Api


def test_no_header_turns_one_method_into_another(api: Api) -> None:
    task = api.post("tasks", {"title": "x"}).json()
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert api.post(f"tasks/{task['id']}/complete", **{header: "DELETE"}).status_code == 200
        check(api.post(f"tasks/{task['id']}", **{header: "DELETE"}), 405)
    assert api.get(f"tasks/{task['id']}").json()["deleted_at"] is None


@pytest.mark.parametrize("header", ["", "garbage", '"1', "W/1x", '"1", "2"', "\x7f", "ä", "W/", '""""', "1.0"])
def test_if_match_that_is_no_etag_is_refused(api: Api, header: str) -> None:
    task = api.post("tasks", {"title": "x"}).json()
    check(api.patch(f"tasks/{task['id']}", {"title": "y"}, **{"If-Match": header}), 400, "If-Match", "invalid")
    assert api.get(f"tasks/{task['id']}").json()["title"] == "x"


@pytest.mark.parametrize("header", ['"99"', 'W/"2"', '"abc"', '""', '"' + "9" * 5_000 + '"', '"*"', '"-1"', "0"])
def test_if_match_with_another_etag_changes_nothing(api: Api, header: str) -> None:
    task = api.post("tasks", {"title": "x"}).json()
    check(api.patch(f"tasks/{task['id']}", {"title": "y"}, **{"If-Match": header}), 412)
    assert api.get(f"tasks/{task['id']}").json()["title"] == "x"


@pytest.mark.parametrize(
    "prefer", ["wait", "wait=", "wait=x", "wait=-5", "wait=nan", "wait=1e400; x", "respond-async", ","]
)
def test_a_preference_that_is_not_understood_is_ignored(api: Api, prefer: str) -> None:
    task = api.post("tasks", {"title": "x"}).json()
    assert api.post(f"tasks/{task['id']}/priority-suggestions", Prefer=prefer).status_code == 202


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "*/*;q=0", "garbage", "application/json;indent=1000000"]
)
def test_the_answer_is_json_whatever_accept_says(api: Api, accept: str) -> None:
    response = api.get("tasks", Accept=accept)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert len(response.content) < 1_000
    check(api.get("tasks/NOPE-1", Accept=accept), 404)


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer \xff",
        "Bearer a b",
        "Bearer tfp_",
        "Bearer " + "x" * 10_000,
        "bearer tfp_x",
        "Bearer \x00",
    ],
)
def test_credentials_that_are_garbage_are_wrong(api: Api, authorization: str) -> None:
    response = Client(headers={"Authorization": authorization}).get("/api/v1/tasks")
    check(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("cookie", ["sessionid=\xff", "sessionid=x", "=;=;", "sessionid=" + "x" * 5_000, "csrftoken=x"])
def test_cookies_that_are_garbage_are_nobody(db: None, cookie: str) -> None:
    check(Client(headers={"Cookie": cookie}).get("/api/v1/tasks"), 401)


def test_an_unknown_host_is_a_problem(api: Api) -> None:
    check(api.client.get("/api/v1/tasks", headers={"Host": "evil.example"}), 400)
