"""The generation of plugins that is in force, and the model provider that is asked."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from taskflow.application.changes import Change
from taskflow.store.models import PluginBoard

#: The job that readies the language model in force: `model_warming.py`.
WARM = "models.warm"


def read_board() -> PluginBoard:
    """The board; one that was never written stands at its beginning."""
    return PluginBoard.objects.filter(pk=PluginBoard.ONLY).first() or PluginBoard()


def pick(board: PluginBoard, ready: Sequence[str]) -> str | None:
    """The slug of the model provider that is asked, of those that are ready."""
    if board.provider:
        return board.provider if board.provider in ready else None
    return ready[0] if len(ready) == 1 else None


def next_generation(opened: Change) -> None:
    """Tells every process that runs plugins to look again, once the change is committed, and has the model readied."""
    opened.job(WARM, {}, key=WARM)
    with transaction.atomic():
        if not PluginBoard.objects.filter(pk=PluginBoard.ONLY).update(generation=F("generation") + 1):
            PluginBoard.objects.get_or_create(pk=PluginBoard.ONLY)
            PluginBoard.objects.filter(pk=PluginBoard.ONLY).update(generation=F("generation") + 1)
