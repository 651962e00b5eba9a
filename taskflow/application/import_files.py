"""Files that come with an imported list: each is checked as an upload is, put on its task, and remembered.

A file that was brought in is an `ImportedRecord` of its own (`file:` and its id), so that an import run again adds none
twice, nor one that somebody took off its task since.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from taskflow.application.attachments import Room, attach, open_task
from taskflow.application.changes import change
from taskflow.application.import_places import Places
from taskflow.application.stored_files import Upload, check_upload, stored
from taskflow.domain.errors import Invalid, TaskFlowError
from taskflow.domain.importers.archives import Contents
from taskflow.domain.importers.records import ImportedFile, ImportedTask
from taskflow.domain.importers.texts import quote
from taskflow.domain.permissions import Actor
from taskflow.domain.text import fold
from taskflow.store.models import ImportedRecord, User

#: What a request may hold, and so an upload.
MOST_BYTES = 10 * 1024 * 1024
CHUNK = 500


class ImportedFiles:
    """The files of one import of `records` out of the archive `data`: how many came, and what became of the others."""

    def __init__(self, actor: Actor, source: str, data: bytes, records: Sequence[ImportedTask]) -> None:
        self._actor, self._source = actor, source
        self._records = [record for record in records if record.files]
        #: Whether there are any.
        self.wanted = bool(self._records)
        self._contents = Contents(data) if self.wanted else None
        self.count = 0
        self.refused: list[tuple[ImportedTask, str]] = []

    def bring_in(self) -> None:
        """Puts the files on the tasks that the records became, each in a change of its own."""
        for record, file, task in self._missing():
            if task is None:
                continue
            try:
                with stored(self._upload(file)) as kept:
                    with change(self._actor) as opened:
                        # As in the import of tasks, two of one person take turns.
                        User.objects.select_for_update(no_key=True).filter(pk=self._actor.person).first()
                        held = open_task(self._actor, task, lock=True)
                        named = {"user_id": self._actor.person, "source": self._source, "external_id": _name(file)}
                        if ImportedRecord.objects.filter(**named).exists():
                            continue
                        attach(opened, held, kept, created_at=file.created_at)
                        ImportedRecord.objects.create(**named, task=held)
                    kept.taken = True
                self.count += 1
            except TaskFlowError as error:
                self._refuse(record, file, error)

    def preview(self, coming: Mapping[str, ImportedTask], places: Places) -> None:
        """Checks what `bring_in` would, for tasks that are here and those that are `coming`; changes nothing."""
        rooms: dict[UUID | str, Room] = {}
        for record, file, task in self._missing():
            if task is None and record.external_id not in coming:
                continue
            try:
                upload = self._upload(file)
                check_upload(upload)
                project = (
                    places.find(record.project) if task is None else open_task(self._actor, task, lock=False).project
                )
                place = fold(record.project or "") if project is None else project.pk
                if place not in rooms:
                    rooms[place] = Room(None if project is None else project.pk)
                rooms[place].take(upload.size, on=task or record.external_id)
                self.count += 1
            except TaskFlowError as error:
                self._refuse(record, file, error)

    def _missing(self) -> Iterator[tuple[ImportedTask, ImportedFile, UUID | None]]:
        """The files that were not brought in before, with the tasks that an import made of their records, if any.

        A task that is here and was not imported has its files; one in the trash takes none.
        """
        mine = ImportedRecord.objects.filter(user_id=self._actor.person, source=self._source)
        for start in range(0, len(self._records), CHUNK):
            chunk = self._records[start : start + CHUNK]
            names = [record.external_id for record in chunk]
            tasks = dict(mine.filter(external_id__in=names).values_list("external_id", "task_id"))
            trashed = set(mine.filter(task__deleted_at__isnull=False, external_id__in=names).values_list("task_id"))
            known: set[str] = set()
            files = [_name(file) for record in chunk for file in record.files]
            for first in range(0, len(files), CHUNK):
                part = mine.filter(external_id__in=files[first : first + CHUNK])
                known.update(part.values_list("external_id", flat=True))
            for record in chunk:
                task = tasks.get(record.external_id)
                if (task,) not in trashed:
                    yield from ((record, file, task) for file in record.files if _name(file) not in known)

    def _upload(self, file: ImportedFile) -> Upload:
        if self._contents is None:
            raise TypeError("an import without files has no contents")
        content = self._contents.read(file.place, MOST_BYTES)
        return Upload(file.name, file.content_type, len(content), io.BytesIO(content))

    def _refuse(self, record: ImportedTask, file: ImportedFile, error: TaskFlowError) -> None:
        detail = error.errors[0].detail if isinstance(error, Invalid) and error.errors else error.detail
        self.refused.append((record, f"The file {quote(file.name)} was left out: {detail}"))


def _name(file: ImportedFile) -> str:
    return f"file:{file.external_id}"
