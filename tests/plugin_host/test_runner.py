"""Plugins run in processes of their own: whatever they do there, callers get an answer or a named failure in time."""

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from taskflow.plugin_api import Message, PriorityRequest, Recipient, TaskView
from taskflow.plugin_host.process import Leave
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import CallFailed, Outbound
from tests.broken_plugins import AT_WORK
from tests.plugin_host.hosting import Plugins, Remembered, ask, put

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SECRET = "planted-secret-9"


def about(title: str) -> PriorityRequest:
    return PriorityRequest(task=TaskView(id=UUID(int=1), title=title, created_at=NOW), now=NOW)


def refusal(runner: Runner, slug: str, prompt: str, deadline: float = 10) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        runner.complete(slug, ask(prompt), deadline=deadline)
    return failed.value


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_kind_of_plugin_does_its_work(folder: Path, plugins: Plugins, runner: Runner) -> None:
    plugins.enable(put(folder, "echo", word="high"))
    assert runner.complete("echo", ask("hello"), deadline=10).text == "hello 1"
    signal = runner.prioritise("echo", "echo", about("Pay rent"), deadline=10)
    assert signal is not None
    assert signal.probabilities["high"] == 1.0
    assert runner.prioritise("echo", "echo", about("nothing"), deadline=10) is None
    message = Message(key="1", event="test", subject="Hello", body="", time=NOW)
    sent = runner.send("echo", message, Recipient(username="ada", settings={"topic": "tea"}), deadline=10)
    assert sent.detail == "Hello to ada about tea"
    assert {offer.kind for offer in runner.offers("echo", deadline=10)} == {
        "llm_provider",
        "prioritiser",
        "notification_channel",
    }


@pytest.mark.parametrize(
    ("prompt", "kind", "words"),
    [
        ("auth", "auth", "is unknown"),
        ("transient", "transient", "try later"),
        ("permanent", "permanent", "no such model"),
        ("bug", "bug", "ZeroDivisionError"),
    ],
)
def test_errors_come_through_by_their_kind_and_without_secrets(
    folder: Path, plugins: Plugins, runner: Runner, sink: Remembered, prompt: str, kind: str, words: str
) -> None:
    plugins.enable(put(folder, "echo", api_key=SECRET))
    failure = refusal(runner, "echo", prompt)
    assert (failure.kind, words in failure.message) == (kind, True)
    assert failure.retry_after == (7 if kind == "transient" else None)
    (noted,) = sink.failures
    assert (noted.slug, noted.capability, noted.kind) == ("echo", "complete", kind)
    assert SECRET not in f"{failure}{failure.trace}{noted}"
    assert "[secret]" in noted.message or kind in {"transient", "permanent"}
    # The object is as good as before.
    if kind != "auth":
        assert runner.complete("echo", ask("again"), deadline=10).text.startswith("again")


def test_what_a_plugin_logs_reaches_the_log_without_secrets(
    folder: Path, plugins: Plugins, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    plugins.enable(put(folder, "echo", api_key=SECRET))
    with caplog.at_level(logging.INFO, logger="taskflow.plugin_host"):
        runner.complete("echo", ask("log"), deadline=10)
    assert "echo: the key is [secret]" in caplog.text
    assert SECRET not in caplog.text


def test_a_plugin_sees_nothing_of_the_instances_environment(
    folder: Path, plugins: Plugins, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_SECRET_KEY", "x" * 40)
    monkeypatch.setenv("PGPASSWORD", "x")
    plugins.enable(put(folder, "echo"))
    names = runner.complete("echo", ask("environment"), deadline=10).text
    assert "PATH" in names
    assert "TASKFLOW" not in names
    assert "PGPASSWORD" not in names


def test_a_provider_that_has_no_vectors_gives_none_and_is_not_blamed(
    folder: Path, plugins: Plugins, runner: Runner, sink: Remembered
) -> None:
    plugins.enable(put(folder, "echo"))
    assert runner.embed("echo", ["hello"], deadline=10) is None
    assert sink.failures == []


def test_a_call_past_its_deadline_is_given_up_and_leaves_the_plugin_usable(
    folder: Path, plugins: Plugins, runner: Runner
) -> None:
    plugins.enable(put(folder, "echo"))
    pid = runner.complete("echo", ask("pid"), deadline=10).text.split()[0]
    began = time.monotonic()
    assert refusal(runner, "echo", "sleep 60", deadline=0.3).kind == "timeout"
    assert time.monotonic() - began < 2
    assert runner.complete("echo", ask("pid"), deadline=10).text.split()[0] == pid


def test_a_call_that_is_given_up_before_it_begins_is_no_fault_of_the_plugin(
    folder: Path, plugins: Plugins, runner: Runner
) -> None:
    plugins.enable(put(folder, "echo"))
    pid = runner.complete("echo", ask("pid"), deadline=10).text.split()[0]
    for _ in range(3):
        leave = Leave()
        # In the very moment in which it is sent.
        threading.Timer(0.0, leave.take, ("cancelled",)).start()
        with pytest.raises(CallFailed) as failed:
            runner.complete("echo", ask("sleep 60"), deadline=10, leave=leave)
        assert failed.value.kind == "cancelled"
    assert refusal(runner, "echo", "sleep 60", deadline=1e-6).kind in {"timeout", "busy"}
    assert runner.complete("echo", ask("pid"), deadline=10).text.split()[0] == pid


def test_what_nobody_waits_for_any_more_is_not_asked(folder: Path, plugins: Plugins, runner: Runner) -> None:
    plugins.enable(put(folder, "echo"))
    first = int(runner.complete("echo", ask("count"), deadline=10).text.split()[-1])
    leave = Leave()
    leave.take("timeout")
    with pytest.raises(CallFailed) as failed:
        runner.complete("echo", ask("count"), deadline=10, leave=leave)
    assert failed.value.kind == "cancelled"
    assert int(runner.complete("echo", ask("count"), deadline=10).text.split()[-1]) == first + 1


def test_calls_overlap_up_to_a_number(folder: Path, plugins: Plugins, runner: Runner) -> None:
    plugins.enable(put(folder, "echo"))
    runner.offers("echo", deadline=10)
    found: list[str] = []

    def call(deadline: float) -> None:
        try:
            found.append(runner.complete("echo", ask("sleep 1"), deadline=deadline).text[:5])
        except CallFailed as failure:
            found.append(failure.kind)

    threads = [threading.Thread(target=call, args=[10]) for _ in range(6)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    # It would have waited for half of its time.
    call(1)
    assert found == ["busy"]
    for thread in threads:
        thread.join()
    assert found[1:] == ["sleep"] * 6
    # Two wait for the others to end.
    assert 2 <= time.monotonic() - began < 5


AT_CALL = {
    "raises_in_every_method": ("bug", "ZeroDivisionError: 1/0 in a plugin"),
    "exits_in_every_method": ("bug", "SystemExit"),
    "kills_its_process": ("crash", "exit code 7"),
    "interrupts_in_every_method": ("bug", "KeyboardInterrupt"),
    "blocks_the_loop": ("bug", "blocks its event loop"),
    "never_answers": ("timeout", "did not answer"),
    "ignores_cancellation": ("bug", "did not stop"),
    "answers_ten_megabytes": ("permanent", "10000 kB"),
    "answers_nonsense": ("bug", "answered something else"),
    "answers_not_a_number": ("bug", ""),
    "answers_an_object": ("bug", ""),
    "raises_in_its_hook": ("bug", "ZeroDivisionError: in a hook"),
    "returns_no_list": ("bug", "must return a list"),
    "returns_no_objects": ("bug", "a method is missing"),
    "fills_its_output": ("timeout", ""),
}


def test_each_broken_plugin_has_a_test() -> None:
    assert {*AT_CALL, "leaks_a_thread"} == set(AT_WORK)


@pytest.mark.parametrize("slug", AT_CALL)
def test_a_broken_plugin_is_named_and_its_neighbour_works(
    folder: Path, plugins: Plugins, runner: Runner, sink: Remembered, slug: str
) -> None:
    plugins.enable(put(folder, slug, AT_WORK[slug]), put(folder, "echo"))
    runner.offers("echo", deadline=10)
    kind, words = AT_CALL[slug]
    for _ in range(2 if slug in {"raises_in_every_method", "kills_its_process", "blocks_the_loop"} else 1):
        with suppress(CallFailed):
            runner.offers(slug, deadline=20)
        failure = refusal(runner, slug, "x", deadline=2)
        assert (failure.kind, words in failure.message) == (kind, True), failure.message
        began = time.monotonic()
        assert runner.complete("echo", ask("hello"), deadline=5).text.startswith("hello")
        assert time.monotonic() - began < 1
    # Failures of one cause are one.
    assert len({noted.fingerprint for noted in sink.failures}) == 1


def test_a_leaked_thread_ends_with_the_process(folder: Path, plugins: Plugins, runner: Runner) -> None:
    plugins.enable(put(folder, "leaks_a_thread", AT_WORK["leaks_a_thread"]))
    assert runner.prioritise("leaks_a_thread", "broken", about("x"), deadline=10) is None
    began = time.monotonic()
    runner.close()
    assert time.monotonic() - began < 3


def test_after_five_failures_it_is_not_asked_for_a_while(folder: Path, plugins: Plugins, sink: Remembered) -> None:
    now = [0.0]
    runner = Runner(plugins, sink, outbound=Outbound(), clock=lambda: now[0])
    try:
        plugins.enable(put(folder, "echo"))
        kinds = [refusal(runner, "echo", "transient").kind for _ in range(6)]
        assert kinds == ["transient"] * 5 + ["breaker_open"]
        assert sink.open == {("echo", "complete"): 30}
        # Another capability is another matter.
        assert runner.prioritise("echo", "echo", about("x"), deadline=10) is not None
        now[0] = 31
        assert runner.complete("echo", ask("well"), deadline=10).text.startswith("well")
        assert sink.open == {}
    finally:
        runner.close()


def test_other_settings_act_on_the_next_call_and_running_calls_end_in_the_old_process(
    folder: Path, plugins: Plugins, runner: Runner
) -> None:
    plugins.enable(put(folder, "echo", word="low"), put(folder, "still"))
    old = int(runner.complete("echo", ask("pid"), deadline=10).text.split()[0])
    still = runner.complete("still", ask("pid"), deadline=10).text.split()[0]
    ended: list[str] = []
    running = threading.Thread(target=lambda: ended.append(runner.complete("echo", ask("sleep 4"), deadline=20).model))
    running.start()
    time.sleep(0.3)
    plugins.enable(put(folder, "echo", word="high"), put(folder, "still"))
    assert runner.complete("echo", ask("x"), deadline=10).model == "high"
    assert is_running(old)
    running.join()
    assert ended == ["low"]
    assert runner.complete("still", ask("pid"), deadline=10).text.split()[0] == still
    ends = time.monotonic() + 5
    while is_running(old) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not is_running(old)


def test_a_disabled_plugin_is_not_asked(folder: Path, plugins: Plugins, runner: Runner) -> None:
    plugins.enable(put(folder, "echo"))
    runner.offers("echo", deadline=10)
    plugins.enable()
    assert refusal(runner, "echo", "x").kind == "not_running"


def test_closing_leaves_no_process_behind(folder: Path, plugins: Plugins, runner: Runner) -> None:
    plugins.enable(put(folder, "echo"))
    pid = int(runner.complete("echo", ask("pid"), deadline=10).text.split()[0])
    runner.close()
    assert not is_running(pid)


def test_a_failing_sink_costs_no_answer(folder: Path, plugins: Plugins, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Remembered):
        def failed(self, failure: object) -> None:
            raise RuntimeError("no database")

    runner = Runner(plugins, Broken(), outbound=Outbound())
    try:
        plugins.enable(put(folder, "echo"))
        assert refusal(runner, "echo", "permanent").kind == "permanent"
        assert "could not be noted" in caplog.text
    finally:
        runner.close()


PERSONAL = """
import os
from pydantic import SecretStr
from taskflow.plugin_api import *


class Person(PluginConfig):
    token: SecretStr


manifest = Manifest(
    slug="{slug}", name="x", kinds={Kind.NOTIFICATION_CHANNEL}, network=Network.NONE, user_config=Person
)


class Channel:
    name = "channel"

    def __init__(self, ctx):
        self.log = ctx.log

    async def send(self, message, recipient):
        token = recipient.settings.token.get_secret_value()
        self.log.error("token %s", token)
        if message.subject == "print":
            print(token, flush=True)
            os._exit(3)
        raise ValueError(token)

    async def check(self):
        return Health(ok=True)


@hookimpl
def taskflow_notification_channels(ctx):
    return [Channel(ctx)]
"""


@pytest.mark.parametrize("subject", ["raise", "print"])
def test_a_persons_secrets_are_kept_as_well(
    folder: Path, plugins: Plugins, runner: Runner, sink: Remembered, caplog: pytest.LogCaptureFixture, subject: str
) -> None:
    plugins.enable(put(folder, "personal", PERSONAL))
    message = Message(key="1", event="test", subject=subject, body="", time=NOW)
    with pytest.raises(CallFailed) as failed:
        runner.send("personal", message, Recipient(username="ada", settings={"token": SECRET}), deadline=10)
    assert SECRET not in f"{failed.value}{failed.value.trace}{sink.failures}{caplog.text}"


def test_a_file_in_the_working_directory_is_no_module(
    folder: Path,
    plugins: Plugins,
    runner: Runner,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "asyncio.py").write_text("raise ValueError('the wrong one')")
    monkeypatch.chdir(elsewhere)
    plugins.enable(put(folder, "echo"))
    assert runner.complete("echo", ask("hello"), deadline=10).text == "hello 1"


def test_nothing_is_left_of_processes_that_ended(folder: Path, plugins: Plugins, runner: Runner) -> None:
    def count() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    before = count()
    plugins.enable(put(folder, "kills_its_process", AT_WORK["kills_its_process"]), put(folder, "echo"))
    runner.complete("echo", ask("hello"), deadline=10)
    for _ in range(3):
        refusal(runner, "kills_its_process", "x")
    runner.close()
    ends = time.monotonic() + 5
    while count() != before and time.monotonic() < ends:
        time.sleep(0.05)
    assert count() == before


def test_a_plugins_process_ends_with_its_parent(folder: Path) -> None:
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(folder)!r})
from pathlib import Path
from taskflow.plugin_host.process import PluginProcess
from taskflow.plugin_host.state import Outbound
from tests.plugin_host.hosting import put

process = PluginProcess(put(Path({str(folder)!r}), "echo"), Outbound())
process.offers()
print(process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    pid = int(done.stdout)
    ends = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not is_running(pid)
