"""The way of one question: configuration, what may leave, equal ones together, a place, the model, its answer."""

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from taskflow.domain.priority import LEVELS
from taskflow.domain.prompts import (
    PROMPT_VERSION,
    Answer,
    Asked,
    BadAnswer,
    build_choice,
    build_prompt,
    read_answer,
    read_scores,
    tidy_name,
)
from taskflow.domain.redaction import redact, redact_asked
from taskflow.domain.rules import rules_signal
from taskflow.domain.suggestion import choose_reasons, round_to_one
from taskflow.gateway.answers import Answers, name_content
from taskflow.gateway.documents import EmbedFields, Question, Questions, ReasonDocument, SentDocument, Suggestion
from taskflow.gateway.flights import Flights
from taskflow.gateway.hosting import Held, Host
from taskflow.gateway.lanes import Lane
from taskflow.gateway.metrics import Metrics
from taskflow.gateway.refusals import PAUSE, Refusal, refuse_call
from taskflow.plugin_api import Completion, CompletionRequest, Embeddings, Kind, Usage
from taskflow.plugin_host.process import Leave
from taskflow.plugin_host.runner import MOST_CALLS, SUPERSEDED
from taskflow.plugin_host.state import CallFailed, EnabledPlugin

#: Seconds that a provider's call may take, whatever those who wait for it say.
LONGEST_CALL = 60.0
#: Threads that wait for providers' processes.
THREADS = 32
#: Questions of one batch that are on their way at a time: all its hundred would not find places to wait, and would
#: leave none to others.
OF_A_BATCH = 2 * MOST_CALLS
#: Reasons that an answer gives: the heaviest facts of the task.
MOST_REASONS = 3

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Judged:
    """A model's answer to one question, and what was sent for it."""

    answer: Answer
    model: str
    method: Literal["scores", "json"]
    request: CompletionRequest
    usage: Usage | None


class Service:
    """For one event loop."""

    def __init__(self, host: Host, metrics: Metrics) -> None:
        self.host, self._metrics = host, metrics
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="call")
        self._flights: Flights[Judged] = Flights()
        self._answers: Answers[Judged] = Answers()
        self._lanes: dict[str, Lane] = {}
        metrics.watch(flights=self._flights, lanes=self._lanes, answers=self._answers)

    async def suggest(self, question: Question) -> Suggestion:
        """What the active model says. `Refusal`."""
        return await _while_superseded(lambda left: self._suggest(question, left), question.deadline_ms / 1000)

    async def _suggest(self, question: Question, seconds: float) -> Suggestion:
        began = time.perf_counter()
        held, plugin = self._active(question.generation)
        whole = question.asked()
        asked, redactions = whole, 0
        _check_leaving(plugin, may_leave=question.may_leave)
        if plugin.leaves:
            # Elsewhere: a hundred long descriptions take longer than anybody else should wait.
            asked, redactions = await asyncio.to_thread(redact_asked, asked)
        key = _name_question(asked, plugin, held.model)
        judged, cached = self._answers.find(key), True
        if judged is None:
            judged, cached = await self._ask(key, asked, plugin, held, seconds, redactions), False
        latency = (time.perf_counter() - began) * 1000
        self._metrics.answered(plugin.provider, cached=cached, seconds=latency / 1000)
        return _document(judged, whole, plugin, redactions, cached=cached, latency_ms=latency)

    async def suggest_all(self, questions: Questions) -> list[dict[str, Any]]:
        """For each question, in their order, a suggestion or the problem; none is begun after the time of all."""
        ends = time.monotonic() + questions.deadline_ms / 1000
        places = asyncio.Semaphore(OF_A_BATCH)

        async def answer(question: Question) -> dict[str, Any]:
            async with places:
                left = math.ceil((ends - time.monotonic()) * 1000)
                try:
                    if left <= 0:
                        raise refuse_late(questions.deadline_ms / 1000)
                    shorter = question.model_copy(update={"deadline_ms": min(left, question.deadline_ms)})
                    return (await self.suggest(shorter)).model_dump()
                except Refusal as refusal:
                    return refusal.document()

        return list(await asyncio.gather(*map(answer, questions.items)))

    async def embed(self, slug: str, fields: EmbedFields) -> Embeddings | None:
        """Vectors of texts; None where the provider has no model for that. `Refusal`."""
        return await _while_superseded(lambda left: self._embed(slug, fields, left), fields.deadline_ms / 1000)

    async def _embed(self, slug: str, fields: EmbedFields, seconds: float) -> Embeddings | None:
        plugin = self.host.held(fields.generation).plugins.get(slug)
        texts, runner = list(fields.texts), self.host.runner
        if plugin is not None:
            _check_leaving(plugin, may_leave=fields.may_leave)
            if plugin.leaves:
                texts = await asyncio.to_thread(lambda: [redact(text).text for text in fields.texts])
        return await self.run(slug, lambda: runner.embed(slug, texts, deadline=seconds, setup=plugin), seconds=seconds)

    async def run(self, slug: str, call: Callable[[], Result], *, seconds: float) -> Result:
        """Another call of a provider, in its lane. `Refusal`."""
        if slug not in self.host.held(None).plugins:
            raise Refusal(404, "not_found", f"No provider {slug[:80]!r} is configured.")
        working = asyncio.ensure_future(self._in_lane(slug, call))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(working)
        except TimeoutError:
            raise refuse_late(seconds) from None
        except CallFailed as failure:
            raise refuse_call(failure) from failure
        finally:
            working.cancel()

    def forget(self) -> None:
        """Answers of another configuration are not given any more."""
        self._answers = Answers()
        self._metrics.watch(flights=self._flights, lanes=self._lanes, answers=self._answers)

    def close(self) -> None:
        """Ends the providers."""
        self.host.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _active(self, generation: int | None) -> tuple[Held, EnabledPlugin]:
        held = self.host.held(generation)
        plugin = held.plugins.get(held.active or "")
        if plugin is None:
            raise Refusal(503, "no_provider", "No model provider is active.", retry_after=PAUSE)
        return held, plugin

    async def _ask(
        self, key: str, asked: Asked, plugin: EnabledPlugin, held: Held, seconds: float, redactions: int
    ) -> Judged:
        told: list[CompletionRequest] = []

        async def judge(leave: Leave) -> Judged:
            judged = await self._in_lane(plugin.slug, lambda: self._judge(asked, plugin, held.model, leave, told))
            self._answers.keep(key, judged)
            return judged

        try:
            return await self._flights.join(key, judge, seconds=seconds)
        except TimeoutError:
            self._metrics.failed(plugin.provider, "deadline")
            raise refuse_late(seconds, **_sent(told, redactions, plugin)) from None
        except CallFailed as failure:
            if failure.kind != SUPERSEDED:
                self._metrics.failed(plugin.provider, failure.kind)
            raise refuse_call(failure, **_sent(told, redactions, plugin)) from failure
        except Refusal as refusal:
            # There was no place.
            self._metrics.failed(plugin.provider, refusal.code)
            raise
        except BadAnswer as error:
            self._metrics.failed(plugin.provider, "bad_answer")
            raise Refusal(
                503, "bad_answer", str(error), retry_after=PAUSE, **_sent(told, redactions, plugin)
            ) from error

    def _judge(
        self, asked: Asked, plugin: EnabledPlugin, model: str | None, leave: Leave, told: list[CompletionRequest]
    ) -> Judged:
        """Asks the model in its best way; what it is asked is added to `told`. `CallFailed`, `BadAnswer`.

        It waited for its place: what was redacted, or not, for one setup is not told to another.
        """
        runner, slug = self.host.runner, plugin.slug
        ends = time.monotonic() + LONGEST_CALL
        offers = runner.offers(slug, deadline=LONGEST_CALL, setup=plugin)
        can: frozenset[str] = next((offer.can for offer in offers if offer.kind == Kind.LLM_PROVIDER), frozenset())
        # One that is able is asked for its words too, which do not come with scores.
        if "score" in can and not plugin.able:
            choice = build_choice(asked, model=model)
            told.append(choice)
            left = ends - time.monotonic()
            scores = runner.score(slug, choice, LEVELS, deadline=left, leave=leave, setup=plugin)
            if scores is not None:
                return Judged(read_scores(scores.probabilities), scores.model, "scores", choice, scores.usage)
        prompt = build_prompt(asked, model=model, words=plugin.able)
        told.append(prompt)
        left = ends - time.monotonic()
        completion = runner.complete(slug, prompt, deadline=left, leave=leave, accept=_read, setup=plugin)
        return Judged(_read(completion), completion.model, "json", prompt, completion.usage)

    def _lane(self, slug: str) -> Lane:
        return self._lanes.setdefault(slug, Lane())

    async def _in_lane(self, slug: str, call: Callable[[], Result]) -> Result:
        """What `call` returns in a thread. Cancelled, it leaves its place no sooner than the thread does: the next one
        would find the provider busy."""
        async with self._lane(slug).place():
            handed = self._threads.submit(call)
            working = asyncio.wrap_future(handed)
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                if not handed.cancel():
                    await asyncio.wait([working])
                    # Looked at, although nobody waits for it.
                    working.exception()
                raise


async def _while_superseded(ask: Callable[[float], Awaitable[Result]], seconds: float) -> Result:
    """What `ask` gives within the seconds that it gets, by the settings in force when it is called; it is called anew
    where they changed meanwhile and any of `seconds` are left."""
    ends, left = time.monotonic() + seconds, seconds
    while True:
        try:
            return await ask(left)
        except Refusal as refusal:
            left = ends - time.monotonic()
            if refusal.code != SUPERSEDED or left <= 0:
                raise


def _read(completion: Completion) -> Answer:
    """What a model answered in JSON. `CallFailed` (`bad_answer`): five in a row open the breaker, as other failures."""
    try:
        return read_answer(completion.text)
    except BadAnswer as error:
        raise CallFailed("bad_answer", str(error), where="answer") from error


def _check_leaving(plugin: EnabledPlugin, *, may_leave: bool) -> None:
    """Whoever asks decided by the settings that they knew; this provider's may be newer."""
    if plugin.leaves and not may_leave:
        raise Refusal(403, "not_allowed", f"{plugin.slug} counts as leaving this machine, which this may not.")


def refuse_late(seconds: float, **more: Any) -> Refusal:
    """Nobody waits longer."""
    detail = f"The model did not answer within {seconds:.3g} seconds."
    return Refusal(503, "timeout", detail, retry_after=PAUSE, **more)


def measure_sent(request: CompletionRequest, redactions: int, plugin: EnabledPlugin) -> SentDocument:
    """What goes to a model, without its text."""
    text = f"{request.system}\n{request.prompt}".encode()
    return SentDocument(
        provider=plugin.provider,
        leaves=plugin.leaves,
        sha256=hashlib.sha256(text).hexdigest(),
        bytes=len(text),
        redactions=redactions,
        model=request.model or "",
    )


def _sent(told: Sequence[CompletionRequest], redactions: int, plugin: EnabledPlugin) -> dict[str, Any]:
    """What a failed call had told the model by then; nothing where an equal question told it."""
    return {"sent": measure_sent(told[-1], redactions, plugin).model_dump()} if told else {}


def _name_question(asked: Asked, plugin: EnabledPlugin, model: str | None) -> str:
    """What equal questions share: all that the model would read, but the moment to the hour alone."""
    hour = asked.now.replace(minute=0, second=0, microsecond=0)
    facts = asked.facts.as_json() | {"created_at": ""}
    settings = [plugin.slug, plugin.provider, plugin.fingerprint, plugin.able, model, PROMPT_VERSION]
    return name_content(facts, list(asked.decided), hour.isoformat(), asked.timezone, settings)


def _document(
    judged: Judged, asked: Asked, plugin: EnabledPlugin, redactions: int, *, cached: bool, latency_ms: float
) -> Suggestion:
    probabilities = round_to_one(judged.answer.probabilities)
    level = max(LEVELS, key=lambda each: (probabilities[each], LEVELS.index(each)))
    rules = rules_signal(asked.facts, now=asked.now, timezone=asked.timezone)
    reasons = choose_reasons([(rules, 1.0)], asked.facts)[:MOST_REASONS]
    return Suggestion(
        suggested_priority=level,
        confidence=probabilities[level],
        probabilities=probabilities,
        reasons=[ReasonDocument(code=each.code, text=each.text, field=each.field) for each in reasons],
        provider=plugin.provider,
        model=tidy_name(judged.model),
        prompt_version=PROMPT_VERSION,
        latency_ms=round(latency_ms, 3),
        words=judged.answer.words if plugin.able else "",
        method=judged.method,
        cached=cached,
        leaves=plugin.leaves,
        sent=measure_sent(judged.request, redactions, plugin),
        prompt_tokens=None if judged.usage is None else judged.usage.prompt_tokens,
        completion_tokens=None if judged.usage is None else judged.usage.completion_tokens,
    )
