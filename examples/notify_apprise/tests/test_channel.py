"""Messages arrive at a real server; what fails says so without a word of an address."""

import asyncio
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sink import Sink
from taskflow.plugin_api import (
    AuthError,
    Delivery,
    Message,
    NotificationChannel,
    PermanentError,
    PluginError,
    Recipient,
    TransientError,
)

from taskflow_notify_apprise import Config, UserConfig, manifest, taskflow_notification_channels
from taskflow_notify_apprise.channel import AppriseChannel

MESSAGE = Message(
    key="k-1",
    event="task.assigned",
    subject="A task & more",
    body="*Yours* now.",
    url="https://tasks.example/t/1",
    time=datetime(2026, 11, 24, 9, tzinfo=UTC),
)
ADA = Recipient(username="ada")


def make(urls: str, **settings: Any) -> AppriseChannel:
    context: Any = SimpleNamespace(config=Config.model_validate({"urls": urls, **settings}))
    (channel,) = taskflow_notification_channels(context)
    return channel


def send(channel: AppriseChannel, recipient: Recipient = ADA) -> Delivery:
    return asyncio.run(channel.send(MESSAGE, recipient))


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.close()


@pytest.fixture
def dead_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_it_is_what_its_manifest_says() -> None:
    assert isinstance(make(""), NotificationChannel)
    assert manifest.slug == "apprise"


def test_a_message_goes_to_every_address_as_it_is(sink: Sink) -> None:
    delivery = send(make(f"{sink.url('one')}\n  {sink.url('two')}"))
    assert delivery.detail == "taken by JSON, JSON"
    assert sorted(path for path, _ in sink.taken) == ["/one", "/two"]
    body = sink.taken[0][1]
    assert (body["title"], body["message"]) == ("A task & more", "*Yours* now.\n\nhttps://tasks.example/t/1")


def test_an_address_that_is_not_understood_is_counted_and_not_shown(sink: Sink) -> None:
    channel = make(f"{sink.url()} nothing://a-secret-word@host")
    with pytest.raises(PermanentError, match=r"counted from 1: 2\.") as caught:
        send(channel)
    assert "secret" not in str(caught.value)
    assert sink.taken == []


def test_without_an_address_there_is_nothing_to_try_again() -> None:
    with pytest.raises(PermanentError, match="No address"):
        send(make(" \n"))


def test_a_dead_host_may_come_back(dead_port: int) -> None:
    channel = make(f"json://ada:a-secret-word@127.0.0.1:{dead_port}/a-secret-path")
    with pytest.raises(TransientError, match="Connection error") as caught:
        send(channel)
    assert str(caught.value).startswith("Address 1 (JSON) failed:")
    assert all(word not in str(caught.value) for word in ("secret", "127.0.0.1", str(dead_port)))


def test_after_a_failure_only_what_failed_is_tried_again(sink: Sink) -> None:
    sink.refusals = {"two": 500}
    channel = make(f"{sink.url('one')} {sink.url('two')}")
    for _ in range(2):
        with pytest.raises(TransientError, match="Address 2"):
            send(channel)
    assert [path for path, _ in sink.taken] == ["/one"]


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        ({"one": 401, "two": 403}, AuthError),
        ({"two": 401}, PermanentError),
        ({"one": 404, "two": 401}, PermanentError),
        ({"one": 401, "two": 429}, TransientError),
    ],
)
def test_only_refusals_everywhere_stop_the_channel(
    sink: Sink, refusals: dict[str, int], expected: type[PluginError]
) -> None:
    sink.refusals = refusals
    with pytest.raises(expected) as caught:
        send(make(f"{sink.url('one')} {sink.url('two')}"))
    assert type(caught.value) is expected


def test_an_own_address_that_is_refused_stops_nobody_elses(sink: Sink) -> None:
    sink.refusals = {"own": 401}
    ada = Recipient(username="ada", settings=UserConfig.model_validate({"url": sink.url("own")}))
    with pytest.raises(PermanentError, match="error=401"):
        send(make("", own_services=["json"]), ada)


def test_a_server_that_hangs_is_given_up_in_time_while_the_loop_runs(sink: Sink) -> None:
    sink.gate.clear()
    channel = make(sink.url(), timeout_s=0.5)
    gaps: list[float] = []

    async def watch() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    async def both() -> None:
        await channel.check()
        watcher = asyncio.create_task(watch())
        try:
            await channel.send(MESSAGE, ADA)
        finally:
            watcher.cancel()

    began = time.monotonic()
    with pytest.raises(TransientError, match=r"did not answer within 0\.5 seconds"):
        asyncio.run(both())
    assert time.monotonic() - began < 5
    assert len(gaps) > 10
    assert max(gaps) < 0.1


def test_a_cancelled_call_leaves_the_channel_usable(sink: Sink) -> None:
    channel = make(sink.url())

    async def cancel_and_send() -> Delivery:
        await channel.check()
        sink.gate.clear()
        call = asyncio.create_task(channel.send(MESSAGE.model_copy(update={"key": "k-0"}), ADA))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        sink.gate.set()
        return await channel.send(MESSAGE, ADA)

    assert asyncio.run(cancel_and_send()).detail == "taken by JSON"


def test_an_own_address_is_used_where_its_service_is_allowed(sink: Sink) -> None:
    settings = UserConfig.model_validate({"url": sink.url("own")})
    ada = Recipient(username="ada", settings=settings)
    send(make(sink.url("common"), own_services=["JSON"]), ada)
    assert [path for path, _ in sink.taken] == ["/own"]
    with pytest.raises(PermanentError, match=r"allowed \(tgram\)") as caught:
        send(make(sink.url("common"), own_services=["tgram"]), ada)
    assert "secret" not in str(caught.value)
    assert len(sink.taken) == 1


def test_a_check_sends_nothing(sink: Sink) -> None:
    health = asyncio.run(make(sink.url()).check())
    assert (health.ok, health.sample) == (True, "Understood: JSON. Nothing was sent.")
    health = asyncio.run(make("nothing://here").check())
    assert (health.ok, "appriseit.com" in health.next_step) == (False, True)
    health = asyncio.run(make("tgram://123456789:abcdefg_hijklmnop/12315544/").check())
    assert health.sample == "Understood: Telegram. Nothing was sent."
    assert sink.taken == []


def test_a_check_finds_that_nobody_listens(dead_port: int) -> None:
    health = asyncio.run(make(f"json://ada:a-secret-word@127.0.0.1:{dead_port}").check())
    assert (health.ok, health.error) == (False, "Address 1 (JSON) cannot be connected to: ConnectionRefusedError.")


def test_no_repr_shows_an_address(sink: Sink, capfd: pytest.CaptureFixture[str]) -> None:
    channel = make(f"{sink.url()} nothing://a-secret-word@host/a-secret-path")
    settings = UserConfig.model_validate({"url": sink.url()})
    asyncio.run(channel.check())
    shown = f"{channel!r} {channel._common!r} {settings!r} {Config.model_validate({'urls': sink.url()})!r}"
    assert "secret" not in shown
    printed = capfd.readouterr()
    assert "secret" not in printed.out + printed.err
