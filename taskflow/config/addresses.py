"""Hosts and networks: what is loopback, and what an allow-list covers. Nothing here asks a name server."""

import ipaddress
from collections.abc import Iterable

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, IPv6 with or without brackets) is this machine itself."""
    bare = host.strip("[]").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def is_allowed(host: str, allowed: Iterable[str]) -> bool:
    """Whether an allow-list of host names, addresses and networks covers `host`. Names are compared without case."""
    bare = host.strip("[]").lower()
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare in {entry.strip("[]").lower() for entry in allowed}
    for entry in allowed:
        try:
            if address in ipaddress.ip_network(entry.strip("[]"), strict=False):
                return True
        except ValueError:
            continue
    return False
