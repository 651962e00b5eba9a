"""Every way in which a server fails, for each call: the right error, within the time limit, and well again after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from openai_server import KEY, Make, providers

from taskflow.plugin_api import AuthError, CompletionRequest, Health, PermanentError, PluginError, TransientError
from taskflow.testing.servers import FakeOpenAI, Fault
from taskflow_llm_openai.errors import NoAnswer
from taskflow_llm_openai.provider import ChatCompletions

REQUEST = CompletionRequest(system="One word.", prompt="Pay rent", max_tokens=5)
FORMED = REQUEST.model_copy(update={"json_schema": {"type": "object"}})
#: Seconds.
LIMIT = 0.6
#: Five of ten megabytes have to come before they are too many.
LIMIT_OF_MUCH = 5.0
#: More than it should need, on a machine that does other things too.
GRACE = 1.0
ERRORS: dict[Fault, type[PluginError]] = {
    Fault.HANG: TransientError,
    Fault.DRIP: TransientError,
    Fault.CLOSE: TransientError,
    Fault.CUT: TransientError,
    Fault.GARBAGE: NoAnswer,
    Fault.WRONG_JSON: NoAnswer,
    Fault.TEN_MEGABYTES: NoAnswer,
    Fault.UNAUTHORISED: AuthError,
    Fault.FORBIDDEN: AuthError,
    Fault.NOT_FOUND: PermanentError,
    Fault.TOO_MANY: TransientError,
    Fault.SERVER_ERROR: TransientError,
}
Ask = Callable[[ChatCompletions], Awaitable[object]]


async def complete(provider: ChatCompletions) -> object:
    return await provider.complete(REQUEST)


async def complete_formed(provider: ChatCompletions) -> object:
    return await provider.complete(FORMED)


async def score(provider: ChatCompletions) -> object:
    return await provider.score(REQUEST, ("low", "high"))


EACH_CALL = pytest.mark.parametrize("ask", [complete, complete_formed, score])


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        server.patience = 3.0
        yield server


@pytest.fixture
async def make(server: FakeOpenAI) -> AsyncIterator[Make]:
    async with providers(server) as make:
        yield make


def test_every_fault_has_its_error() -> None:
    assert set(ERRORS) == set(Fault)


async def fail(provider: ChatCompletions, ask: Ask, limit: float = LIMIT) -> PluginError:
    """The error of a call that fails in time."""
    began = asyncio.get_running_loop().time()
    with pytest.raises(PluginError) as caught:
        await ask(provider)
    assert asyncio.get_running_loop().time() - began < limit + GRACE
    assert KEY not in f"{caught.value} {caught.value.__cause__}"
    return caught.value


@EACH_CALL
@pytest.mark.parametrize("fault", list(Fault))
async def test_a_fault_is_its_error_in_time_and_leaves_the_provider_usable(
    server: FakeOpenAI, make: Make, fault: Fault, ask: Ask
) -> None:
    limit = LIMIT_OF_MUCH if fault is Fault.TEN_MEGABYTES else LIMIT
    provider = make(timeout_s=limit)
    await provider.complete(REQUEST)
    server.fault = fault
    error = await fail(provider, ask, limit)
    assert isinstance(error, ERRORS[fault])
    assert getattr(error, "retry_after", None) == (7 if fault is Fault.TOO_MANY else None)
    server.fault = None
    await ask(provider)


@EACH_CALL
@pytest.mark.parametrize("shape", FakeOpenAI.wrong_shapes, ids=repr)
async def test_an_answer_of_another_shape_is_none_is_not_asked_for_again_and_teaches_nothing(
    server: FakeOpenAI, make: Make, shape: object, ask: Ask
) -> None:
    provider = make(timeout_s=LIMIT, max_retries=5)
    server.fault, server.wrong_json = Fault.WRONG_JSON, shape
    assert isinstance(await fail(provider, ask), NoAnswer)
    assert len(server.requests) == 1
    server.fault = None
    server.requests.clear()
    await ask(provider)
    (request,) = server.requests
    assert ("logprobs" in request.json()) == (ask is score)
    assert ("response_format" in request.json()) == (ask is complete_formed)


@EACH_CALL
async def test_repetitions_do_not_outlast_the_time_limit(server: FakeOpenAI, make: Make, ask: Ask) -> None:
    for fault in (Fault.HANG, Fault.SERVER_ERROR, Fault.CUT):
        server.fault = fault
        assert isinstance(await fail(make(timeout_s=LIMIT, max_retries=5), ask), TransientError)


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_check_reports_each_fault(server: FakeOpenAI, make: Make, fault: Fault) -> None:
    server.fault = fault
    health: Health = await make(timeout_s=LIMIT_OF_MUCH if fault is Fault.TEN_MEGABYTES else LIMIT).check()
    assert not health.ok
    assert health.error
    assert health.next_step
    assert health.tokens_per_second is None


async def test_a_server_that_dies_between_calls_is_transient(server: FakeOpenAI, make: Make) -> None:
    provider = make(timeout_s=LIMIT)
    await provider.complete(REQUEST)
    server.stop()
    assert isinstance(await fail(provider, complete), TransientError)
    assert isinstance(await fail(provider, score), TransientError)
