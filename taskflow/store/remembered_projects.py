"""Projects that this process alone has added to of late: the next task needs no look at them.

What is remembered is only tried: `at_once.write_new` writes nothing unless the row is still that one.
"""

from collections import OrderedDict
from copy import copy
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from taskflow.domain.permissions import Actor
from taskflow.store.at_once import SeenProject

#: Person and reference.
Key: TypeAlias = tuple[UUID | None, str]

MOST = 1_000
#: Looks that make a project one that nobody else adds to. A try in vain costs as much as a look, so of two processes
#: that take turns at random neither may try often.
ENOUGH = 4


@dataclass(frozen=True, slots=True)
class _Memory:
    seen: SeenProject
    #: How many looks in a row found it as this process had left it.
    unchanged: int


_memories: OrderedDict[Key, _Memory] = OrderedDict()


def recall(actor: Actor, reference: str) -> SeenProject | None:
    """What is worth a try, a copy to change; None where a look is better."""
    memory = _memories.get((actor.user_id, reference))
    if memory is None or memory.unchanged < ENOUGH or actor.operator:
        return None
    if actor.projects is not None and memory.seen.project.pk not in actor.projects:
        return None
    return _copied(memory.seen)


def remember(actor: Actor, reference: str, looked: str | None, left: SeenProject) -> None:
    """Notes how a project was left; `looked` is the row's version that a look had shown before (None:
    the memory was right)."""
    if reference.lower() not in {str(left.project.pk), left.project.key.lower()}:
        # A former key: who has it next is not told by this row.
        return
    key = (actor.user_id, reference)
    memory = _memories.pop(key, None)
    kept = memory is not None and (looked is None or looked == memory.seen.xmin)
    _memories[key] = _Memory(_copied(left), memory.unchanged + 1 if memory and kept else 0)
    while len(_memories) > MOST:
        _memories.popitem(last=False)


def _copied(seen: SeenProject) -> SeenProject:
    project = copy(seen.project)
    project._state = copy(seen.project._state)
    return replace(seen, project=project)
