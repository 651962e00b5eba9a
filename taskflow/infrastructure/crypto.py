"""Encryption of secrets at rest: Fernet under a key ring that is kept outside the database.

Each purpose (`context`) has keys of its own, derived from the ring by HKDF (RFC 5869), so that a value copied from one
column into another does not decrypt there. The newest key encrypts, every key of the ring decrypts.
"""

import base64
from collections.abc import Callable, Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from taskflow.application.ports import Undecryptable
from taskflow.config import current_settings
from taskflow.config.keys import load_keys


class SecretBox:
    """Encrypts under the ring that `read_ring` gives, newest key first.

    The ring is asked for at every use, so a rotation by another process takes effect without a restart.
    """

    def __init__(self, read_ring: Callable[[], Sequence[str]]) -> None:
        self._read_ring = read_ring

    def encrypt(self, value: str, context: str) -> str:
        """The value as a Fernet token of printable characters."""
        return self._cipher(context).encrypt(value.encode()).decode("ascii")

    def decrypt(self, token: str, context: str) -> str:
        """The value that `encrypt` was given. Raises Undecryptable."""
        try:
            return self._cipher(context).decrypt(token.encode()).decode()
        except (InvalidToken, UnicodeDecodeError):
            raise Undecryptable(
                f"A stored secret ({context}) cannot be decrypted: check TASKFLOW_SECRET_KEYS or restore secret_keys."
            ) from None

    def rotate(self, token: str, context: str) -> str:
        """The same value under the newest key. Raises Undecryptable."""
        return self.encrypt(self.decrypt(token, context), context)

    def is_current(self, token: str, context: str) -> bool:
        """Whether the newest key alone decrypts the token."""
        try:
            _derive(self._read_ring()[0], context).decrypt(token.encode())
        except InvalidToken:
            return False
        return True

    def _cipher(self, context: str) -> MultiFernet:
        return MultiFernet([_derive(key, context) for key in self._read_ring()])


def open_box() -> SecretBox:
    """The secrets of this instance. The ring is read anew at every use, so a rotation needs no restart."""
    return SecretBox(lambda: load_keys(current_settings()).ring)


@lru_cache(maxsize=64)
def _derive(key: str, context: str) -> Fernet:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"taskflow " + context.encode())
    return Fernet(base64.urlsafe_b64encode(hkdf.derive(base64.urlsafe_b64decode(key))))
