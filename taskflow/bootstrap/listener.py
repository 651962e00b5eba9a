"""The listening socket. The supervisor holds it, so connections wait while a web process is replaced."""

import errno
import ipaddress
import socket


class CannotListen(Exception):
    """The address cannot be listened on; the text names it and the remedy."""


def open_listener(host: str, port: int) -> socket.socket:
    """A bound TCP socket that refuses connections until a web process listens on it. Raises CannotListen."""
    if not host.strip():
        raise CannotListen("--host is empty. Give an address of this machine, or 0.0.0.0 for every one.")
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        family = socket.AF_INET
    # asyncio turns delays off only where the protocol is said, and connections take the option from here: an answer in
    # two parts would else wait 40 ms for the client's acknowledgement of the first.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # With SO_REUSEADDR two sockets may be bound to one port as long as nobody listens: listening settles it.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise CannotListen(_explain(host, port, error)) from None
    return listener


def _explain(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8000
        return f"Port {port} is in use by another program. Stop it, or choose another port: --port {other}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose one above 1023: --port 8000"
    return f"Cannot listen on {host} port {port} ({error.strerror or error}). Choose an address of this machine: --host"
