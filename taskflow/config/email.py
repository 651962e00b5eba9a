"""The address of a mail server: `smtp://user:password@host:port?tls=starttls|implicit|off`."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from taskflow.config.addresses import is_loopback

Tls = Literal["starttls", "implicit", "off"]

_TLS_WORDS: dict[str, Tls] = {
    "starttls": "starttls",
    "true": "starttls",
    "on": "starttls",
    "yes": "starttls",
    "1": "starttls",
    "implicit": "implicit",
    "ssl": "implicit",
    "tls": "implicit",
    "off": "off",
    "none": "off",
    "false": "off",
    "no": "off",
    "0": "off",
}


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over, and how the connection is protected."""

    host: str
    port: int
    tls: Tls
    username: str = ""
    password: str = field(default="", repr=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """Read an SMTP address.

    Without `tls=` the connection is implicit TLS on port 465 and for `smtps://`, plain to loopback, STARTTLS otherwise.
    Raises ValueError; the text never repeats the address, which may hold a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"}:
        raise ValueError("it does not begin with smtp:// or smtps://")
    if not parts.hostname:
        raise ValueError("it names no host")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ValueError("it has a path, which SMTP has not; write special characters in the password as %XX")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("its port is not a number from 1 to 65535") from None
    query = parse_qs(parts.query, keep_blank_values=True)
    if set(query) - {"tls"}:
        raise ValueError("the only option is tls=starttls, tls=implicit or tls=off")
    tls: Tls
    if "tls" in query:
        word = query["tls"][-1].lower()
        if word not in _TLS_WORDS:
            raise ValueError("tls is none of starttls, implicit, off")
        tls = _TLS_WORDS[word]
    elif parts.scheme == "smtps" or port == 465:
        tls = "implicit"
    else:
        tls = "off" if is_loopback(parts.hostname) else "starttls"
    return SmtpServer(
        host=parts.hostname,
        port=port or {"implicit": 465, "starttls": 587, "off": 25}[tls],
        tls=tls,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
