"""Takes the secrets of a plugin's settings out of whatever is logged, stored or shown."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

MARK = "[secret]"
#: Shorter ones would take words out of every sentence.
_SHORTEST = 4


class Redactor:
    """Replaces secrets, and the ways in which they are usually written into addresses, headers, JSON and traces."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._given = frozenset(secrets)
        found: set[str] = set()
        for secret in self._given:
            for plain in {secret, secret.strip(), *_parts(secret)}:
                if len(plain) >= _SHORTEST:
                    found.update(_write(plain))
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


def _write(plain: str) -> Iterator[str]:
    """A secret as it is found in texts."""
    yield plain
    for quoted in (quote(plain, safe=""), quote(plain), quote_plus(plain)):
        yield quoted
        # RFC 3986 takes %2F and %2f for the same.
        yield _lower_escapes(quoted)
    escaped = _escape(plain)
    yield from escaped
    # A KeyError shows its text with repr, and that text may have been a JSON document.
    for once in escaped:
        yield from _escape(once)
    yield html.escape(plain)
    yield from _in_base64(plain.encode(errors="replace"))


def _escape(plain: str) -> set[str]:
    """As JSON and Python write it inside of quotes; which of those Python escapes depends on the rest of the text."""
    python = {repr(plain)[1:-1], repr(f'"{plain}')[2:-1]}
    return python | {json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]}


def _lower_escapes(quoted: str) -> str:
    first, *parts = quoted.split("%")
    return first + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts)


def _in_base64(plain: bytes) -> Iterator[str]:
    """What base64 makes of it whatever stands before and after it, as a user name does in an Authorization header."""
    for offset in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            text = encode(b"\0" * offset + plain).decode().rstrip("=")
            # Characters that also hold bits of the neighbours differ from text to text.
            first = (0, 2, 3)[offset]
            last = len(text) - (1 if (offset + len(plain)) % 3 else 0)
            if last - first >= 2 * _SHORTEST:
                yield text[first:last]


def redactor_of(config: Mapping[str, Any], secrets: Iterable[str]) -> Redactor:
    """For the settings of a plugin of which the named fields are secret."""
    return Redactor(str(config[name]) for name in secrets if config.get(name))


def clean(value: Any, redact: Redactor) -> Any:
    """A JSON value without secrets, and with nothing in its texts that no database or answer can hold.

    `RecursionError` for one that is nested too deeply.
    """
    if isinstance(value, str):
        return clean_text(redact(value))
    if isinstance(value, list):
        return [clean(each, redact) for each in value]
    if isinstance(value, dict):
        return {clean_text(redact(str(name))): clean(each, redact) for name, each in value.items()}
    return value


def clean_text(text: str) -> str:
    """The text with U+FFFD for NUL, which PostgreSQL refuses, and for halves of surrogate pairs, which UTF-8 does."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
