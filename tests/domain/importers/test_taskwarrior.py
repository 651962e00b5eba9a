"""Taskwarrior's JSON: the sample list, each rule of the format, and files that mean harm."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.domain.importers import IMPORTERS
from taskflow.domain.importers.records import (
    MAX_DESCRIPTION,
    MAX_PROBLEMS,
    MAX_TASKS,
    MAX_TITLE,
    ImportedTask,
    ImportFormatError,
    ParsedImport,
)
from taskflow.domain.importers.taskwarrior import parse
from taskflow.domain.priority import Priority

SAMPLE = Path(__file__).parents[2] / "data" / "import" / "taskwarrior.json"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ONE = "8a119b9e-16bc-4732-8f7b-7676d015b0dc"
TWO = "bc67ba94-637d-4efa-a09e-467ada679f81"


def read(data: bytes | str, timezone: str = "Europe/Berlin") -> ParsedImport:
    return parse(data.encode() if isinstance(data, str) else data, name="tasks.json", now=NOW, timezone=timezone)


def task_of(**fields: Any) -> dict[str, Any]:
    return {"uuid": ONE, "description": "x", "status": "pending", "entry": "20261101T080000Z", **fields}


def one(**fields: Any) -> tuple[ImportedTask, list[str | None]]:
    parsed = read(json.dumps([task_of(**fields)]))
    return parsed.tasks[0], [problem.field for problem in parsed.problems]


@pytest.fixture(scope="module")
def sample() -> ParsedImport:
    return read(SAMPLE.read_bytes())


def named(parsed: ParsedImport, title: str) -> ImportedTask:
    return next(task for task in parsed.tasks if task.title == title)


def test_the_importer_is_registered() -> None:
    assert IMPORTERS["taskwarrior"] is parse


def test_the_sample_list_is_read_whole(sample: ParsedImport) -> None:
    raw = json.loads(SAMPLE.read_text(encoding="utf-8"))
    assert len(sample.tasks) == len(raw) - 1 >= 25
    assert {task.external_id for task in sample.tasks} < {task["uuid"] for task in raw}
    assert {task.status for task in sample.tasks} == {"todo", "in_progress", "done", "cancelled"}
    assert {task.priority for task in sample.tasks} == set(Priority) - {Priority.URGENT}
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    assert all(task.external_id in lines[task.line - 1] for task in sample.tasks)


def test_only_repetition_in_the_sample_is_a_problem(sample: ParsedImport) -> None:
    assert [(problem.line, problem.field) for problem in sample.problems] == [
        (27, "recur"),
    ]


def test_the_samples_fields_are_where_they_belong(sample: ParsedImport) -> None:
    fix = named(sample, "Fix the time zone bug in the calendar export")
    assert (fix.project, fix.labels, fix.priority) == ("work.api", ("bug", "customer"), Priority.HIGH)
    assert fix.due_at == datetime(2026, 11, 25, 17, tzinfo=UTC)
    assert fix.created_at == datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
    assert fix.description == "ticket: 4471"
    assert [comment.body for comment in fix.comments] == [
        "Reported by Nordwind, ticket 4471",
        "Only in zones with a half-hour offset",
    ]
    assert fix.comments[0].created_at == datetime(2026, 11, 18, 14, 35, tzinfo=UTC)
    notes = named(sample, "Write the release notes for 2.4")
    assert (notes.due_date, notes.start_date) == (date(2026, 11, 27), date(2026, 11, 26))
    assert named(sample, "Tag and publish 2.4").depends_on == (notes.external_id, fix.external_id)
    assert named(sample, "Tell Nordwind that the fix is out").depends_on[0] == fix.external_id
    assert named(sample, "Renew the domain").completed_at == datetime(2026, 11, 5, 14, 45, 12, tzinfo=UTC)
    assert named(sample, "Delete the old build machines").start_date == date(2026, 12, 6)
    assert named(sample, "Upgrade PostgreSQL on the staging host").estimate_minutes == 210
    assert named(sample, "Prepare the talk for the user group").status == "in_progress"


def test_the_shapes_of_an_export_mean_the_same(sample: ParsedImport) -> None:
    raw = json.loads(SAMPLE.read_text(encoding="utf-8"))
    shapes = [
        json.dumps(raw),
        json.dumps(raw, indent=2),
        "\n".join(map(json.dumps, raw)),
        ",\r\n".join(map(json.dumps, raw)),
        "\ufeff" + json.dumps(raw),
    ]
    for shape in shapes:
        assert [task.external_id for task in read(shape).tasks] == [task.external_id for task in sample.tasks]


@pytest.mark.parametrize(
    ("zone", "due", "due_date", "due_at"),
    [
        ("Europe/Berlin", "20261130T230000Z", date(2026, 12, 1), None),
        ("Europe/Berlin", "20261201T225959Z", date(2026, 12, 1), None),
        ("UTC", "20261130T230000Z", None, datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ("America/New_York", "20260705T040000Z", date(2026, 7, 5), None),
        ("Nowhere", "2026-12-01T00:00:00Z", date(2026, 12, 1), None),
    ],
)
def test_midnight_where_the_user_lives_is_all_day(
    zone: str, due: str, due_date: date | None, due_at: datetime | None
) -> None:
    task = read(json.dumps(task_of(due=due)), zone).tasks[0]
    assert (task.due_date, task.due_at) == (due_date, due_at)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "pending"}, "todo"),
        ({"status": "waiting"}, "todo"),
        ({"status": "pending", "start": "20261101T090000Z"}, "in_progress"),
        ({"status": "completed", "start": "20261101T090000Z", "end": "20261102T090000Z"}, "done"),
        ({"status": "deleted", "end": "20261102T090000Z"}, "cancelled"),
        ({"status": "recurring"}, "todo"),
        ({"status": None}, "todo"),
    ],
)
def test_statuses(fields: dict[str, Any], status: str) -> None:
    task, problems = one(**fields)
    assert (task.status, problems) == (status, [])
    assert (task.completed_at is not None) == (status == "done")


def test_the_later_of_wait_and_scheduled_is_the_start() -> None:
    task, problems = one(wait="20261203T230000Z", scheduled="20261210T150000Z")
    assert (task.start_date, problems) == (date(2026, 12, 10), [])
    assert task.description == "Scheduled in Taskwarrior: 2026-12-10 15:00 UTC"


@pytest.mark.parametrize("value", [[TWO, TWO], TWO, f"{TWO.upper()},"])
def test_dependencies_are_a_list_or_a_text_with_commas(value: object) -> None:
    assert one(depends=value)[0].depends_on == (TWO,)


def test_dependencies_that_cannot_hold_are_named() -> None:
    task, problems = one(depends=[TWO, ONE, "7", 7])
    assert task.depends_on == (TWO,)
    assert problems == ["depends"] * 4


@pytest.mark.parametrize(
    ("fields", "field", "kept"),
    [
        ({"due": "tomorrow"}, "due", "Due in Taskwarrior: tomorrow"),
        ({"due": "20261301T000000Z"}, "due", "Due in Taskwarrior: 20261301T000000Z"),
        ({"entry": 5}, "entry", "Entry in Taskwarrior: 5"),
        ({"priority": "highest"}, "priority", "Priority in Taskwarrior: highest"),
        ({"recur": "3hours"}, "recur", "Repeats in Taskwarrior: 3hours"),
        ({"tags": ["t" * 101]}, "tags", "Tags in Taskwarrior: " + "t" * 101),
        ({"annotations": [{"entry": "now", "description": "Hm."}]}, "entry", "Entry in Taskwarrior: now"),
        ({"status": "paused"}, "status", ""),
        ({"uuid": "7"}, "uuid", ""),
        ({"project": ["a"]}, "project", ""),
        ({"annotations": "Hm."}, "annotations", ""),
        ({"effort": {"hours": 1}}, "effort", ""),
    ],
)
def test_what_is_not_understood_is_named_and_kept(fields: dict[str, Any], field: str, kept: str) -> None:
    task, problems = one(**fields)
    assert problems == [field]
    assert task.description == kept


@pytest.mark.parametrize(
    ("estimate", "minutes", "description"),
    [
        ("PT2H", 120, ""),
        ("PT90S", 2, ""),
        ("P1DT30M", 1470, ""),
        ("P", None, "estimate: P"),
        (3, None, "estimate: 3"),
        ("P9999D", None, "estimate: P9999D"),
    ],
)
def test_an_estimate_that_is_a_duration_is_taken_over(estimate: object, minutes: int | None, description: str) -> None:
    task, problems = one(estimate=estimate)
    assert (task.estimate_minutes, task.description, problems) == (minutes, description, [])


def test_a_template_is_left_out_only_if_one_of_its_tasks_is_there() -> None:
    template = task_of(status="recurring", recur="weekly", due="20261201T120000Z")
    child = task_of(uuid=TWO, parent=ONE.upper(), recur="weekly")
    assert [task.external_id for task in read(json.dumps([template, child])).tasks] == [TWO]
    alone = read(json.dumps([template, {**child, "status": "completed"}]))
    assert [(task.external_id, task.status) for task in alone.tasks] == [(ONE, "todo"), (TWO, "done")]


def test_a_task_without_a_uuid_keeps_its_id_from_import_to_import() -> None:
    raw = task_of(uuid=None)
    first, again = read(json.dumps(raw)), read(json.dumps([task_of(uuid=TWO), {**raw, "priority": "H"}]))
    assert first.tasks[0].external_id == again.tasks[1].external_id
    assert read(json.dumps({**raw, "description": "y"})).tasks[0].external_id != first.tasks[0].external_id


def test_broken_tasks_cost_only_themselves() -> None:
    lines = [
        json.dumps(task_of()),
        '{"description": "half',
        json.dumps(task_of(uuid=TWO)),
        json.dumps(task_of(uuid=TWO)),
        '"text"',
        json.dumps(task_of(uuid=TWO.replace("b", "c"), description="  ")),
        "{" * 5000,
        json.dumps(task_of(uuid=TWO.replace("b", "a"))),
    ]
    parsed = read("[\n" + ",\n".join(lines) + "\n]")
    assert [task.line for task in parsed.tasks] == [2, 4, 9]
    assert [problem.line for problem in parsed.problems] == [3, 5, 6, 7, 8]


def test_numbers_of_any_length_are_texts() -> None:
    task, problems = one(tags=["a"], story=10**15)
    assert (task.description, problems) == (f"story: {10**15}", [])
    long = read('{"description": "x", "story": ' + "9" * 10_000 + "}")
    assert long.tasks[0].description == "story: " + "9" * 10_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"[]", "No task was found"),
        (b'[{"id": 1, "title": "x"}]', "Nothing in this file looks like"),
        (b"TYPE,CONTENT\ntask,x\n", "Line 1: This is not JSON"),
        (b"\xff\xfe\xff", "not UTF-8"),
        (b"[" * 1_000_000, "No task was found"),
        (b'{"a":' * 1_000_000, "nested too deeply"),
        (b"1," * 1_000_000, "plain value"),
    ],
)
def test_another_kind_of_file_is_refused_with_the_format(data: bytes, message: str) -> None:
    with pytest.raises(ImportFormatError, match=message) as refused:
        read(data)
    assert "task export" in refused.value.detail


def test_a_file_that_is_broken_all_over_is_not_read_to_its_end() -> None:
    good, other = json.dumps(task_of()), json.dumps(task_of(uuid=TWO))
    parsed = read(f"{good}\n" + '{"description":x}\n' * (MAX_PROBLEMS + 5) + other)
    assert len(parsed.tasks) == 1
    assert len(parsed.problems) == MAX_PROBLEMS + 1


def test_a_file_whose_every_task_swallows_the_rest_is_not_read_over_and_over() -> None:
    parsed = read(json.dumps(task_of()) + "\n" + '{"a":[\n' * 100 + "1," * 10_000)
    assert len(parsed.tasks) == 1
    assert len(parsed.problems) < 20
    assert "from here on it was not read" in parsed.problems[-1].detail


def test_more_tasks_than_the_limit_are_counted() -> None:
    lines = (json.dumps(task_of(uuid=None, description=f"t{number}")) for number in range(MAX_TASKS + 5))
    parsed = read("\n".join(lines))
    assert len(parsed.tasks) == MAX_TASKS
    assert "5 more were left out" in parsed.problems[-1].detail


def test_control_characters_and_halves_of_surrogates_vanish() -> None:
    task, _ = one(description="a\x00b\ud800c", tags=["x\x07y"], project="p\udfff")
    assert (task.title, task.labels, task.project) == ("abc", ("xy",), "p")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([ONE, "H", "weekly"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
moments = st.sampled_from(
    ["00010101T000000Z", "99991231T235959Z", "99991231T230000Z", "20260329T013000Z", "00000000T000000Z", "x"]
)
raw_tasks = st.fixed_dictionaries(
    {"description": st.text(min_size=1, max_size=40)},
    optional={
        **dict.fromkeys(("due", "wait", "scheduled", "entry", "end", "start", "until"), moments | json_values),
        **dict.fromkeys(("uuid", "status", "priority", "project", "tags", "depends", "annotations"), json_values),
        **dict.fromkeys(("recur", "parent", "estimate", "a UDA�", "id"), json_values),
    },
)


def check(parsed: ParsedImport) -> None:
    assert len({task.external_id for task in parsed.tasks}) == len(parsed.tasks)
    for task in parsed.tasks:
        assert 1 <= len(task.title) <= MAX_TITLE
        assert len(task.description) <= MAX_DESCRIPTION
        assert task.due_date is None or task.due_at is None
        assert task.external_id not in task.depends_on
        for text in (task.title, task.description, *task.labels, *(comment.body for comment in task.comments)):
            assert "\0" not in text
            text.encode()
        for moment in (task.due_at, task.created_at, task.completed_at):
            assert moment is None or moment.utcoffset() is not None
    for problem in parsed.problems:
        assert problem.line >= 1
        problem.detail.encode()


@given(st.lists(raw_tasks, min_size=1, max_size=5), st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"]))
def test_no_values_are_an_error(tasks: list[dict[str, Any]], zone: str) -> None:
    parsed = read(json.dumps(tasks), zone)
    check(parsed)
    assert len(parsed.tasks) + len(parsed.problems) > 0


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_are_an_error(data: bytes, cut: int) -> None:
    whole = json.dumps([task_of(), task_of(uuid=TWO)], indent=1).encode()
    for hostile in (data, whole[:cut] + data, whole[:cut] + data + whole[cut:]):
        try:
            parsed = read(hostile)
        except ImportFormatError:
            continue
        check(parsed)


@pytest.mark.parametrize(
    ("recur", "rule"),
    [
        ("weekly", "FREQ=WEEKLY"),
        ("2weeks", "FREQ=WEEKLY;INTERVAL=2"),
        ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("quarterly", "FREQ=MONTHLY;INTERVAL=3"),
        ("3mo", "FREQ=MONTHLY;INTERVAL=3"),
        ("P1Y", "FREQ=YEARLY"),
        ("999q", None),
        ("PT3H", None),
    ],
)
def test_what_repeats_by_days_keeps_its_rule(recur: str, rule: str | None) -> None:
    task, problems = one(recur=recur, due="20261201T090000Z")
    assert task.recurrence == rule
    assert problems == ([] if rule else ["recurrence"] if recur == "999q" else ["recur"])
