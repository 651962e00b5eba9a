"""Todoist's CSV: the sample list, each rule of the format, and files that mean harm."""

import csv
import io
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
from taskflow.domain.importers.todoist import parse, project_of
from taskflow.domain.priority import Priority

SAMPLE = Path(__file__).parents[2] / "data" / "import" / "todoist.csv"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HEADER = (
    "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,DURATION,DURATION_UNIT,"
    "DEADLINE,DEADLINE_LANG"
)
COLUMNS = HEADER.split(",")


def read(data: bytes | str, now: datetime = NOW, timezone: str = "Europe/Berlin") -> ParsedImport:
    return parse(data.encode() if isinstance(data, str) else data, name="Home.csv", now=now, timezone=timezone)


def rows_of(*rows: dict[str, str]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows({"TYPE": "task", **row} for row in rows)
    return out.getvalue()


def one(**row: str) -> tuple[ImportedTask, list[str | None]]:
    parsed = read(rows_of({"CONTENT": "x", **row}))
    return parsed.tasks[0], [problem.field for problem in parsed.problems]


@pytest.fixture(scope="module")
def sample() -> ParsedImport:
    return parse(SAMPLE.read_bytes(), name="Home [2203306141].csv", now=NOW, timezone="Europe/Berlin")


def named(parsed: ParsedImport, title: str) -> ImportedTask:
    return next(task for task in parsed.tasks if task.title == title)


def test_the_importer_is_registered() -> None:
    assert IMPORTERS["todoist"] is parse


def test_the_sample_list_is_read_whole(sample: ParsedImport) -> None:
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(sample.tasks) == sum(row["TYPE"] == "task" for row in rows) >= 25
    assert sum(len(task.comments) for task in sample.tasks) == sum(row["TYPE"] == "note" for row in rows)
    assert {task.section for task in sample.tasks} == {None, "Kitchen", "Move in March", "Some day"}
    assert {task.project for task in sample.tasks} == {"Home"}
    assert {task.priority for task in sample.tasks} == set(Priority) - {Priority.LOW}
    lines = SAMPLE.read_text(encoding="utf-8-sig").splitlines()
    assert all(task.title.split(",")[0].split('"')[0] in lines[task.line - 1] for task in sample.tasks)


def test_only_the_foreign_date_of_the_sample_is_a_problem(sample: ParsedImport) -> None:
    assert [(problem.line, problem.field) for problem in sample.problems] == [(40, "DATE")]
    assert '"jeden Sommer"' in sample.problems[0].detail
    plants = named(sample, "Water the plants")
    assert (plants.description, plants.recurrence) == ("", "FREQ=DAILY;INTERVAL=3")


def test_the_samples_fields_are_where_they_belong(sample: ParsedImport) -> None:
    call = named(sample, "Call the insurance about the water damage")
    assert call.labels == ("calls", "money")
    assert call.priority is Priority.URGENT
    assert call.due_at == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert call.estimate_minutes == 30
    assert call.status == "todo"
    assert (call.comments[0].author, call.comments[0].created_at) == (
        "Mira",
        datetime(2026, 11, 20, 15, 41, tzinfo=UTC),
    )
    van = named(sample, "Book the removal van")
    assert van.comments[0].body == "Two quotes: quotes.pdf: https://files.example.org/quotes.pdf"
    assert van.description == "Responsible in Todoist: Jonas (48151650)"
    worktop = named(sample, 'Order a new worktop, "oak" or "beech"')
    assert (worktop.start_date, worktop.due_date) == (date(2026, 12, 15), date(2027, 1, 31))


def test_indents_make_parents(sample: ParsedImport) -> None:
    parents = {task.external_id: task for task in sample.tasks}
    chain = [named(sample, "Atlases, top shelf")]
    while chain[-1].parent_external_id:
        chain.append(parents[chain[-1].parent_external_id])
    assert [task.title for task in chain] == ["Atlases, top shelf", "Cellar", "Pack the books"]


def test_external_ids_survive_a_new_export(sample: ParsedImport) -> None:
    text = SAMPLE.read_text(encoding="utf-8-sig")
    changed = text.replace("2026-12-01", "2027-01-01").replace("@money", "@finance").replace(",1,1,", ",3,1,")
    again = parse(changed.encode(), name="Home (1).csv", now=datetime(2026, 12, 24, tzinfo=UTC), timezone="UTC")
    assert [task.external_id for task in again.tasks] == [task.external_id for task in sample.tasks]
    assert len({task.external_id for task in sample.tasks}) == len(sample.tasks)
    assert again.tasks != sample.tasks


def test_equal_tasks_in_one_place_have_ids_of_their_own() -> None:
    twins = read(rows_of({"CONTENT": "Tea"}, {"CONTENT": "Tea"}, {"CONTENT": "Tea", "INDENT": "2"})).tasks
    assert len({task.external_id for task in twins}) == 3


@pytest.mark.parametrize(
    ("name", "project"),
    [
        ("Home.csv", "Home"),
        ("Home [2203306141].csv", "Home"),
        ("Home [6Crg8jQ886Wh4P5g] (2).CSV", "Home"),
        ("C:\\Users\\me\\Über uns.csv", "Über uns"),
        ("/tmp/list", "list"),
        ("[123].csv", None),
        ("", None),
    ],
)
def test_the_project_is_the_files_name(name: str, project: str | None) -> None:
    assert project_of(name) == project


@pytest.mark.parametrize(
    ("cell", "level", "problems"),
    [
        ("1", Priority.URGENT, []),
        ("2", Priority.HIGH, []),
        ("3", Priority.MEDIUM, []),
        ("4", Priority.NONE, []),
        ("p1", Priority.URGENT, []),
        ("", Priority.NONE, []),
        ("5", Priority.NONE, ["PRIORITY"]),
    ],
)
def test_priorities(cell: str, level: Priority, problems: list[str]) -> None:
    task, found = one(PRIORITY=cell)
    assert (task.priority, found) == (level, problems)


@pytest.mark.parametrize(
    ("content", "title", "labels"),
    [
        ("Buy milk @shop @food", "Buy milk", ("shop", "food")),
        ("@calls Ring Bob", "Ring Bob", ("calls",)),
        ("Write to bob@example.org", "Write to bob@example.org", ()),
        ("Meet @ 5", "Meet @ 5", ()),
        ("@home", "@home", ("home",)),
        ("Twice @a @a", "Twice", ("a",)),
    ],
)
def test_labels_are_words_that_begin_with_an_at_sign(content: str, title: str, labels: tuple[str, ...]) -> None:
    task, problems = one(CONTENT=content)
    assert (task.title, task.labels, problems) == (title, labels, [])


@pytest.mark.parametrize(
    ("amount", "unit", "minutes", "problems"),
    [
        ("45", "minute", 45, []),
        ("2", "hour", 120, []),
        ("1", "day", 1440, []),
        ("", "None", None, []),
        ("None", "None", None, []),
        ("0", "minute", None, ["DURATION"]),
        ("9" * 30, "minute", None, ["DURATION"]),
        ("3", "moon", None, ["DURATION"]),
    ],
)
def test_durations(amount: str, unit: str, minutes: int | None, problems: list[str]) -> None:
    task, found = one(DURATION=amount, DURATION_UNIT=unit)
    assert (task.estimate_minutes, found) == (minutes, problems)
    assert bool(problems) == ("Duration in Todoist: " in task.description)


def test_the_rows_own_zone_counts_and_a_wrong_one_does_not() -> None:
    assert one(DATE="2026-12-01 09:00", TIMEZONE="Asia/Kolkata")[0].due_at == datetime(2026, 12, 1, 3, 30, tzinfo=UTC)
    assert one(DATE="2026-12-01 09:00", TIMEZONE="Mars/Base")[0].due_at == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_a_date_after_the_deadline_is_kept_in_words() -> None:
    task, problems = one(DATE="2027-02-01", DEADLINE="2027-01-01")
    assert (task.due_date, task.start_date, task.description) == (
        date(2027, 1, 1),
        None,
        "Planned in Todoist: 2027-02-01",
    )
    assert problems == ["DATE"]


def test_a_time_that_becomes_a_start_date_is_kept_in_words() -> None:
    task, problems = one(DATE="2026-12-01 09:00", DEADLINE="2027-01-01")
    assert (task.due_date, task.start_date) == (date(2027, 1, 1), date(2026, 12, 1))
    assert task.description == "Planned in Todoist: 2026-12-01 09:00"
    assert problems == []


def test_what_is_left_out_is_named_with_its_line() -> None:
    rows = "note,For the project|task,|reminder,Ring|task,Deep,,,4|section,S|note,Lost|task,A,,,x|note,"
    parsed = read(f"{HEADER}\n" + rows.replace("|", "\n"))
    assert [(problem.line, problem.field) for problem in parsed.problems] == [
        (2, "TYPE"),
        (3, "CONTENT"),
        (4, "TYPE"),
        (5, "INDENT"),
        (7, "TYPE"),
        (8, "INDENT"),
        (9, "CONTENT"),
    ]
    assert '"For the project"' in parsed.problems[0].detail
    assert [task.title for task in parsed.tasks] == ["Deep", "A"]


def test_a_long_title_continues_in_the_description() -> None:
    task, problems = one(CONTENT="word " * 200, DESCRIPTION="More.")
    assert len(task.title) <= MAX_TITLE
    rest, more = task.description.split("\n\n")
    assert task.title.removesuffix("…").split() + rest.removeprefix("…").split() == ["word"] * 200
    assert (more, problems) == ("More.", ["title"])


def test_a_description_beyond_the_limit_says_what_is_missing() -> None:
    task, problems = one(DESCRIPTION="d" * (MAX_DESCRIPTION + 7))
    assert len(task.description) == MAX_DESCRIPTION
    assert problems == ["description"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_files_saved_by_spreadsheets_are_read(delimiter: str) -> None:
    text = f"{HEADER}\ntask,Bread,,2".replace(",", delimiter)
    for data in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16"), text.replace("\n", "\r").encode()):
        parsed = read(data)
        assert [(task.title, task.priority) for task in parsed.tasks] == [("Bread", Priority.HIGH)]
        assert parsed.problems == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"a,b\n1,2\n", "no column TYPE and no column CONTENT"),
        (b"TYPE,PRIORITY\ntask,1\n", "no column CONTENT"),
        (HEADER.encode() + b"\ntask,Caf\xe9\n", "Line 2 is not UTF-8"),
        (b"\xff\xfea", "not UTF-8"),
        (b'[{"description": "x"}]', "no column TYPE"),
        (b",,\n,,\n", "no line with the names of columns"),
    ],
)
def test_another_kind_of_file_is_refused_with_the_format(data: bytes, message: str) -> None:
    with pytest.raises(ImportFormatError, match=message) as refused:
        read(data)
    assert "TYPE,CONTENT,DESCRIPTION" in refused.value.detail


def test_nul_characters_are_left_out_and_named() -> None:
    parsed = read(f"{HEADER}\ntask,A\0B\n")
    assert parsed.tasks[0].title == "AB"
    assert [(problem.line, problem.detail) for problem in parsed.problems] == [(2, "1 NUL characters were left out.")]


def test_an_unclosed_quotation_mark_is_named() -> None:
    parsed = read(f'{HEADER}\ntask,A\ntask,"B\ntask,C\n')
    assert [problem.line for problem in parsed.problems] == [3]
    assert "task,C" in parsed.tasks[1].title


def test_a_field_beyond_what_csv_reads_costs_its_row_only() -> None:
    parsed = read(f"{HEADER}\ntask,{'x' * 200_000}\ntask,B\n")
    assert [task.title for task in parsed.tasks] == ["B"]
    assert [problem.line for problem in parsed.problems] == [2]


def test_a_million_columns_are_read() -> None:
    parsed = read(f"{HEADER}{',' * 1_000_000}\ntask,A{',' * 1_000_000}z\n")
    assert [task.title for task in parsed.tasks] == ["A"]


def test_a_section_ends_the_tree_above_it() -> None:
    parsed = read(f"{HEADER}\ntask,A\nsection,S\ntask,B,,,2\n")
    assert [(task.section, task.parent_external_id) for task in parsed.tasks] == [(None, None), ("S", None)]
    assert [problem.field for problem in parsed.problems] == ["INDENT"]


def test_of_two_columns_with_one_name_the_first_is_read() -> None:
    parsed = read("TYPE,CONTENT,CONTENT\ntask,A,B\n")
    assert [task.title for task in parsed.tasks] == ["A"]
    assert "twice" in parsed.problems[0].detail


def test_a_file_of_endless_rows_is_not_read_to_its_end() -> None:
    parsed = read(f"{HEADER}\ntask,A\n" + "\n" * (10 * MAX_TASKS) + "task,B\n")
    assert [task.title for task in parsed.tasks] == ["A"]
    assert "was not read" in parsed.problems[0].detail


def test_more_tasks_than_the_limit_are_counted() -> None:
    parsed = read(f"{HEADER}\n" + "task,A\n" * (MAX_TASKS + 5))
    assert len(parsed.tasks) == MAX_TASKS == len({task.external_id for task in parsed.tasks})
    assert "last 5 were left out" in parsed.problems[-1].detail


def test_problems_are_bounded_and_the_rest_is_counted() -> None:
    parsed = read(f"{HEADER}\n" + "what,A\n" * (MAX_PROBLEMS + 5))
    assert len(parsed.problems) == MAX_PROBLEMS + 1
    assert parsed.problems[-1].detail.startswith("5 more problems")


cells = st.text(max_size=30) | st.sampled_from(
    ["task", "section", "note", "meta", "1", "2", "99", "today 9am", "9999-12-31 23:59", "UTC", "minute", '"', "@a @b"]
)


def check(parsed: ParsedImport) -> None:
    seen: set[str] = set()
    for task in parsed.tasks:
        assert task.external_id not in seen
        assert task.parent_external_id is None or task.parent_external_id in seen
        seen.add(task.external_id)
        assert 1 <= len(task.title) <= MAX_TITLE
        assert len(task.description) <= MAX_DESCRIPTION
        assert task.due_date is None or task.due_at is None
        for text in (task.title, task.description, *task.labels, *(comment.body for comment in task.comments)):
            assert "\0" not in text
            text.encode()
        for moment in (task.due_at, task.created_at, task.completed_at):
            assert moment is None or moment.utcoffset() is not None
    for problem in parsed.problems:
        assert problem.line >= 1
        assert problem.detail
        problem.detail.encode()


def read_or_refuse(data: bytes, now: datetime = NOW) -> None:
    try:
        parsed = read(data, now)
    except ImportFormatError:
        return
    check(parsed)


@given(st.binary(max_size=300))
def test_no_bytes_are_an_error(data: bytes) -> None:
    read_or_refuse(data)
    read_or_refuse(HEADER.encode() + b"\n" + data)


@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, cells)), max_size=8),
    st.datetimes(timezones=st.just(UTC)),
)
def test_no_cells_are_an_error(rows: list[dict[str, Any]], now: datetime) -> None:
    read_or_refuse(rows_of(*rows).encode("utf-8", "replace"), now)
