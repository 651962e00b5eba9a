"""The one door for connections that somebody else's address asks for: plugins' settings now, webhooks later.

A name is resolved once, every address that it gives is judged, and the connection goes to the very address that was
judged: a name server that answers differently the second time gains nothing. Redirects are not followed. Answers end
at a size and at a time. Third-party code that opens sockets by itself is not held back by any of this.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from enum import Enum
from typing import Any, TypeAlias

import httpcore
import httpx

from taskflow.plugin_api.errors import PermanentError, TransientError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
#: The numeric addresses of a name.
Lookup: TypeAlias = Awaitable[Sequence[str]]
Networks: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

MOST_BYTES = 5_000_000
_FAILURES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
_SCHEMES = frozenset({"http", "https"})
#: inet_aton's other ways to write an address: decimal, octal, hexadecimal, fewer than four parts.
_ODD_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]*))*\.?", re.IGNORECASE)
#: RFC 6052: IPv4 behind a translator.
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
#: RFC 4291, 2.5.5.1: IPv4 in the last 32 bits, deprecated and still understood.
_COMPATIBLE = ipaddress.IPv6Network("::/96")


class Refused(PermanentError):
    """The address may not be connected to; the message names it and the remedy."""


class GivenBy(Enum):
    """Whose address it is."""

    #: An administrator's, or the environment's: it may be on the local network.
    ADMINISTRATOR = "administrator"
    #: Anybody's: it must be on the internet.
    USER = "user"


class Guard:
    """What an instance lets out. `allow` holds names, addresses and networks (CIDR) that are always let out.

    `offline` refuses all but loopback and `allow`. `look_up` is asked for a name's addresses, by default the system.
    `ValueError` for an entry of `allow` that is none of those.
    """

    def __init__(
        self, *, allow: Iterable[str] = (), offline: bool = False, look_up: Callable[[str, int], Lookup] | None = None
    ) -> None:
        self._offline = offline
        self._look_up = look_up or _look_up
        networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        names: set[str] = set()
        for entry in allow:
            text = entry.strip().strip("[]").lower().rstrip(".")
            try:
                networks.append(ipaddress.ip_network(text))
            except ValueError:
                if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", text):
                    raise ValueError(f"{entry!r} is no name, address or network") from None
                names.add(text)
        self._networks: Networks = tuple(networks)
        self._names = frozenset(names)

    def client(self, *, timeout: float, given_by: GivenBy, most_bytes: int = MOST_BYTES) -> httpx.AsyncClient:
        """A client whose requests take `timeout` seconds each at most and whose answers have `most_bytes` at most."""
        transport = _GuardedTransport(self, timeout, given_by, most_bytes)
        # Proxies and certificates named by the environment are none of the address's business.
        return httpx.AsyncClient(
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )

    async def connect(self, host: str, port: int, given_by: GivenBy, *, timeout: float) -> socket.socket:
        """A TCP connection for another protocol than HTTP, to the address that was judged; without TLS.

        `Refused`, or `TransientError` when it does not stand within `timeout` seconds.
        """
        loop = asyncio.get_running_loop()
        failure: OSError | None = None
        try:
            async with asyncio.timeout(timeout):
                for address in await self.resolve(host, port, given_by):
                    family = socket.AF_INET6 if ":" in address else socket.AF_INET
                    connection = socket.socket(family, socket.SOCK_STREAM)
                    connection.setblocking(False)
                    try:
                        await loop.sock_connect(connection, (address, port))
                    except OSError as error:
                        connection.close()
                        failure = error
                    except BaseException:
                        connection.close()
                        raise
                    else:
                        return connection
        except TimeoutError as error:
            raise TransientError(f"{host} port {port} did not answer within {timeout:g} seconds.") from error
        raise TransientError(f"{host} port {port}: {failure}") from failure

    async def resolve(self, host: str, port: int, given_by: GivenBy) -> list[str]:
        """The addresses of a host, in order, if all of them may be connected to; else `Refused`.

        `TransientError` for a name that cannot be resolved now.
        """
        name = self._check_name(host)
        try:
            addresses = list(dict.fromkeys(await self._look_up(name, port)))
        except (socket.gaierror, UnicodeError) as error:
            raise TransientError(f"{name} cannot be resolved: {error}") from error
        for address in addresses:
            self.check_address(address, given_by, name=name)
        if not addresses:
            raise TransientError(f"{name} has no address.")
        return addresses

    def check_address(self, text: str, given_by: GivenBy, *, name: str = "") -> None:
        """`Refused` unless this numeric address may be connected to; `name` is what it was resolved from."""
        shown = f"{name} ({text})" if name and name != text else text
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise Refused(f"{shown} is no address.") from None
        if name in self._names or any(_is_in(address, network) for network in self._networks):
            return
        if self._offline and not all(inner.is_loopback for inner in _layers(address)):
            raise Refused(f"{shown}: this instance is offline. An administrator can name it in OUTBOUND_ALLOW.")
        if given_by is GivenBy.USER and not all(_is_public(inner) for inner in _layers(address)):
            raise Refused(f"{shown} is not on the public internet. An administrator can name it in OUTBOUND_ALLOW.")

    def _check_name(self, host: str) -> str:
        name = host.strip("[]").lower().rstrip(".")
        if not name or len(name) > 253 or "%" in name or any(ord(sign) <= 32 for sign in name):
            raise Refused(f"{host[:100]!r} is no host.")
        if _ODD_NUMBER.fullmatch(name) and not _is_dotted(name):
            raise Refused(f"{name} is a number in another form. Write the address in full, as 192.0.2.1.")
        return name


async def _look_up(name: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


def _is_dotted(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def _is_in(address: Address, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return address.version == network.version and address in network


def _layers(address: Address) -> list[Address]:
    """The address, and those that it stands for: each of them could be where packets go."""
    layers: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 0xFFFF):
            inner.append(last)
        layers += [held for held in inner if held is not None]
    return layers


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        # The inner address is judged by itself.
        return True
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that the guard let through, and to nothing else."""

    def __init__(self, guard: Guard, given_by: GivenBy) -> None:
        self._guard, self._given_by = guard, given_by
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """To the first address that answers. TLS is spoken with the name, by the caller."""
        failure: Exception | None = None
        for address in await self._guard.resolve(host, port, self._given_by):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise Refused(f"{path} is a socket of this machine.")

    async def sleep(self, seconds: float) -> None:
        """httpcore's hook, between its attempts."""
        await self._inner.sleep(seconds)


class _GuardedTransport(httpx.AsyncBaseTransport):
    """httpx's way to httpcore, over the guarded backend, with both limits."""

    def __init__(self, guard: Guard, timeout: float, given_by: GivenBy, most_bytes: int) -> None:
        self._timeout, self._most_bytes = timeout, most_bytes
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=20,
            # Many servers close an idle connection after five seconds, which may be when it is used again.
            keepalive_expiry=4,
            network_backend=_Backend(guard, given_by),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request. `Refused`, or `TransientError` when it takes too long or the other side fails."""
        if request.url.scheme not in _SCHEMES:
            raise Refused(f"{request.url.scheme}: only http and https addresses are connected to.")
        ends = asyncio.get_running_loop().time() + self._timeout
        try:
            async with asyncio.timeout_at(ends):
                sent = await self._pool.handle_async_request(
                    httpcore.Request(
                        method=request.method,
                        url=httpcore.URL(
                            scheme=request.url.raw_scheme,
                            host=request.url.raw_host,
                            port=request.url.port,
                            target=request.url.raw_path,
                        ),
                        headers=request.headers.raw,
                        content=request.stream,
                        extensions=request.extensions,
                    )
                )
        except TimeoutError as error:
            raise TransientError(f"{request.url.host} did not answer within {self._timeout:g} seconds.") from error
        except _FAILURES as error:
            raise TransientError(f"{request.url.host}: {type(error).__name__}: {error}") from error
        if any(name.lower() == b"content-encoding" and value.lower() != b"identity" for name, value in sent.headers):
            await sent.aclose()
            # A megabyte can be packed into a kilobyte; what is counted is what is read.
            raise PermanentError(f"{request.url.host} packed its answer, which it was not asked to do.")
        stream = _Bounded(sent, self._most_bytes, ends, request.url.host)
        return httpx.Response(sent.status, headers=sent.headers, stream=stream, extensions=sent.extensions)

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._pool.aclose()


class _Bounded(httpx.AsyncByteStream):
    """An answer's body that ends with an error at its size and at its time."""

    def __init__(self, sent: httpcore.Response, most_bytes: int, ends: float, host: str) -> None:
        self._sent, self._most, self._ends, self._host = sent, most_bytes, ends, host

    async def __aiter__(self) -> AsyncIterator[bytes]:
        count = 0
        pieces = aiter(self._sent.aiter_stream())
        while True:
            try:
                # Not around the loop: between two pieces the time is the reader's.
                async with asyncio.timeout_at(self._ends):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise TransientError(f"{self._host} did not finish its answer in time.") from error
            except _FAILURES as error:
                raise TransientError(f"{self._host}: {type(error).__name__}: {error}") from error
            count += len(piece)
            if count > self._most:
                raise PermanentError(f"{self._host} answered with more than {self._most // 1000} kB.")
            yield piece

    async def aclose(self) -> None:
        """Gives the connection back, or closes it where the body was not read to its end."""
        await self._sent.aclose()
