"""No address that somebody gives reaches what it should not: a listener on this machine sees no connection."""

import asyncio
import gzip
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from taskflow.plugin_api.errors import PermanentError, PluginError, TransientError
from taskflow.plugin_host.outbound import GivenBy, Guard, Refused

PRIVATE = [
    *("127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255"),
    *("172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.1", "169.254.169.254", "169.254.0.1"),
    *("100.64.0.1", "100.100.100.200", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.1", "198.51.100.1"),
    *("203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *(
        "::1",
        "::",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "fd12:3456::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
    ),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:0001"),
    *("::127.0.0.1", "::7f00:1", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::10.0.0.1", "2002:7f00:1::"),
    *("2002:a00:1::1", "2002:c0a8:1::", "2001:0:7f00:1:0:0:0:0", "2001::1", "0:0:0:0:0:0:0:1", "0000::0001"),
]
NUMBERS = [
    *("2130706433", "0x7f000001", "0x7F000001", "017700000001", "127.1", "127.0.1", "0177.0.0.1", "0177.0.0.01"),
    *("0x7f.0.0.1", "0x7f.1", "0x7f.0x0.0x0.0x1", "00177.0.0.1", "127.0.0.01", "127.000.000.001", "0", "00", "0x0"),
    *("2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "3232235521", "0xc0a80001", "167772161"),
    *("127.0.0.1.", "2130706433.", "0x7f.1.", "1", "017700000001.", "4294967295", "127.0.0x1", "127..1"),
]
NAMES = [
    *(
        "localhost",
        "LOCALHOST",
        "LocalHost",
        "localhost.",
        "localhost..",
        "ip6-localhost",
        "127。0。0。1",
        "１２７.0.0.1",
    ),
    *("①②⑦.⓪.⓪.①", "127.0.0.1%00", "127.0.0.1%20", "loc%61lhost", "ⓛocalhost", "fe80::1%25lo", "::1%25lo", ""),
]
TRICKS = [
    *(
        "http://example.org@{}/",
        "http://example.org:80@{}/",
        "http://user:pw@{}/",
        "http:\\\\{}\\",
        "http://{}#@a.org/",
    ),
    *("http://{}?@a.org/", "http://{}\\@a.org/", "http:///{}/", "file://{}/etc/passwd", "gopher://{}/", "ftp://{}/"),
    *("unix://{}/", "ws://{}/", "data:text/plain,{}", "//{}/", "{}", "jar:http://{}!/", "dict://{}/", "ldap://{}/"),
]


@dataclass
class Listener:
    """A server on every address of this machine that answers as it is told, and counts its connections."""

    port: int = 0
    connections: int = 0
    head: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    pieces: list[bytes] = field(default_factory=lambda: [b"ok"])
    pause: float = 0.0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.head)
            for piece in self.pieces:
                await asyncio.sleep(self.pause)
                writer.write(piece)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    held = Listener()
    server = await asyncio.start_server(held.answer, "127.0.0.1", 0)
    held.port = server.sockets[0].getsockname()[1]
    try:
        second = await asyncio.start_server(held.answer, "::1", held.port)
    except OSError:
        second = None
    yield held
    server.close()
    if second is not None:
        second.close()


async def get(guard: Guard, url: str, given_by: GivenBy = GivenBy.USER, timeout: float = 3) -> httpx.Response:
    async with guard.client(timeout=timeout, given_by=given_by) as client:
        return await client.get(url)


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def lookups(*answers: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A name server that gives one answer after the other, the last one for good."""
    left = itertools.chain(answers, itertools.repeat(answers[-1]))

    async def look_up(name: str, port: int) -> Sequence[str]:
        return next(left)

    return look_up


@pytest.mark.parametrize("host", [*PRIVATE, *NUMBERS, *NAMES])
async def test_no_host_of_a_user_reaches_this_machine(listener: Listener, host: str) -> None:
    with pytest.raises((PluginError, httpx.InvalidURL, httpx.UnsupportedProtocol)):
        await get(Guard(), f"http://{bracketed(host)}:{listener.port}/")
    assert listener.connections == 0


@pytest.mark.parametrize("trick", TRICKS)
async def test_no_address_of_a_user_hides_where_it_goes(listener: Listener, trick: str) -> None:
    with pytest.raises((PluginError, httpx.InvalidURL, httpx.UnsupportedProtocol)):
        await get(Guard(), trick.format(f"127.0.0.1:{listener.port}"))
    assert listener.connections == 0


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_name_leads_there_either(address: str) -> None:
    with pytest.raises(Refused, match="public"):
        await Guard(look_up=lookups([address])).resolve("a.example.org", 80, GivenBy.USER)
    with pytest.raises(Refused, match="public"):
        await Guard(look_up=lookups(["93.184.216.34", address])).resolve("a.example.org", 80, GivenBy.USER)


def test_there_are_enough_of_them() -> None:
    assert len({*PRIVATE, *NUMBERS, *NAMES, *TRICKS}) >= 120


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "2002:5db8:d822::1"])
async def test_public_addresses_are_let_out(address: str) -> None:
    assert await Guard(look_up=lookups([address])).resolve("a.example.org", 80, GivenBy.USER) == [address]


async def test_the_address_that_was_judged_is_the_one_that_is_connected_to(listener: Listener) -> None:
    """A name server that gives a public address to the judge and a private one to whoever connects (rebinding)."""
    asked: list[str] = []
    answers = iter([["203.0.114.1"], ["127.0.0.1"], ["127.0.0.1"]])

    async def look_up(name: str, port: int) -> Sequence[str]:
        asked.append(name)
        return next(answers)

    with pytest.raises(TransientError):
        await get(Guard(look_up=look_up), f"http://rebind.example.org:{listener.port}/", timeout=0.3)
    assert (asked, listener.connections) == (["rebind.example.org"], 0)


@pytest.mark.parametrize(
    "allowed", ["127.0.0.1", "127.0.0.0/8", "::/0,0.0.0.0/0", "intern.example.org", "[::1],127.0.0.1"]
)
async def test_what_an_administrator_allows_is_let_out(listener: Listener, allowed: str) -> None:
    guard = Guard(allow=allowed.split(","), look_up=lookups(["127.0.0.1"]))
    assert (await get(guard, f"http://intern.example.org:{listener.port}/")).text == "ok"


@pytest.mark.parametrize("wrong", ["http://a.org", "a b", "10.0.0.0/99", "*", ""])
def test_what_is_no_address_cannot_be_allowed(wrong: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        Guard(allow=[wrong])


async def test_an_administrators_address_may_be_on_the_local_network(listener: Listener) -> None:
    url = f"http://127.0.0.1:{listener.port}/"
    assert (await get(Guard(), url, GivenBy.ADMINISTRATOR)).status_code == 200
    Guard().check_address("10.0.0.1", GivenBy.ADMINISTRATOR)


async def test_offline_is_loopback_and_what_is_allowed(listener: Listener) -> None:
    guard = Guard(offline=True, allow=["10.1.0.0/16"])
    assert (await get(guard, f"http://127.0.0.1:{listener.port}/", GivenBy.ADMINISTRATOR)).text == "ok"
    guard.check_address("10.1.2.3", GivenBy.ADMINISTRATOR)
    for address in ("10.2.0.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "0.0.0.0"):
        with pytest.raises(Refused, match="offline"):
            guard.check_address(address, GivenBy.ADMINISTRATOR)
    with pytest.raises(Refused, match="public"):
        guard.check_address("127.0.0.1", GivenBy.USER)


async def test_redirects_are_not_followed(listener: Listener) -> None:
    listener.head = (
        f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{listener.port}/\r\nContent-Length: 2\r\n\r\n".encode()
    )
    answer = await get(Guard(), f"http://127.0.0.1:{listener.port}/", GivenBy.ADMINISTRATOR)
    assert (answer.status_code, listener.connections) == (302, 1)


async def test_an_answer_ends_at_its_size(listener: Listener) -> None:
    listener.head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    listener.pieces = [b"x" * 1_000_000] * 20
    with pytest.raises(PermanentError, match="5000 kB"):
        await get(Guard(), f"http://127.0.0.1:{listener.port}/", GivenBy.ADMINISTRATOR)


async def test_a_packed_answer_is_not_unpacked(listener: Listener) -> None:
    body = gzip.compress(b"x" * 100_000_000)
    listener.head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    listener.pieces = [body]
    with pytest.raises(PermanentError, match="packed"):
        await get(Guard(), f"http://127.0.0.1:{listener.port}/", GivenBy.ADMINISTRATOR)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"])
async def test_what_drips_ends_in_time(listener: Listener, head: bytes) -> None:
    listener.head, listener.pieces, listener.pause = head, [b"x"] * 50, 0.1
    began = asyncio.get_running_loop().time()
    with pytest.raises(TransientError):
        await get(Guard(), f"http://127.0.0.1:{listener.port}/", GivenBy.ADMINISTRATOR, timeout=0.4)
    assert asyncio.get_running_loop().time() - began < 3


@pytest.mark.parametrize("head", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
async def test_what_breaks_off_may_work_later(listener: Listener, head: bytes) -> None:
    listener.head, listener.pieces = head, []
    with pytest.raises(TransientError):
        await get(Guard(), f"http://127.0.0.1:{listener.port}/", GivenBy.ADMINISTRATOR)


async def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    with pytest.raises(TransientError, match="cannot be resolved"):
        await get(Guard(), "http://nobody.invalid/")


async def test_a_socket_for_another_protocol_goes_where_the_guard_allows() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connection = await Guard(offline=True).connect("localhost", port, GivenBy.ADMINISTRATOR, timeout=5)
        connection.close()
        with pytest.raises(Refused, match="not on the public internet"):
            await Guard().connect("127.0.0.1", port, GivenBy.USER, timeout=5)
    with pytest.raises(TransientError, match=str(port)):
        await Guard().connect("127.0.0.1", port, GivenBy.ADMINISTRATOR, timeout=5)
    with pytest.raises(Refused, match="offline"):
        await Guard(offline=True).connect("192.0.2.1", port, GivenBy.ADMINISTRATOR, timeout=5)
