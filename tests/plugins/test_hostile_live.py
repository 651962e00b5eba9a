"""A hostile plugin in a real worker: suggestions go on, the worker stays well, what the plugin did is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin_host.distributions import make
from tests.plugin_host.test_hostile import hostile
from tests.plugins.live import PROMISE, Live, heard

HOSTILE = {
    "forges": "forge({'id': [], 'error': 7})",
    "floods": "[forge({'log': [20, 'x' * 1000]}) for _ in range(100_000)]",
    "chatters": "[self.ctx.log.info('line %d', n) for n in range(100_000)]",
    "surrogate": "raise PermanentError('a\\0b\\ud800c')",
    "closes": "os.close(FD); time.sleep(60)",
    "eats": "x = [bytearray(10_000_000) for _ in range(30)]; time.sleep(60)",
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = Live(tmp_path_factory.mktemp("hostile"))
    for slug, body in HOSTILE.items():
        make(made.site, slug, hostile(body).replace("{slug}", slug))
    try:
        yield made.start()
    finally:
        made.end()


@pytest.mark.thorough
def test_whatever_it_does_the_answer_comes_and_the_worker_stays(live: Live) -> None:
    worker = live.instance.child("worker")
    for slug in HOSTILE:
        live.enable(slug)
        before = processor_seconds(worker)
        suggestion, seconds = live.suggest(slug)
        assert (suggestion["state"], seconds < PROMISE) == ("pending", True), (slug, seconds)
        assert processor_seconds(worker) - before < 4, slug
        if slug != "chatters":
            assert all(signal["error"] for signal in heard(suggestion, slug)), suggestion["signals"]
            assert live.call("GET", f"plugins/{slug}/errors")["results"], slug
        live.disable(slug)
    assert live.instance.child("worker") == worker
    assert len(live.instance.log) < 2_000_000


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
