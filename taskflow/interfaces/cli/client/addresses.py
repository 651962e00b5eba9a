"""Addresses of instances as people write them."""

from urllib.parse import urlsplit

DEFAULT = "http://localhost:8000"
_API = "/api/v1"


def read_address(text: str) -> str:
    """The address of an instance without a slash at its end: scheme, host, port and path.

    Without a scheme, `http` is meant on this machine and `https` elsewhere. `ValueError` says what is wrong with it.
    """
    text = text.strip()
    if "://" not in text:
        text = f"{'http' if is_local(f'http://{text}') else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError(f"{text!r} is no address. It takes one like {DEFAULT}.")
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{parts.scheme!r} is neither http nor https.")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"The address is scheme, host and port alone, like {DEFAULT}.")
    path = parts.path.rstrip("/").removesuffix(_API).rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def is_local(address: str) -> bool:
    """Whether the address leads to this machine and nowhere else."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    # Imported here: help must be quick.
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
