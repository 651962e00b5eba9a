"""Where a task stands in its project's own order: keys with always room between two of them."""

from uuid import UUID

from fractional_indexing import generate_key_between, generate_n_keys_between

from taskflow.store import sequences
from taskflow.store.models import Task

#: Characters; the column takes 200.
LONGEST = 100
#: Tasks on either side that get new ranks where one has become too long; four times as many where that does not do.
WINDOW = 32


def last_rank(project_id: UUID) -> str:
    """A rank after every task of the project."""
    return next_ranks(project_id, 1)[0]


def rank_after(last: str | None) -> str:
    """The rank of the next task of a project, of which `last` is the greatest."""
    return str(generate_key_between(last, None))


def next_ranks(project_id: UUID, count: int) -> list[str]:
    """`count` ranks after every task of the project, in order."""
    return [str(rank) for rank in generate_n_keys_between(sequences.last_rank(project_id), None, count)]


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
    others = Task.objects.filter(project_id=neighbour.project_id).only("rank")
    width = WINDOW
    while True:
        below = list(others.filter(rank__lt=neighbour.rank).order_by("-rank")[: width + 1])[::-1]
        above = list(others.filter(rank__gte=neighbour.rank).order_by("rank")[: width + 1])
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
    others = Task.objects.filter(project_id=neighbour.project_id)
    if before:
        previous = others.filter(rank__lt=neighbour.rank).order_by("-rank").values_list("rank", flat=True).first()
        return str(generate_key_between(previous, neighbour.rank))
    following = others.filter(rank__gt=neighbour.rank).order_by("rank").values_list("rank", flat=True).first()
    return str(generate_key_between(neighbour.rank, following))
