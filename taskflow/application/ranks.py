"""Where a task stands in its project's own order: keys with always room between two of them."""

from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate
from fractional_indexing import generate_key_between, generate_n_keys_between

from taskflow.store.models import Task

#: Characters; the column takes 200.
LONGEST = 100
#: Tasks on either side that get new ranks where one has become too long; four times as many where that does not do.
WINDOW = 32


def rank_order() -> Combinable:
    """Ranks compare byte by byte: what SQLite does by itself, and PostgreSQL under the collation C."""
    return Collate("rank", "C") if connection.vendor == "postgresql" else F("rank")


def last_rank(project_id: UUID) -> str:
    """A rank after every task of the project."""
    return next_ranks(project_id, 1)[0]


def next_ranks(project_id: UUID, count: int) -> list[str]:
    """`count` ranks after every task of the project, in order."""
    ranks = Task.objects.filter(project_id=project_id).order_by(rank_order().desc())  # type: ignore[attr-defined]
    last = ranks.values_list("rank", flat=True).first()
    return [str(rank) for rank in generate_n_keys_between(last, None, count)]


def rank_beside(neighbour: Task, *, before: bool) -> str:
    """A rank directly before, or directly after, `neighbour` in its project.

    A rank grows by a character with every six moves into one gap: where one becomes too long, the tasks around it get
    new ones, in the same order. No other task is touched.
    """
    rank = _between(neighbour, before=before)
    if len(rank) > LONGEST:
        _spread(neighbour)
        neighbour.refresh_from_db(fields=["rank"])
        rank = _between(neighbour, before=before)
    return rank


def _spread(neighbour: Task) -> None:
    """Gives the tasks around `neighbour` ranks of about equal length: as few tasks as make them short again."""
    others = Task.objects.filter(project_id=neighbour.project_id).annotate(place=rank_order()).only("rank")
    width = WINDOW
    while True:
        below = list(others.filter(place__lt=neighbour.rank).order_by("-place")[: width + 1])[::-1]
        above = list(others.filter(place__gte=neighbour.rank).order_by("place")[: width + 1])
        # The outermost ones keep their ranks, unless they are the project's first or last.
        first = below.pop(0).rank if len(below) > width else None
        last = above.pop().rank if len(above) > width else None
        tasks = below + above
        ranks = generate_n_keys_between(first, last, len(tasks))
        if max(map(len, ranks)) <= LONGEST // 2 or (first is None and last is None):
            break
        width *= 4
    for task, rank in zip(tasks, ranks, strict=True):
        task.rank = rank
    Task.objects.bulk_update(tasks, ["rank"], batch_size=500)


def _between(neighbour: Task, *, before: bool) -> str:
    others = Task.objects.filter(project_id=neighbour.project_id).annotate(place=rank_order())
    if before:
        previous = others.filter(place__lt=neighbour.rank).order_by("-place").values_list("rank", flat=True).first()
        return str(generate_key_between(previous, neighbour.rank))
    following = others.filter(place__gt=neighbour.rank).order_by("place").values_list("rank", flat=True).first()
    return str(generate_key_between(neighbour.rank, following))
