"""Contents in the file store: writing one before its row is committed, removing what no row refers to.

A content is in the store before its row is committed, and leaves it some time after its row is gone. A crash between
the two leaves a content without a row, which the daily sweep removes; never a row without its content.
"""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID, uuid4

from django.db.models import QuerySet

from taskflow.application import ledger, ports
from taskflow.application.changes import Change, change
from taskflow.application.jobs import handles
from taskflow.domain.errors import Invalid, StorageFull
from taskflow.domain.file_names import clean_name
from taskflow.domain.file_types import FIELD, HEAD, Found, decide_type
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import Attachment, Job
from taskflow.store.models.jobs import JobState

FORGET, SWEEP = "files.forget", "files.sweep"
#: A content outlives its row by this, so that a backup that copies the database first still finds all that it names.
LINGER = timedelta(hours=1)
#: A content without a row that is older was left by a crash; a younger one may belong to a request that still runs.
ABANDONED = timedelta(hours=24)
SWEEP_EVERY = timedelta(days=1)
CHUNK = 500
_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a client sent it; name and media type are its own words."""

    name: str
    content_type: str
    size: int
    content: IO[bytes]


@dataclass(slots=True)
class StoredFile:
    """A content that was checked and lies in the store; `taken` once a row refers to it."""

    name: str
    content_type: str
    size: int
    sha256: str
    blob: UUID
    taken: bool = False


def check_upload(upload: Upload) -> tuple[str, str]:
    """The name and the media type that a file is kept with; `Invalid` names what is wrong with it."""
    if upload.size == 0:
        raise Invalid.field(FIELD, "empty", "The file is empty. Send one with content.")
    name = clean_name(upload.name)
    upload.content.seek(0)
    head = upload.content.read(HEAD)
    return name, decide_type(name, upload.content_type, head, _look(head))


@contextmanager
def stored(upload: Upload) -> Iterator[StoredFile]:
    """Checks a file and writes it into the store, outside of any transaction; removed again unless it was taken.

    `Invalid` names what is wrong with the file, `StorageFull` is raised when the disk takes no more.
    """
    name, content_type = check_upload(upload)
    digest, blob = hashlib.sha256(), uuid4()
    upload.content.seek(0)

    def chunks() -> Iterator[bytes]:
        while chunk := upload.content.read(_BLOCK):
            digest.update(chunk)
            yield chunk

    try:
        ports.files().write(blob.hex, chunks())
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull("The server's disk is full. Ask the operator to make room.") from error
        raise
    file = StoredFile(name, content_type, upload.size, digest.hexdigest(), blob)
    try:
        yield file
    finally:
        if not file.taken:
            ports.files().delete(blob.hex)


def _look(head: bytes) -> Found | None:
    import filetype

    kind = filetype.guess(head)
    return None if kind is None else Found(kind.extension, kind.mime)


def forget_files(opened: Change, rows: QuerySet[Attachment]) -> None:
    """Files the removal of the contents of `rows`, which the caller is about to delete."""
    names = [blob.hex for blob in rows.values_list("blob", flat=True)]
    for start in range(0, len(names), CHUNK):
        opened.job(FORGET, {"files": names[start : start + CHUNK]}, at=opened.now + LINGER)


@handles(FORGET)
def remove_forgotten(job: Job) -> None:
    """Removes contents whose rows are gone."""
    for name in job.payload["files"]:
        ports.files().delete(name)
    with change(SYSTEM):
        ledger.finish(job)


def is_sweep_due(now: datetime) -> bool:
    """Whether the store was not looked through for a day; never where nothing was ever attached."""
    if ports.files().is_empty():
        return False
    recent = Job.objects.filter(state=JobState.DONE, finished_at__gt=now - SWEEP_EVERY, kind=SWEEP)
    return not recent.exists()


@handles(SWEEP)
def sweep(job: Job) -> None:
    """Removes contents that no row refers to and that are too old to belong to a request.

    A database that knows no file at all is more likely the wrong one: then everything stays.
    """
    if Attachment.objects.exists():
        before, names = ports.now() - ABANDONED, []
        for name, written_at in ports.files().names():
            if written_at < before:
                names.append(name)
            if len(names) == CHUNK:
                _remove_unknown(names)
                ledger.extend(job, ports.now())
                names = []
        _remove_unknown(names)
    with change(SYSTEM):
        ledger.finish(job)


def _remove_unknown(names: list[str]) -> None:
    known = Attachment.objects.filter(blob__in=[UUID(name) for name in names]).values_list("blob", flat=True)
    for name in set(names) - {blob.hex for blob in known}:
        ports.files().delete(name)
