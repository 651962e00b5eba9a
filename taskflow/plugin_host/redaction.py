"""Takes the secrets of a plugin's settings out of whatever is logged, stored or shown."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

MARK = "[secret]"
#: Shorter ones would take words out of every sentence.
_SHORTEST = 4


class Redactor:
    """Replaces secrets, and the ways in which they are usually written into addresses."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._given = frozenset(secrets)
        found: set[str] = set()
        for secret in self._given:
            found |= {secret, quote(secret, safe=""), *_parts(secret)}
        # The longest first: a part of one would leave the rest of it.
        self._secrets = sorted((text for text in found if len(text) >= _SHORTEST), key=len, reverse=True)

    def extended(self, secrets: Iterable[str]) -> "Redactor":
        """One that takes out these too."""
        more = frozenset(secrets) - self._given
        return Redactor(self._given | more) if more else self

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MARK)
        return text


def _parts(secret: str) -> set[str]:
    """The password of an address, which others print without the address."""
    try:
        password = urlsplit(secret).password
    except ValueError:
        return set()
    return {password, unquote(password)} if password else set()


def redactor_of(config: Mapping[str, Any], secrets: Iterable[str]) -> Redactor:
    """For the settings of a plugin of which the named fields are secret."""
    return Redactor(str(config[name]) for name in secrets if config.get(name))
