"""What imported tasks wait for: set once all of a list is here; a circle in it is left out and reported."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from taskflow.application import urgency
from taskflow.application.changes import Change
from taskflow.application.dependencies import lock_links
from taskflow.domain.importers.records import ImportedTask
from taskflow.domain.permissions import Actor
from taskflow.store.links import links_above
from taskflow.store.models import Dependency, ImportedRecord

CIRCLE = "The task waits for itself in a circle: its dependencies were left out. Set them by hand."
#: Looking for circles walks at most this many links a chunk; a list that needs more is made to.
_MOST_STEPS = 1_000_000


class _Graph:
    """Who waits for whom, never in a circle."""

    def __init__(self, links: Iterable[tuple[UUID, UUID]]) -> None:
        self._blockers: dict[UUID, set[UUID]] = defaultdict(set)
        self._waited_for: set[UUID] = set()
        self._steps = 0
        for blocked, blocker in links:
            self._add(blocked, blocker)

    def add(self, blocked: UUID, blockers: Sequence[UUID]) -> bool:
        """Adds the links; False, and adds none, where they would close a circle (or finding out takes too long)."""
        if blocked in blockers or (blocked in self._waited_for and self._reaches(blockers, blocked)):
            return False
        for blocker in blockers:
            self._add(blocked, blocker)
        return True

    def _add(self, blocked: UUID, blocker: UUID) -> None:
        self._blockers[blocked].add(blocker)
        self._waited_for.add(blocker)

    def _reaches(self, start: Iterable[UUID], wanted: UUID) -> bool:
        seen, stack = set(start), list(start)
        while stack and self._steps < _MOST_STEPS:
            for blocker in self._blockers.get(stack.pop(), ()):
                self._steps += 1
                if blocker == wanted:
                    return True
                if blocker not in seen:
                    seen.add(blocker)
                    stack.append(blocker)
        return bool(stack)


def unlinked(actor: Actor, source: str, records: Sequence[ImportedTask]) -> list[ImportedTask]:
    """The records whose tasks do not wait yet for what they name."""
    left = ImportedRecord.objects.filter(user_id=actor.person, source=source, linked=False)
    names = set(left.values_list("external_id", flat=True))
    return [record for record in records if record.external_id in names]


def link(opened: Change, source: str, records: Sequence[ImportedTask]) -> list[tuple[ImportedTask, str]]:
    """Sets what these records' tasks wait for, where that was not done before; what had to be left out, and why."""
    actor = opened.actor
    mine = ImportedRecord.objects.filter(user_id=actor.person, source=source)
    names = [record.external_id for record in records]
    waiting = dict(
        mine.filter(external_id__in=names, linked=False, task__deleted_at=None).values_list("external_id", "task_id")
    )
    if not waiting:
        return []
    lock_links()
    wanted = {name for record in records if record.external_id in waiting for name in record.depends_on}
    known = dict(mine.filter(external_id__in=wanted).values_list("external_id", "task_id"))
    graph = _Graph(links_above(known.values()))
    links: list[Dependency] = []
    refused = []
    for record in records:
        task = waiting.get(record.external_id)
        blockers = [known[name] for name in record.depends_on if name in known]
        if task is None:
            continue
        if graph.add(task, blockers):
            links += [Dependency(blocked_id=task, blocker_id=blocker) for blocker in dict.fromkeys(blockers)]
        else:
            refused.append((record, CIRCLE))
    Dependency.objects.bulk_create(links, ignore_conflicts=True)
    mine.filter(external_id__in=waiting).update(linked=True)
    urgency.refresh(waiting.values(), opened.now)
    return refused


def find_circles(records: Sequence[ImportedTask]) -> Iterator[tuple[ImportedTask, str]]:
    """What `link` would leave out of records that are not here yet."""
    # Tasks that are here already wait for none of these: only what is coming can close a circle.
    ids = {record.external_id: UUID(int=number) for number, record in enumerate(records)}
    graph = _Graph(())
    for record in records:
        blockers = [ids[name] for name in record.depends_on if name in ids]
        if blockers and not graph.add(ids[record.external_id], blockers):
            yield record, CIRCLE
