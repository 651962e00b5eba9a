"""HTTP around the gateway's service."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from taskflow.gateway.documents import (
    ConfigFields,
    EmbedFields,
    PullFields,
    Question,
    Questions,
    Suggestion,
)
from taskflow.gateway.hosting import Host
from taskflow.gateway.limits import BodyLimit, TokenCheck
from taskflow.gateway.metrics import Metrics
from taskflow.gateway.openapi import (
    EVENTS_BODY,
    BatchAnswer,
    CheckAnswer,
    EmbedAnswer,
    ModelsAnswer,
    PublishAnswer,
    describe,
)
from taskflow.gateway.publishing import MOST_EVENTS, NotPublished, Outgoing, Publisher, read_event
from taskflow.gateway.refusals import PAUSE, Refusal, refuse_fields
from taskflow.gateway.service import Service
from taskflow.plugin_api import Pull

#: Seconds that the answer to `/events` may take; the broker's own limits are shorter.
EVENTS_DEADLINE = 8.0
CHECK_DEADLINE = 30.0
#: Seconds.
LIST_DEADLINE = 15.0

#: Statuses of refusals that a provider gave reason to.
_OF_A_MODEL = {429, 503}
_CODES = {404: "not_found", 405: "method_not_allowed"}

Result = TypeVar("Result")


def build_app(token: str, broker: str | None = None) -> FastAPI:
    """The gateway for whoever has `token`; `broker`: the AMQP URL that events go to."""
    metrics, host = Metrics(), Host()
    service = Service(host, metrics)
    publisher = None if broker is None else Publisher(broker)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)
        if publisher is not None:
            await asyncio.to_thread(publisher.close)

    # Documentation pages would load their scripts from elsewhere.
    app = FastAPI(title="TaskFlow gateway", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(BodyLimit)
    # The outermost: a stranger's body is not read.
    app.add_middleware(TokenCheck, token=token)
    _add_refusals(app, service)
    _add_questions(app, service)
    _add_providers(app, service)
    _add_events(app, publisher, metrics)
    _add_operations(app, service, publisher, metrics)
    describe(app)
    return app


def _add_refusals(app: FastAPI, service: Service) -> None:
    @app.exception_handler(Refusal)
    async def refuse(request: Request, refusal: Refusal) -> Response:
        document = refusal.document()
        if refusal.status in _OF_A_MODEL:
            # Only who has the token gets so far.
            document["notes"] = service.host.notes.take()
        headers = refusal.headers()
        return JSONResponse(document, refusal.status, headers=headers, media_type="application/problem+json")

    @app.exception_handler(RequestValidationError)
    async def refuse_body(request: Request, error: RequestValidationError) -> Response:
        return await refuse(request, refuse_fields(list(error.errors()), request.headers.get("content-type", "")))

    @app.exception_handler(HTTPException)
    async def refuse_request(request: Request, error: HTTPException) -> Response:
        code = _CODES.get(error.status_code, "invalid")
        answer = await refuse(request, Refusal(error.status_code, code, str(error.detail)))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def refuse_defect(request: Request, error: Exception) -> Response:
        return await refuse(request, Refusal(500, "internal", "The gateway failed; its log says more."))


def _add_questions(app: FastAPI, service: Service) -> None:
    @app.post("/suggest-priority", responses={200: {"model": Suggestion}})
    async def suggest_priority(question: Question, request: Request) -> Response:
        """What the active model says about one task's priority."""
        return _with_notes(await _while_there(request, service.suggest(question)), service)

    @app.post("/suggest-priority/batch", responses={200: {"model": BatchAnswer}})
    async def suggest_priorities(questions: Questions, request: Request) -> Response:
        """The same of several tasks: `results` in their order, each a suggestion or a problem."""
        service.host.held(questions.generation)
        results = await _while_there(request, service.suggest_all(questions))
        return JSONResponse({"results": results, "notes": service.host.notes.take()})

    @app.put("/config")
    async def configure(fields: ConfigFields) -> dict[str, Any]:
        """Takes over the configuration of a generation."""
        await asyncio.to_thread(service.host.configure, fields)
        service.forget()
        return {"generation": fields.generation}


def _add_providers(app: FastAPI, service: Service) -> None:
    host = service.host

    @app.get("/providers")
    async def providers() -> dict[str, Any]:
        """The providers that are configured, and which of them is asked."""
        held = None if host.generation is None else host.held(None)
        found = [] if held is None else sorted(held.plugins.values(), key=lambda plugin: (plugin.order, plugin.slug))
        return {
            "generation": host.generation,
            "active": None if held is None else held.active,
            "model": None if held is None else held.model,
            "results": [
                {
                    "slug": plugin.slug,
                    "provider": plugin.provider,
                    "version": plugin.version,
                    "leaves": plugin.leaves,
                    "able": plugin.able,
                }
                for plugin in found
            ],
        }

    @app.post("/providers/{slug}/check", responses={200: {"model": CheckAnswer}})
    async def check(slug: str) -> Response:
        """Asks a provider how it is, with a real answer."""
        began = asyncio.get_running_loop().time()
        runner = host.runner
        health = await service.run(slug, lambda: runner.check(slug, deadline=CHECK_DEADLINE), seconds=CHECK_DEADLINE)
        took = round((asyncio.get_running_loop().time() - began) * 1000, 1)
        return _with_notes(health, service, latency_ms=took)

    @app.post("/providers/{slug}/embed", responses={200: {"model": EmbedAnswer}})
    async def embed(slug: str, fields: EmbedFields, request: Request) -> Response:
        """Vectors of texts; `vectors` is null where the provider has no model for that."""
        found = await _while_there(request, service.embed(slug, fields))
        document = {"vectors": None, "model": ""} if found is None else found.model_dump()
        return JSONResponse(document | {"notes": host.notes.take()})

    @app.get("/providers/{slug}/models", responses={200: {"model": ModelsAnswer}})
    async def models(slug: str) -> Response:
        """The models that a provider has at hand."""
        runner = host.runner
        found = await service.run(slug, lambda: runner.models(slug, deadline=LIST_DEADLINE), seconds=LIST_DEADLINE)
        return JSONResponse({"results": [model.model_dump() for model in found], "notes": host.notes.take()})

    @app.post("/providers/{slug}/pull", responses={200: {"model": Pull}})
    async def pull(slug: str, fields: PullFields) -> Response:
        """Begins to fetch a model; again: says how far it is."""
        host.held(fields.generation)
        runner = host.runner
        call = service.run(slug, lambda: runner.pull(slug, fields.model, deadline=LIST_DEADLINE), seconds=LIST_DEADLINE)
        return _with_notes(await call, service)


def _add_events(app: FastAPI, publisher: Publisher | None, metrics: Metrics) -> None:
    @app.post("/events", status_code=202, responses={202: {"model": PublishAnswer}}, openapi_extra=EVENTS_BODY)
    async def publish(request: Request) -> Response:
        """Publishes one CloudEvent or a list of them; 202 once the broker has confirmed all."""
        events = _read_events(await request.body())
        if publisher is None:
            metrics.published("no_broker", len(events))
            raise Refusal(503, "no_broker", "TASKFLOW_BROKER_URL is not set: there is no broker to publish to.")
        handed = asyncio.get_running_loop().run_in_executor(publisher.thread, publisher.publish, events)
        try:
            async with asyncio.timeout(EVENTS_DEADLINE):
                # Too late, a batch that still waits for the broker's thread is taken back.
                await handed
        except TimeoutError:
            metrics.published("late", len(events))
            raise Refusal(503, "broker_slow", "The broker did not confirm in time.", retry_after=PAUSE) from None
        except NotPublished as error:
            metrics.published(error.code, len(events))
            raise Refusal(503, error.code, str(error), retry_after=PAUSE) from error
        metrics.published("confirmed", len(events))
        return JSONResponse({"published": len(events)}, status_code=202)


def _refuse_constant(name: str) -> None:
    # Python reads and writes it, nobody else does.
    raise ValueError(f"{name} is no JSON")


def _read_events(body: bytes) -> list[Outgoing]:
    try:
        given = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, "invalid", "The body is no JSON.") from None
    found = given if isinstance(given, list) else [given]
    if not 0 < len(found) <= MOST_EVENTS:
        raise Refusal(400, "invalid", f"Send 1 to {MOST_EVENTS} events.")
    events = []
    for index, event in enumerate(found):
        try:
            events.append(read_event(event if isinstance(event, dict) else {}))
        except ValueError as error:
            field, _, detail = str(error).partition(": ")
            problem = {"field": field, "code": "invalid", "detail": detail, "index": index}
            raise Refusal(400, "invalid", f"Event {index} is no CloudEvent.", errors=[problem]) from None
    return events


def _add_operations(app: FastAPI, service: Service, publisher: Publisher | None, metrics: Metrics) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """200 while the process answers at all."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> dict[str, Any]:
        """200: it takes requests. What it lacks is named."""
        return {
            "status": "ok",
            "checks": {
                "config": "ok" if service.host.generation is not None else "none was sent yet",
                "broker": "configured" if publisher is not None else "none: TASKFLOW_BROKER_URL is not set",
            },
        }

    @app.get("/metrics", response_class=PlainTextResponse)
    async def read_metrics() -> Response:
        """Prometheus's text form, to whoever has the token."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")


def _with_notes(document: BaseModel, service: Service, **more: Any) -> Response:
    """A document, and what the core is to be told of providers."""
    return JSONResponse(document.model_dump(mode="json") | more | {"notes": service.host.notes.take()})


async def _while_there(request: Request, awaited: Awaitable[Result]) -> Result:
    """The result, unless the caller hangs up before: then what runs for nobody else ends."""
    here = asyncio.current_task()
    assert here is not None  # noqa: S101 - a request is served by a task
    watch = _Watch(request, here)
    watching = asyncio.ensure_future(watch.run())
    try:
        return await awaited
    except asyncio.CancelledError:
        if not watch.has_left or here.uncancel():
            raise
        raise Refusal(503, "cancelled", "The caller left.") from None
    finally:
        watching.cancel()


@dataclass(slots=True)
class _Watch:
    """Cancels the task that serves a request once the caller hangs up."""

    request: Request
    serving: "asyncio.Task[Any]"
    has_left: bool = False

    async def run(self) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            continue
        self.has_left = True
        self.serving.cancel()
