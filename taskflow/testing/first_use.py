"""A process in which a plugin is used for the first time, as in its host: what it imports late is imported here.

    python -P -m taskflow.testing.first_use RESULT < REQUEST

The request is JSON: `module`, `path`, `kind`, `name` (or None), `config`, and `arguments` of the call. The answer, JSON
on the file descriptor RESULT, says for how long the loop was blocked and what the hooks did that they must not.
"""

import asyncio
import importlib
import json
import os
import sys
from contextlib import suppress
from typing import Any

from taskflow.plugin_api import Kind, Manifest, PluginError
from taskflow.testing.calls import CALLS, make_objects, make_recipient
from taskflow.testing.context import FakeContext
from taskflow.testing.import_probe import is_foreign, watch_sockets
from taskflow.testing.loop import measure_blocking


def main() -> None:
    """Answers one request."""
    request = json.load(sys.stdin)
    sys.path[:] = request["path"]
    # What the context imports is not the plugin's doing.
    importlib.import_module("taskflow.plugin_host.outbound")
    known = set(sys.modules)
    answer = _use(request)
    answer["foreign"] = sorted(name for name in set(sys.modules) - known if is_foreign(name))
    with os.fdopen(int(sys.argv[1]), "wb") as result:
        result.write(json.dumps(answer).encode())
    # A thread that the plugin left behind would keep the process.
    os._exit(0)


def _use(request: dict[str, Any]) -> dict[str, Any]:
    module = importlib.import_module(request["module"])
    manifest: Manifest = module.manifest
    ctx = FakeContext(manifest.config.model_validate(request["config"]), slug=manifest.slug, uses=manifest.uses)
    kind = Kind(request["kind"])
    # As in the host: the hooks are called before the loop runs.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(_warm_up(ctx))
    sockets = watch_sockets()
    made = make_objects(module, kind, ctx)
    by_hooks = sockets[:3]
    subject = next(held for held in made if request["name"] in (None, held.name))

    async def measure() -> dict[str, Any]:
        async with measure_blocking() as blocked:
            raised = await _call(subject, kind, manifest, request["arguments"])
        return {"blocked": blocked.longest, "raised": raised, "sockets": by_hooks}

    return loop.run_until_complete(measure())


async def _warm_up(ctx: FakeContext) -> None:
    """The first connection imports parts of the HTTP client, for 0.1 s: the context's doing as well."""
    with suppress(PluginError):
        # Nobody listens on the port for multiplexing, and it does not matter who does.
        await ctx.http(1).get("http://127.0.0.1:1/")


async def _call(subject: Any, kind: Kind, manifest: Manifest, values: list[dict[str, Any]]) -> str:
    """Calls it once; the name of the error that it raised, or nothing."""
    call = CALLS[kind]
    arguments: list[Any] = [model.model_validate(held) for model, held in zip(call.arguments, values, strict=True)]
    if kind is Kind.NOTIFICATION_CHANNEL:
        arguments[1] = make_recipient(manifest, values[1])
    try:
        await getattr(subject, call.method)(*arguments)
    except PluginError as error:
        return type(error).__name__
    return ""


if __name__ == "__main__":
    main()
