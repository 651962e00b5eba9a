"""The generation of plugins that is in force, and the model provider that is asked."""

from django.db import transaction
from django.db.models import F

from taskflow.store.models import PluginBoard


def read_board() -> PluginBoard:
    """The board; one that was never written stands at its beginning."""
    return PluginBoard.objects.filter(pk=PluginBoard.ONLY).first() or PluginBoard()


def next_generation() -> None:
    """Tells every process that runs plugins to look again, once the open transaction is committed."""
    with transaction.atomic():
        if not PluginBoard.objects.filter(pk=PluginBoard.ONLY).update(generation=F("generation") + 1):
            PluginBoard.objects.get_or_create(pk=PluginBoard.ONLY)
            PluginBoard.objects.filter(pk=PluginBoard.ONLY).update(generation=F("generation") + 1)
