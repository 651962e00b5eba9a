"""Calendar feeds, as calendar programs read them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest
import recurring_ical_events
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from taskflow.domain.permissions import ProjectRole
from taskflow.interfaces.api.throttling import FEED, Counter, FeedThrottle
from taskflow.store.models import Feed, Task, User
from tests.conftest import Api, FrozenClock, World

pytestmark = pytest.mark.usefixtures("clock")


def make(api: Api, **fields: Any) -> dict[str, Any]:
    answer = api.post("feeds", {"name": "My tasks", **fields})
    assert answer.status_code == 201, answer.content
    feed: dict[str, Any] = answer.json()
    return feed


def read(feed: dict[str, Any], **headers: str) -> Any:
    """As a calendar program does: without any credential."""
    return Client(headers=headers).get(f"/api/v1/feeds/{feed['secret']}.ics")


def entries(feed: dict[str, Any], kind: str = "VTODO") -> dict[str, Any]:
    answer = read(feed)
    assert answer.status_code == 200, answer.content
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert all(not component.errors for component in calendar.walk())
    return {str(entry["SUMMARY"]): entry for entry in calendar.walk(kind)}


def test_a_library_reads_what_tasks_are(api: Api) -> None:
    parent = api.post("tasks", {"title": "Move", "project": "HOME"}).json()
    api.post(
        "tasks",
        {
            "title": "Book the van; tall, white",
            "description": "Line one\nline two \\ back",
            "project": "HOME",
            "parent": parent["id"],
            "priority": "urgent",
            "due_at": "2026-12-01T09:30:00Z",
            "start_date": "2026-11-25",
            "estimate_minutes": 45,
            "labels": ["a", "wood, heavy"],
            "status": "in_progress",
        },
    )
    api.post("tasks", {"title": "Holiday", "due_date": "2026-12-24", "priority": "low"})
    feed = make(api)
    todos, events = entries(feed), entries(feed, "VEVENT")
    van = todos["Book the van; tall, white"]
    assert van["DESCRIPTION"] == "Line one\nline two \\ back"
    assert (van["DUE"].dt, van["PRIORITY"], van["STATUS"]) == (
        datetime(2026, 12, 1, 9, 30, tzinfo=UTC),
        1,
        "IN-PROCESS",
    )
    assert [str(name) for name in van["CATEGORIES"].cats] == ["a", "wood, heavy"]
    assert str(van["RELATED-TO"]) == str(todos["Move"]["UID"])
    assert van["DTSTART"].dt == datetime(2026, 11, 25, tzinfo=UTC)
    assert str(van["URL"]).startswith("http://testserver/api/v1/tasks/")
    assert "DUE" not in todos["Move"]
    assert (todos["Holiday"]["DUE"].dt, todos["Holiday"]["PRIORITY"]) == (date(2026, 12, 24), 9)
    assert set(events) == {"Book the van; tall, white", "Holiday"}
    assert events["Book the van; tall, white"].duration == timedelta(minutes=45)
    assert events["Holiday"]["DTSTART"].dt == date(2026, 12, 24)


def test_repeating_tasks_keep_their_wall_clock(api: Api, world: World) -> None:
    User.objects.filter(pk=world.ada.pk).update(timezone="Europe/Berlin")
    api.post(
        "tasks", {"title": "Stand-up", "due_at": "2027-03-26T08:00:00Z", "recurrence": "FREQ=WEEKLY;UNTIL=20270410"}
    )
    api.post("tasks", {"title": "Bins", "due_date": "2027-03-29", "recurrence": "FREQ=WEEKLY;BYDAY=MO"})
    api.post(
        "tasks",
        {"title": "Descale", "due_date": "2027-03-29", "recurrence": "FREQ=MONTHLY", "recurrence_basis": "completion"},
    )
    feed = make(api, components=["event"])
    calendar = icalendar.Calendar.from_ical(read(feed).content)
    found: Any = recurring_ical_events.of(calendar).between(datetime(2027, 3, 25), datetime(2027, 4, 25))
    starts = sorted((str(entry["SUMMARY"]), entry["DTSTART"].dt) for entry in found)
    at_nine = [moment for name, moment in starts if name == "Stand-up"]
    assert [moment.astimezone(UTC).hour for moment in at_nine] == [8, 7, 7]
    assert [day.day for name, day in starts if name == "Bins"] == [29, 5, 12, 19]
    assert [name for name, _ in starts if name == "Descale"] == ["Descale"]


def test_what_is_finished_stays_for_a_while(api: Api, clock: FrozenClock) -> None:
    done = api.post("tasks", {"title": "Done", "due_date": "2026-11-24"}).json()
    gone = api.post("tasks", {"title": "Cancelled", "status": "cancelled"}).json()
    trashed = api.post("tasks", {"title": "Trashed"}).json()
    api.post(f"tasks/{done['id']}/complete")
    api.delete(f"tasks/{trashed['id']}")
    feed = make(api)
    assert gone["title"] not in entries(feed)
    assert entries(feed)["Done"]["STATUS"] == "COMPLETED"
    assert entries(feed)["Done"]["COMPLETED"].dt == clock.moment
    assert entries(feed, "VEVENT") == {}
    clock.advance(days=15)
    assert entries(feed) == {}


def test_a_feed_shows_what_its_owner_may_see_now(api: Api, bob_api: Api, world: World) -> None:
    bob_api.post("tasks", {"title": "Secret plan", "project": "WORK"})
    api.post("tasks", {"title": "Mine", "project": "HOME"})
    feed = make(api)
    assert set(entries(feed)) == {"Mine"}
    world.join(world.work, world.ada, ProjectRole.VIEWER)
    assert set(entries(feed)) == {"Mine", "Secret plan"}
    assert bob_api.delete("projects/WORK/members/ada").status_code == 204
    assert set(entries(feed)) == {"Mine"}


def test_a_feed_of_one_project_shows_no_other(api: Api) -> None:
    api.post("tasks", {"title": "Inbox"})
    api.post("tasks", {"title": "Home", "project": "HOME", "due_date": "2026-12-01"})
    feed = make(api, project="HOME", components=["todo"])
    assert set(entries(feed)) == {"Home"}
    assert entries(feed, "VEVENT") == {}
    unseen = api.post("feeds", {"name": "x", "project": "WORK"})
    assert (unseen.status_code, unseen.json()["errors"][0]["code"]) == (400, "not_found")


def test_a_filter_narrows_a_feed_in_its_owners_words_at_the_moment_of_reading(
    api: Api, bob_api: Api, world: World, clock: FrozenClock
) -> None:
    world.join(world.work, world.ada, ProjectRole.MEMBER)
    User.objects.filter(pk=world.ada.pk).update(timezone="Pacific/Auckland")
    for title, fields in {
        "Hers": {"assignees": ["ada"], "due_date": "2026-11-24"},
        "His": {"assignees": ["bob"], "due_date": "2026-11-24"},
        "Hers tomorrow": {"assignees": ["ada"], "due_date": "2026-11-25"},
    }.items():
        assert bob_api.post("tasks", {"title": title, "project": "WORK", **fields}).status_code == 201
    expression = "assignee = me and due <= today"
    feed = make(api, filter=expression)
    assert (feed["filter"], feed["saved"]) == (expression, None)
    assert set(entries(feed)) == {"Hers"}
    tag = read(feed).headers["ETag"]
    # Midnight in Auckland: nothing was written, and the feed is another one.
    clock.advance(hours=3)
    assert set(entries(feed)) == {"Hers", "Hers tomorrow"}
    assert read(feed, **{"If-None-Match": tag}).status_code == 200
    assert bob_api.delete("projects/WORK/members/ada").status_code == 204
    assert entries(feed) == {}


def test_a_feed_of_a_saved_filter_follows_it_and_ends_with_it(api: Api, bob_api: Api) -> None:
    api.post("tasks", {"title": "Milk", "labels": ["shop"]})
    api.post("tasks", {"title": "Rent", "priority": "high", "due_date": "2026-11-20"})
    kept = api.post("filters", {"name": "Shops", "expression": "label = shop"}).json()["id"]
    feed = make(api, saved=kept)
    assert feed["saved"] == kept
    assert set(entries(feed)) == {"Milk"}
    api.patch(f"filters/{kept}", {"expression": "priority >= high"})
    assert set(entries(feed)) == {"Rent"}
    both = make(api, saved=kept, filter="label = shop")
    assert entries(both) == {}
    late = make(api, saved="Overdue")
    assert (late["saved"], set(entries(late))) == ("overdue", {"Rent"})
    foreign = bob_api.post("feeds", {"name": "x", "saved": kept})
    assert (foreign.status_code, foreign.json()["errors"][0]["field"]) == (400, "saved")
    api.delete(f"filters/{kept}")
    assert read(feed).status_code == 404
    assert [held["id"] for held in api.get("feeds").json()["results"]] == [late["id"]]


@pytest.mark.parametrize(
    ("expression", "position"), [("priority = huge", 11), ("  due <= today and", 18), ("label ~ ", 8), ("(due", 4)]
)
def test_a_wrong_filter_makes_no_feed_and_says_where_it_is_wrong(api: Api, expression: str, position: int) -> None:
    refused = api.post("feeds", {"name": "x", "filter": expression})
    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert (error["field"], error["code"], error["position"]) == ("filter", "syntax", position)
    assert not Feed.objects.exists()


def test_a_feed_that_is_read_all_the_time_is_told_to_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FeedThrottle, "counter", Counter(FEED, lambda: 0.0))
    feed, other = make(api), make(api)
    answers = [read(feed) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    assert answers[0].headers["RateLimit-Policy"] == '"requests";q=600;w=60, "feed";q=60;w=300'
    assert '"feed";r=59;t=300' in answers[0].headers["RateLimit"]
    assert (answers[60].status_code, answers[60].headers["Retry-After"]) == (429, "300")
    assert read(other).status_code == 200


def test_an_unchanged_feed_is_not_sent_again(api: Api, clock: FrozenClock) -> None:
    task = api.post("tasks", {"title": "Mine"}).json()
    feed = make(api)
    first = read(feed)
    tag = first.headers["ETag"]
    clock.advance(minutes=5)
    assert read(feed).content == first.content
    unchanged = read(feed, **{"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
    api.patch(f"tasks/{task['id']}", {"title": "Ours"})
    assert read(feed, **{"If-None-Match": tag}).status_code == 200


def test_a_revoked_feed_and_that_of_a_closed_account_are_not_found(api: Api, world: World) -> None:
    feed, other = make(api), make(api)
    assert api.delete(f"feeds/{feed['id']}").status_code == 204
    assert read(feed).status_code == 404
    assert api.delete(f"feeds/{feed['id']}").status_code == 404
    User.objects.filter(pk=world.ada.pk).update(is_active=False)
    assert read(other).status_code == 404
    assert Client().get("/api/v1/feeds/tff_" + "A" * 43 + ".ics").status_code == 404


def test_a_secret_is_shown_once_and_kept_nowhere(api: Api, bob_api: Api) -> None:
    feed = make(api)
    assert len(feed["secret"]) == len("tff_") + 43
    assert feed["url"] == f"http://testserver/api/v1/feeds/{feed['secret']}.ics"
    [listed] = api.get("feeds").json()["results"]
    assert listed.keys() == feed.keys() - {"secret", "url"}
    stored = Feed.objects.values().get()
    assert feed["secret"] not in str(stored)
    assert bob_api.get("feeds").json()["results"] == []
    assert bob_api.delete(f"feeds/{feed['id']}").status_code == 404


def test_the_answer_is_for_its_reader_alone(api: Api) -> None:
    answer = read(make(api))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "private" in answer.headers["Cache-Control"]
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "RateLimit" in answer.headers


def test_titles_break_out_of_nothing(api: Api) -> None:
    hostile = 'x\r\nEND:VTODO\r\nBEGIN:VEVENT\nSUMMARY:<script>alert(1)</script>;,\\n"'
    task = api.post("tasks", {"title": "plain", "description": hostile}).json()
    Task.objects.filter(pk=task["id"]).update(title=hostile + "ü" * 100)
    content = read(make(api)).content
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\nBEGIN:VEVENT" not in content
    calendar = icalendar.Calendar.from_ical(content)
    [todo] = calendar.walk("VTODO")
    assert str(todo["SUMMARY"]) == hostile.replace("\r\n", "\n") + "ü" * 100
    assert not calendar.walk("VEVENT")


def test_a_name_of_several_lines_breaks_no_calendar(api: Api) -> None:
    calendar = icalendar.Calendar.from_ical(read(make(api, name="Mine,\nand; BEGIN:VEVENT")).content)
    assert str(calendar["X-WR-CALNAME"]) == "Mine, and; BEGIN:VEVENT"
    assert not calendar.walk("VEVENT")


def test_a_feed_takes_six_queries_however_many_tasks_there_are(api: Api) -> None:
    feed = make(api, filter="label = a and not assignee", saved="upcoming")
    counts = []
    for number in (1, 5):
        for each in range(number):
            api.post("tasks", {"title": f"T{number}-{each}", "labels": ["a", "b"], "due_date": "2026-12-01"})
        with CaptureQueriesContext(connection) as queries:
            read(feed)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
