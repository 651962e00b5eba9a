"""Second factors at rest: allauth's secrets, encrypted under the instance's key ring."""

from collections.abc import Callable, Iterator
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction

from taskflow.application.ports import Undecryptable
from taskflow.infrastructure.crypto import SecretBox, open_box

CONTEXT = "second factor"

#: The entries of `Authenticator.data` that allauth passes through the adapter.
_SINGLE, _LISTS = ("secret", "seed"), ("migrated_codes",)


class EncryptedSecrets(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no annotations
    """allauth's adapter (MFA_ADAPTER): what it stores is encrypted."""

    def encrypt(self, text: str) -> str:
        """The secret as it is stored."""
        return open_box().encrypt(text, CONTEXT)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret as it is used. Raises Undecryptable."""
        return open_box().decrypt(encrypted_text, CONTEXT)


def rotate_second_factors(box: SecretBox) -> int:
    """Bring every stored secret under the newest key; how many were not yet. All or none. Raises Undecryptable."""
    rotated = 0
    with transaction.atomic():
        for row in Authenticator.objects.select_for_update().order_by("pk"):
            stale = [token for token in _tokens(row.data) if not box.is_current(token, CONTEXT)]
            if stale:
                row.data = _replace_tokens(row.data, lambda token: box.rotate(token, CONTEXT))
                row.save(update_fields=["data"])
                rotated += len(stale)
    return rotated


def count_second_factors(box: SecretBox) -> tuple[int, int]:
    """How many secrets are stored, and how many of them no key decrypts."""
    total = unreadable = 0
    for row in Authenticator.objects.order_by("pk").iterator():
        for token in _tokens(row.data):
            total += 1
            try:
                box.decrypt(token, CONTEXT)
            except Undecryptable:
                unreadable += 1
    return total, unreadable


def _tokens(data: dict[str, Any]) -> Iterator[str]:
    yield from (data[name] for name in _SINGLE if name in data)
    for name in _LISTS:
        yield from data.get(name, ())


def _replace_tokens(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    single = {name: change(data[name]) for name in _SINGLE if name in data}
    lists = {name: [change(token) for token in data[name]] for name in _LISTS if name in data}
    return {**data, **single, **lists}
