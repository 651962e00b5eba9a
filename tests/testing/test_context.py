"""The context of tests is what hooks get from their host, and shows what they did with it."""

import logging
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from taskflow.plugin_api import PermanentError, PluginConfig, PluginContext, TransientError
from taskflow.testing.context import FakeClock, FakeContext
from taskflow.testing.servers import FakeHTTP, Fault

pytest_plugins = ["taskflow.testing.plugin"]


class Config(PluginConfig):
    token: SecretStr = SecretStr("planted")
    other: SecretStr | None = None


def test_it_is_a_context() -> None:
    ctx = FakeContext(Config())
    as_hooks_see_it: PluginContext = ctx
    assert as_hooks_see_it.config == Config()


def test_the_clock_is_set() -> None:
    ctx = FakeContext(Config(), clock=FakeClock(datetime(2026, 5, 1, tzinfo=UTC)))
    ctx.clock.advance(hours=2)
    assert ctx.clock.now() == datetime(2026, 5, 1, 2, tzinfo=UTC)


def test_the_log_is_kept_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ctx = FakeContext(Config(other=SecretStr("planted-too")))
    ctx.log.debug("sent %s", "planted-too")
    try:
        raise ValueError("planted")
    except ValueError:
        ctx.log.exception("failed")
    assert ctx.logged[0] == "DEBUG sent ***"
    assert ctx.logged[1].startswith("ERROR failed\nTraceback")
    assert "ValueError: ***" in ctx.logged[1]
    assert "planted" not in caplog.text
    assert "sent ***" in caplog.text


async def test_open_connections_are_for_who_asks_for_them() -> None:
    with pytest.raises(PermanentError):
        FakeContext(Config()).live  # noqa: B018
    ctx = FakeContext(Config(), uses={"live"})
    assert await ctx.live.push("ada", {"title": "x"}) == 1
    assert ctx.live.pushed == [("ada", {"title": "x"})]


async def test_connections_go_through_the_guard(fake_http: FakeHTTP) -> None:
    ctx = FakeContext(Config(), offline=True)
    client = ctx.http(1)
    assert (await client.get(fake_http.url)).json() == {}
    with pytest.raises(PermanentError, match="offline"):
        await client.get("http://192.0.2.1/")
    fake_http.fault = Fault.HANG
    with pytest.raises(TransientError, match="within 1 seconds"):
        await client.get(fake_http.url)
    await ctx.aclose()
    assert client.is_closed
