"""The secrets of plugins' settings at rest: bringing them under the newest key, and counting them."""

from collections.abc import Iterator

from django.db import transaction

from taskflow.application import ports
from taskflow.application.plugin_settings import secret_context
from taskflow.store.models import PluginSetup


def rotate_plugin_secrets() -> int:
    """Brings every stored secret under the newest key; how many were not yet. All or none. `Undecryptable`."""
    box = ports.secrets()
    rotated = 0
    with transaction.atomic():
        for setup in PluginSetup.objects.select_for_update().order_by("pk"):
            stale = {name: token for name, token, context in _tokens(setup) if not box.is_current(token, context)}
            for name, token in stale.items():
                context = secret_context(setup.distribution, setup.slug, name)
                setup.secrets[name] = box.encrypt(box.decrypt(token, context), context)
            if stale:
                setup.save(update_fields=["secrets"])
                rotated += len(stale)
    return rotated


def count_plugin_secrets() -> tuple[int, int]:
    """How many secrets are stored, and how many of them no key decrypts."""
    total = unreadable = 0
    for setup in PluginSetup.objects.order_by("pk"):
        for _, token, context in _tokens(setup):
            total += 1
            try:
                ports.secrets().decrypt(token, context)
            except ports.Undecryptable:
                unreadable += 1
    return total, unreadable


def _tokens(setup: PluginSetup) -> Iterator[tuple[str, str, str]]:
    """Field, token and what it is encrypted for."""
    for name, token in setup.secrets.items():
        yield name, token, secret_context(setup.distribution, setup.slug, name)
