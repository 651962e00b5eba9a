"""`taskflow secrets rotate`: a new encryption key, and everything brought under it."""

from dataclasses import dataclass

from django.db import transaction

from taskflow.application.plugin_secrets import rotate_plugin_secrets
from taskflow.config import Settings
from taskflow.config.keys import RING_FILE, generate_fernet_key, load_keys, write_private
from taskflow.infrastructure.crypto import open_box
from taskflow.infrastructure.mfa import rotate_second_factors


@dataclass(frozen=True)
class Rotation:
    """What a rotation did: whether a key was made, how many secrets were re-encrypted, how many keys the ring has."""

    new_key: bool
    reencrypted: int
    keys: int


def rotate_secrets(settings: Settings, *, prune: bool) -> Rotation:
    """Put a new key first in the ring, then re-encrypt every stored secret with it.

    Old keys stay in the ring, so that older backups of the database can still be read, unless `prune`. A ring that
    comes from TASKFLOW_SECRET_KEYS is the operator's: no key is made, secrets are brought under its first one.
    An interruption at any step leaves everything readable. Raises Undecryptable; then no secret was changed.
    """
    path = settings.data_dir / RING_FILE
    own = not settings.secret_keys
    if own:
        ring = (generate_fernet_key(), *load_keys(settings).ring)
        write_private(path, "\n".join(ring) + "\n", replace=True)
    reencrypted = _rotate_all()
    if own and prune:
        # A server that read the old ring just before may have written one more secret under it.
        reencrypted += _rotate_all()
        write_private(path, load_keys(settings).ring[0] + "\n", replace=True)
    return Rotation(new_key=own, reencrypted=reencrypted, keys=len(load_keys(settings).ring))


def _rotate_all() -> int:
    with transaction.atomic():
        return rotate_second_factors(open_box()) + rotate_plugin_secrets()
