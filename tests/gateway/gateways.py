"""Real gateways: processes of their own, and a model on the spot that does what the task's title says."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.bootstrap.instances import wait_for
from tests.plugin_host.distributions import make

TOKEN = "a-token-of-the-gateway"

#: Its settings say what it can; words in the title make it misbehave.
MODEL = """
import asyncio, os, re, time
from taskflow.plugin_api import *


class Config(PluginConfig):
    trusted: bool = False
    able: bool = False
    scores: bool = True
    answer: str = '{"priority": "high", "confidence": 0.8, "reason": "It <b>matters</b>."}'


manifest = Manifest(
    slug="{slug}", name="Model", kinds={Kind.LLM_PROVIDER}, network=Network.CONFIGURED, config=Config
)
calls = 0
ended = 0
pulled = 0


class Model:
    name = "model"

    def __init__(self, ctx):
        self.ctx = ctx

    async def _behave(self, request):
        global calls, ended
        calls += 1
        text = request.prompt
        try:
            if "sleep" in text:
                await asyncio.sleep(float(re.search(r"sleep ([0-9.]+)", text)[1]))
        except asyncio.CancelledError:
            ended += 1
            raise
        if "block" in text:
            time.sleep(30)
        if "transient" in text:
            raise TransientError("try later", retry_after=7)
        if "refuse" in text:
            raise PermanentError("no such model")
        if "defect" in text:
            raise ZeroDivisionError
        if "die" in text:
            os._exit(3)
        return text

    async def complete(self, request):
        text = await self._behave(request)
        if "tell" in text:
            return Completion(text='{"priority": "low", "confidence": 1}', model=f"{calls} calls, {ended} ended")
        usage = Usage(prompt_tokens=100, completion_tokens=9)
        return Completion(text=self.ctx.config.answer, model=request.model or "tiny", usage=usage)

    async def score(self, request, choices):
        if not self.ctx.config.scores:
            return None
        text = await self._behave(request)
        if "tell" in text:
            return Scores(probabilities=[1, 0, 0, 0], model=f"{calls} calls, {ended} ended")
        if "echo" in text:
            return Scores(probabilities=[0.25] * 4, model=text.split("echo ")[1][:100])
        return Scores(probabilities=[0.1, 0.2, 0.3, 0.4], model=request.model or "tiny")

    async def embed(self, texts):
        return Embeddings(vectors=[[float(len(text)), 1.0] for text in texts], model="lengths")

    async def models(self):
        return [ModelInfo(name="tiny", size_bytes=9)]

    async def pull(self, model):
        global pulled
        pulled += 1
        if pulled > 2:
            return Pull(model=model, state="done", completed_bytes=9, total_bytes=9)
        return Pull(model=model, state="running", completed_bytes=3 * pulled, total_bytes=9)

    async def check(self):
        return Health(ok=True, model="tiny", sample="pong", tokens_per_second=12.5)


@hookimpl
def taskflow_llm_providers(ctx):
    return [Model(ctx)]
"""


def describe(folder: Path, slug: str = "model", *, version: str = "1", **config: Any) -> dict[str, Any]:
    """A plugin as `PUT /config` takes it, installed in `folder`."""
    return {
        "slug": slug,
        "distribution": f"taskflow-{slug}",
        "version": "1.0",
        "module": make(folder, slug, MODEL.replace("{slug}", slug)),
        "fingerprint": version,
        "kinds": ["llm_provider"],
        "network": "configured",
        "config": config,
        "provider": slug,
        "leaves": not config.get("trusted", False),
        "able": config.get("able", False),
    }


class Gateway:
    """A process, and the client of its core."""

    def __init__(self, folder: Path, *, imports: Path | None = None, **setup: Any) -> None:
        """`imports`: a file that gets a line for each module which the process imports."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
        environment["PYTHONPATH"] = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        flags = [] if imports is None else ["-X", "importtime"]
        with contextlib.ExitStack() as stack:
            self.process = subprocess.Popen(
                [sys.executable, "-P", *flags, "-m", "taskflow.gateway.serve"],
                stdin=subprocess.PIPE,
                stderr=None if imports is None else stack.enter_context(imports.open("w")),
                pass_fds=(self._listener.fileno(),),
                env=environment,
            )
        assert self.process.stdin is not None
        settings = {"token": TOKEN, "descriptor": self._listener.fileno(), "follows": True, **setup}
        self.process.stdin.write(json.dumps(settings).encode() + b"\n")
        self.process.stdin.flush()
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
        )
        wait_for(self._answers, 20)

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the gateway ended"
        return self.client.get("/healthz").is_success

    def configure(self, *plugins: dict[str, Any], generation: int = 1, **more: Any) -> httpx.Response:
        active = plugins[0]["slug"] if plugins else None
        body = {"generation": generation, "plugins": plugins, "active": active, **more}
        return self.client.put("/config", json=body).raise_for_status()

    def ask(self, title: str, **more: Any) -> httpx.Response:
        return self.client.post("/suggest-priority", json={"task": {"title": title}, **more})

    def close(self) -> None:
        self.client.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)
        self._listener.close()
