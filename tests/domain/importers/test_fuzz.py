"""Mutated samples and arbitrary bytes: a report or `ImportFormatError`, and nothing that could not be stored."""

import io
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskflow.domain.importers import IMPORTERS
from taskflow.domain.importers.archives import unpack
from taskflow.domain.importers.records import (
    MAX_DESCRIPTION,
    MAX_EXTERNAL_ID,
    MAX_TITLE,
    ImportFormatError,
    ParsedImport,
)

SAMPLES = Path(__file__).parents[2] / "data" / "import"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FILES = {
    "csv": "tasks.csv",
    "ics": "tasks.ics",
    "taskflow": "taskflow.json",
    "taskwarrior": "taskwarrior.json",
    "todoist": "todoist.csv",
    "trello": "trello.json",
    "vikunja": "vikunja.json",
}
#: What breaks parsers: ends of strings and objects, huge numbers, halves of characters, other encodings' marks.
SPLINTERS = st.sampled_from(
    [
        *(b'"', b"'", b"{", b"}", b"[", b"]", b",", b";", b":", b"\n", b"\r", b"\0", b"\\", b"\\u0000", b"\\ud800"),
        *(
            b"null",
            b"-1",
            b"1e999",
            b"9" * 30,
            b"[[[[",
            b"99999999",
            b"0001-01-01T00:00:00Z",
            b"9999-12-31T23:59:59-12:00",
        ),
        *(
            b"BEGIN:VTODO\r\n",
            b"END:VTODO\r\n",
            b"END:VCALENDAR\r\n",
            b"\r\n ",
            b'""""',
            b"\t",
            b"=",
            b"\xe9",
            b"\xff\xfe",
        ),
    ]
)


@st.composite
def mutated(draw: st.DrawFn, sample: bytes) -> bytes:
    data = bytearray(sample)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.sampled_from([0, 0, 1, 2, 10, 100, 1000])))
        data[at:until] = draw(st.one_of(SPLINTERS, st.binary(max_size=4), st.just(bytes(data[until : until + 50]))))
    return bytes(data)


def check(parsed: ParsedImport) -> None:
    """What the database can hold, whatever the file was."""
    ids = [task.external_id for task in parsed.tasks]
    assert len(set(ids)) == len(ids)
    seen: set[str] = set()
    for task in parsed.tasks:
        assert 0 < len(task.title) <= MAX_TITLE
        assert len(task.description) <= MAX_DESCRIPTION
        assert 0 < len(task.external_id) <= MAX_EXTERNAL_ID
        assert task.parent_external_id is None or task.parent_external_id in seen
        assert task.due_date is None or task.due_at is None
        for text in (task.title, task.description, task.project or "", *task.all_labels):
            assert "\0" not in text
            text.encode()
        for moment in (task.due_at, task.created_at, task.completed_at):
            assert moment is None or moment.utcoffset() is not None
        seen.add(task.external_id)
    assert all(problem.line >= 1 and problem.detail for problem in parsed.problems)


@pytest.mark.parametrize("source", sorted(IMPORTERS))
def test_mutated_samples_are_read_or_refused(source: str) -> None:
    sample = (SAMPLES / FILES[source]).read_bytes()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mutated(sample))
    def run(data: bytes) -> None:
        with suppress(ImportFormatError):
            check(IMPORTERS[source](data, name="list", now=NOW, timezone="Europe/Berlin"))

    run()


@pytest.mark.parametrize("source", sorted(IMPORTERS))
@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(source: str, data: bytes) -> None:
    with suppress(ImportFormatError):
        check(IMPORTERS[source](data, name="list", now=NOW, timezone="UTC"))


def packed(method: int, *, streamed: bool) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        with archive.open("data.json", "w", force_zip64=streamed) as member:
            member.write(b'{"a": [1, 2, 3]}' * 20)
        archive.writestr("files/x", "Hello")
    return file.getvalue()


ARCHIVES = [packed(method, streamed=streamed) for method in (0, 8, 12, 14) for streamed in (False, True)]
#: Marks of the parts of an archive, largest numbers, other kinds of compression.
MARKS = st.sampled_from(
    [b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"\xff" * 4, b"\0" * 4, b"\x0c\0", b"\x0e\0", b"c\0"]
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(ARCHIVES),
    st.lists(st.tuples(st.integers(4, 500), st.integers(0, 4), st.binary(max_size=4) | MARKS), min_size=1, max_size=6),
)
def test_a_broken_archive_is_unpacked_or_refused(archive: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, length, piece in cuts:
        archive = archive[:at] + piece + archive[at + length :]
    with suppress(ImportFormatError):
        assert isinstance(unpack(archive, "data.json", "a zip."), bytes)
