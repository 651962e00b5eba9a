"""What values of settings must be. Each check gives the value as it is kept; `ValueError` says what is wrong."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from pydantic import SecretStr

from taskflow.config.database import parse_postgres_address
from taskflow.config.email import parse_smtp_url

_HOST = re.compile(r"(\*|\.?[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])", re.IGNORECASE)
_PLUGIN = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*(==[A-Za-z0-9.!+_-]+)?")
_MAILBOX = re.compile(r"([^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)")
_DATABASE_SCHEMES = {"sqlite", "postgres", "postgresql"}


def database(value: SecretStr) -> SecretStr:
    """The address of a database."""
    address = value.get_secret_value()
    if urlsplit(address).scheme not in _DATABASE_SCHEMES:
        raise ValueError("it begins with none of sqlite://, postgres://, postgresql://")
    if address.startswith("postgres"):
        parse_postgres_address(address)
    return value


def amqp(value: SecretStr) -> SecretStr:
    """The address of a message broker."""
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"amqp", "amqps"} or not parts.hostname:
        raise ValueError("it is not an amqp:// or amqps:// address")
    return value


def smtp(value: SecretStr) -> SecretStr:
    """The address of a mail server."""
    parse_smtp_url(value.get_secret_value())
    return value


def origin(value: str) -> str:
    """A web address without a path."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it is not an http:// or https:// address")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ValueError("it has more than scheme, host and port")
    return value.rstrip("/")


def mailbox(value: str) -> str:
    """An e-mail address, with or without a name before it."""
    if not _MAILBOX.fullmatch(value):
        raise ValueError("it is not an e-mail address")
    return value


def at_least(count: int) -> Callable[[SecretStr], SecretStr]:
    """The check of a secret of so many characters."""

    def check(value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < count:
            raise ValueError(f"it has fewer than {count} characters")
        return value

    return check


def not_negative(value: int) -> int:
    """A number from 0 on."""
    if value < 0:
        raise ValueError("it is less than 0")
    return value


def fernet_keys(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    """Keys of the encryption ring."""
    for number, key in enumerate(value, start=1):
        try:
            raw = base64.urlsafe_b64decode(key.get_secret_value())
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != 32:
            raise ValueError(f"key {number} is not 32 bytes in URL-safe base64")
    return value


def host_names(value: tuple[str, ...]) -> tuple[str, ...]:
    """Names of hosts, * and names that begin with a dot among them."""
    for host in value:
        if not _HOST.fullmatch(host):
            raise ValueError(f'"{host}" is not a host name (no scheme, no port)')
    return value


def hosts_or_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Names, addresses and networks."""
    for entry in value:
        try:
            ipaddress.ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            if not _HOST.fullmatch(entry) or entry == "*" or entry.startswith("."):
                raise ValueError(f'"{entry}" is not a host, an IP address or a network') from None
    return value


def slugs(value: tuple[str, ...]) -> tuple[str, ...]:
    """Plugins, each with or without a version; none for a single dash."""
    if value == ("-",):
        return ()
    for entry in value:
        if not _PLUGIN.fullmatch(entry):
            raise ValueError(f'"{entry}" is neither a slug nor slug==version')
    return value
