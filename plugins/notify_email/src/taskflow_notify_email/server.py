"""The address of a mail server: `smtp://user:password@host:port?tls=starttls|implicit|off`.

It is read as TaskFlow reads its own TASKFLOW_EMAIL_URL.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

Tls: TypeAlias = Literal["starttls", "implicit", "off"]

_WORDS: dict[str, Tls] = {
    **dict.fromkeys(("starttls", "true", "on", "yes", "1"), "starttls"),
    **dict.fromkeys(("implicit", "ssl", "tls"), "implicit"),
    **dict.fromkeys(("off", "none", "false", "no", "0"), "off"),
}
_PORTS: dict[Tls, int] = {"starttls": 587, "implicit": 465, "off": 25}
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?|[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over, and how the connection is protected."""

    host: str
    port: int
    tls: Tls
    username: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_url(url: str) -> Server:
    """Reads an address. Without `tls=`: implicit TLS on port 465 and for `smtps://`, plain to loopback, else STARTTLS.

    `ValueError`; the text repeats nothing of the address, which may hold a password.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValueError(
            "it cannot be read: its port is a number from 1 to 65535, special characters are %XX"
        ) from None
    if parts.scheme not in {"smtp", "smtps"}:
        raise ValueError("it does not begin with smtp:// or smtps://")
    if not _HOST.fullmatch(host) or port == 0:
        raise ValueError("it names no host, or none that is one")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ValueError("it has a path, which SMTP has not; write special characters in the password as %XX")
    tls = _read_tls(parts.query) or _guess_tls(parts.scheme, host, port)
    return Server(
        host=host,
        port=port or _PORTS[tls],
        tls=tls,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _read_tls(query: str) -> Tls | None:
    options = parse_qs(query, keep_blank_values=True)
    if not options:
        return None
    word = options.pop("tls", [""])[-1].lower()
    if options or word not in _WORDS:
        raise ValueError("the only option is tls=starttls, tls=implicit or tls=off")
    return _WORDS[word]


def _guess_tls(scheme: str, host: str, port: int | None) -> Tls:
    if scheme == "smtps" or port == _PORTS["implicit"]:
        return "implicit"
    return "off" if _is_loopback(host) else "starttls"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".") == "localhost"
