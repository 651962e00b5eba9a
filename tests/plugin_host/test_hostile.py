"""A plugin that writes into the host's socket itself, floods, forks, or lies: only it suffers."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import CallFailed
from tests.bootstrap.instances import is_alive, wait_for
from tests.plugin_host.hosting import Plugins, Remembered, ask, put

HOSTILE = """
import asyncio, json, logging, os, re, signal, socket, struct, subprocess, sys, threading, time
from taskflow.plugin_api import *
from pydantic import SecretStr


class Config(PluginConfig):
    api_key: SecretStr | None = None


manifest = Manifest(
    slug="{slug}", name="Hostile", kinds={Kind.PRIORITISER, Kind.LLM_PROVIDER}, network=Network.NONE, config=Config
)
FD = int(sys.argv[1])


def frame(text):
    text = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">I", len(text)) + text


def write(data):
    while data:
        try:
            data = data[os.write(FD, data):]
        except BlockingIOError:
            time.sleep(0.001)


def forge(message):
    write(frame(json.dumps(message)))


class Hostile:
    name = "hostile"

    def __init__(self, ctx):
        self.ctx = ctx

    async def complete(self, request):
        {body}
        return Completion(text="fine")

    async def prioritise(self, request):
        {body}

    async def check(self):
        {body}


@hookimpl
def taskflow_prioritisers(ctx):
    return [Hostile(ctx)]


@hookimpl
def taskflow_llm_providers(ctx):
    return [Hostile(ctx)]
"""


def hostile(body: str) -> str:
    return HOSTILE.replace("{body}", body)


def fail(runner: Runner, slug: str = "hostile", prompt: str = "x", deadline: float = 5) -> CallFailed:
    runner.offers(slug, deadline=10)
    with pytest.raises(CallFailed) as failed:
        runner.complete(slug, ask(prompt), deadline=deadline)
    return failed.value


FORGED = {
    "no_length": "write(b'garbage that is no frame at all, but has a length')",
    "no_json": "write(frame('{]'))",
    "no_object": "write(frame('[1, 2]'))",
    "nothing": "forge({})",
    "a_log_of_a_number": "forge({'log': 5})",
    "a_level_of_text": "forge({'log': ['x', 'y']})",
    "an_id_of_a_list": "forge({'id': [], 'result': 1})",
    "an_error_of_a_number": "forge({'id': 1, 'error': 5})",
    "an_error_of_another_kind": "forge({'id': 1, 'error': {'kind': 'busy', 'message': 'later'}})",
    "an_endless_wait": 'write(frame(\'{"id": 1, "error": {"kind": "transient", "message": "", '
    '"retry_after": Infinity}}\'))',
    "nan": 'write(frame(\'{"id": 1, "result": NaN}\'))',
    "depth": "write(frame('[' * 400_000))",
    "depth_in_an_object": "write(frame('{\"id\": 1, \"result\": ' + '[' * 900 + ']' * 900 + '}'))",
    "unknown_words": "forge({'id': 1, 'result': None, 'more': 1})",
    "the_end": "os.close(FD); time.sleep(3)",
}


#: Read by another branch each.
QUICK = {"no_json", "an_id_of_a_list", "depth", "the_end"}


@pytest.mark.parametrize(
    "what", [what if what in QUICK else pytest.param(what, marks=pytest.mark.thorough) for what in FORGED]
)
def test_what_is_no_message_is_named_and_costs_one_process(
    folder: Path, plugins: Plugins, runner: Runner, sink: Remembered, what: str
) -> None:
    plugins.enable(put(folder, "hostile", hostile(FORGED[what])), put(folder, "echo"))
    failure = fail(runner, deadline=2)
    assert failure.kind in {"bug", "crash", "timeout"}, failure
    assert runner.complete("echo", ask("hello"), deadline=10).text.startswith("hello")
    assert sink.failures


def test_two_answers_and_answers_to_other_calls_are_no_harm(folder: Path, plugins: Plugins, runner: Runner) -> None:
    body = "[forge({'id': key, 'result': {'text': 'forged'}}) for key in (1, 1, 2, 99, -1)]"
    plugins.enable(put(folder, "hostile", hostile(body)))
    texts = [runner.complete("hostile", ask("x"), deadline=10).text for _ in range(4)]
    # A process may answer its own calls as it likes; each call gets one answer, and late ones are dropped.
    assert texts == ["forged", "forged", "fine", "fine"]


def test_a_forged_offer_is_refused(folder: Path, plugins: Plugins, runner: Runner) -> None:
    for number, offers in enumerate(("5", "[{}]", "[{'kind': 'x', 'name': 'y', 'can': []}]")):
        plugins.enable(put(folder, "hostile", hostile("0") + f"\nforge({{'offers': {offers}}})\n", version=number))
        with pytest.raises(CallFailed) as failed:
            runner.offers("hostile", deadline=10)
        assert failed.value.kind == "bug"


@pytest.mark.parametrize(
    ("returned", "words"),
    [("[Hostile(ctx)] * 2", "two objects"), ("[type('X', (Hostile,), {'name': 'x' * 81})(ctx)]", "1 to 80 characters")],
)
def test_offers_have_bounds(folder: Path, plugins: Plugins, runner: Runner, returned: str, words: str) -> None:
    plugins.enable(put(folder, "hostile", hostile("0").replace("[Hostile(ctx)]", returned)))
    with pytest.raises(CallFailed, match=words):
        runner.offers("hostile", deadline=10)


def test_too_many_offers_are_refused(folder: Path, plugins: Plugins, runner: Runner) -> None:
    many = "[type('X', (Hostile,), {'name': str(number)})(ctx) for number in range(21)]"
    plugins.enable(put(folder, "hostile", hostile("0").replace("[Hostile(ctx)]", many)))
    with pytest.raises(CallFailed, match="more than 20 objects"):
        runner.offers("hostile", deadline=10)


def test_a_flood_of_its_log_is_cut(
    folder: Path, plugins: Plugins, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    plugins.enable(put(folder, "hostile", hostile("[self.ctx.log.info('line %d', n) for n in range(100_000)]")))
    runner.offers("hostile", deadline=10)
    with caplog.at_level("INFO", logger="taskflow.plugin_host"):
        assert runner.complete("hostile", ask("x"), deadline=20).text == "fine"
        time.sleep(0.2)
        assert runner.complete("hostile", ask("x"), deadline=20).text == "fine"
    assert 200 <= len(caplog.records) < 400
    assert "lines were left out: it logs too much." in caplog.text


def test_a_flood_past_the_plugins_own_log_ends_it(
    folder: Path, plugins: Plugins, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    plugins.enable(put(folder, "hostile", hostile("[forge({'log': [20, 'x' * 100]}) for _ in range(100_000)]")))
    with caplog.at_level("INFO", logger="taskflow.plugin_host"):
        failure = fail(runner, deadline=10)
    assert (failure.kind, "more lines of a log" in failure.message) == ("bug", True), failure
    assert len(caplog.records) < 400


def test_what_it_prints_without_end_costs_the_host_next_to_nothing(
    folder: Path, plugins: Plugins, runner: Runner
) -> None:
    body = "threading.Thread(target=lambda: [os.write(1, b'x' * 10_000) for _ in iter(int, 1)], daemon=True).start()"
    plugins.enable(put(folder, "hostile", hostile(body)))
    assert runner.complete("hostile", ask("x"), deadline=10).text == "fine"
    before = time.process_time()
    time.sleep(1)
    assert time.process_time() - before < 0.5


def test_a_secret_across_a_long_printed_line_is_not_shown_in_parts(
    folder: Path, plugins: Plugins, runner: Runner
) -> None:
    secret = "planted-secret-" + "abcdefghij" * 5
    body = "print('x' * 380 + self.ctx.config.api_key.get_secret_value(), flush=True); os._exit(3)"
    plugins.enable(put(folder, "hostile", hostile(body), api_key=secret))
    failure = fail(runner)
    assert (failure.kind, "exit code 3" in failure.message) == ("crash", True)
    assert failure.trace.endswith("x[secret]\n")


def test_texts_that_no_database_can_hold_are_mended(folder: Path, plugins: Plugins, runner: Runner) -> None:
    body = "raise PermanentError('a\\0b\\ud800c\\U0001f600')"
    plugins.enable(put(folder, "hostile", hostile(body)))
    assert fail(runner).message == "a\ufffdb\ufffdc\U0001f600"


def test_an_error_without_a_text_of_its_own_is_named(folder: Path, plugins: Plugins, runner: Runner) -> None:
    body = "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()"
    plugins.enable(put(folder, "hostile", hostile(body)))
    failure = fail(runner)
    assert (failure.kind, failure.message) == ("bug", "Odd: (its text raised ZeroDivisionError)")


def test_a_grandchild_that_holds_its_output_keeps_no_thread_of_the_host(
    folder: Path, plugins: Plugins, runner: Runner
) -> None:
    body = "print(subprocess.Popen(['sleep', '30'], start_new_session=True).pid, flush=True); os._exit(3)"
    plugins.enable(put(folder, "hostile", hostile(body)))
    failure = fail(runner)
    grandchild = int(failure.trace.split()[-1])
    try:
        wait_for(lambda: not [each for each in threading.enumerate() if each.name.startswith("plugin-hostile")], 3)
    finally:
        os.kill(grandchild, signal.SIGKILL)


def test_one_that_ignores_signals_ends_with_the_host(folder: Path, plugins: Plugins, runner: Runner) -> None:
    body = "[signal.signal(each, signal.SIG_IGN) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]"
    plugins.enable(put(folder, "hostile", hostile(f"{body}; raise PermanentError(str(os.getpid()))")))
    pid = int(fail(runner).message)
    began = time.monotonic()
    runner.close()
    assert time.monotonic() - began < 2.5
    assert not is_alive(pid)


def test_settings_that_are_too_long_start_no_process_that_nobody_speaks_to(
    folder: Path, plugins: Plugins, runner: Runner
) -> None:
    plugins.enable(put(folder, "hostile", hostile("0"), api_key="x" * 1_100_000))
    with pytest.raises(CallFailed, match="cannot be asked"):
        runner.complete("hostile", ask("x"), deadline=5)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not [pid for pid in children if b"plugin_host.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_memory_of_a_plugin_is_the_first_that_a_system_in_need_takes(
    folder: Path, plugins: Plugins, runner: Runner
) -> None:
    body = "x = bytearray(200_000_000); raise PermanentError(open('/proc/self/oom_score_adj').read())"
    plugins.enable(put(folder, "hostile", hostile(body)))
    assert int(fail(runner).message) > int(Path("/proc/self/oom_score_adj").read_text())
