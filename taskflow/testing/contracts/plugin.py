"""What every plugin keeps to, whatever its kind: packaging, import, settings, hooks."""

import asyncio
import importlib
import inspect as introspection
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, ValidationError

from taskflow.plugin_api import ENTRY_POINT_GROUP, Kind, Manifest
from taskflow.plugin_host.discovery import Installed, find_installed
from taskflow.plugin_host.inspector import check_settings, inspect
from taskflow.testing.calls import CALLS, make_objects, stop
from taskflow.testing.context import FakeClock, FakeContext
from taskflow.testing.probes import probe_import
from taskflow.testing.promises import promise
from taskflow.testing.servers import FakeServer

#: Seconds of processor time that importing a plugin may take beyond the contract's own.
IMPORT_SECONDS = 0.5
_ATTEMPTS = 3
_LONGEST_NAME = 100


class PluginContract:
    """Subclass it in a test module, name the plugin's `module`, and give settings in `make_config`."""

    #: The dotted name of the plugin's module, as its entry point has it.
    module: ClassVar[str]
    #: What `make_config` points the plugin at; None for one that connects to nothing.
    server_type: ClassVar[type[FakeServer] | None] = None
    #: To be used as the value of every secret setting. It must not appear anywhere afterwards.
    secret: ClassVar[str] = f"planted-{uuid.uuid4().hex}"
    #: Seconds: the time limit that `make_config` sets, where the plugin has such a setting.
    timeout: ClassVar[float] = 1.0

    def make_config(self, server: Any) -> dict[str, Any]:
        """Settings as the admin's form sends them, pointed at `server`; none unless overridden."""
        return {}

    @pytest.fixture(name="server")
    def _server(self) -> Iterator[FakeServer | None]:
        if self.server_type is None:
            yield None
        else:
            with self.server_type() as server:
                yield server

    @property
    def plugin(self) -> ModuleType:
        """The module, imported here."""
        return importlib.import_module(self.module)

    @property
    def manifest(self) -> Manifest:
        """The module's."""
        manifest: Manifest = self.plugin.manifest
        return manifest

    def make_context(self, server: Any) -> FakeContext:
        """A context with the settings of `make_config`; its clock stands at the present."""
        config = self.manifest.config.model_validate(self.make_config(server))
        clock = FakeClock(datetime.now(UTC))
        return FakeContext(config, slug=self.manifest.slug, uses=self.manifest.uses, clock=clock)

    def find_distribution(self) -> Installed:
        """The installed distribution that the module came with."""
        found = [plugin for plugin in find_installed() if plugin.module == self.module]
        group = f'[project.entry-points."{ENTRY_POINT_GROUP}"]'
        promise(
            len(found) == 1, f"{len(found)} installed distributions name {self.module} in {group}; pip install -e ."
        )
        return found[0]

    def test_it_is_installed_under_its_slug(self) -> None:
        found = self.find_distribution()
        promise(not found.refusal, found.refusal)
        slug = self.manifest.slug
        promise(found.slug == slug, f"The entry point is named {found.slug!r}, the manifest's slug is {slug!r}.")

    def test_the_inspector_accepts_it(self) -> None:
        found = inspect(self.find_distribution())
        promise(not found.error, f"{found.error}\n{found.trace}")
        for kind, call in CALLS.items():
            said, held = kind.value in found.manifest["kinds"], call.hook in found.hooks
            promise(
                said == held,
                f"kinds {'has' if said else 'lacks'} {kind.value!r}, but the hook {call.hook} is "
                f"{'there' if held else 'missing'}.",
            )

    def test_importing_it_is_quick(self) -> None:
        seconds = []
        for _ in range(_ATTEMPTS):
            answer = probe_import(self.module)
            promise(not answer["error"], f"Importing it raised {answer['error']}")
            seconds.append(answer["seconds"])
            if seconds[-1] < IMPORT_SECONDS:
                return
        promise(
            False,
            f"Importing it takes {min(seconds):.2f} s; {IMPORT_SECONDS} s at most. Import large libraries "
            "where they are first used.",
        )

    def test_importing_it_opens_no_socket(self) -> None:
        sockets = probe_import(self.module)["sockets"]
        promise(not sockets, f"Importing it touches the network: {sockets}")

    def test_it_imports_only_the_plugin_api_of_taskflow(self) -> None:
        foreign = probe_import(self.module)["foreign"]
        promise(not foreign, f"It imports {', '.join(foreign)}; a plugin may import taskflow.plugin_api alone.")

    def test_the_settings_given_here_are_valid(self, server: Any) -> None:
        problems = check_settings(self.find_distribution(), self.make_config(server))
        promise(not problems, f"make_config: {problems}")

    def test_settings_refuse_unknown_fields(self, server: Any) -> None:
        values = self.make_config(server)
        self.manifest.config.model_validate(values)
        for model, given in ((self.manifest.config, values), (self.manifest.user_config, {})):
            if model is not None:
                promise(_refuses(model, given | {"no_such_setting": 1}), f"{model.__name__} takes unknown fields.")

    def test_settings_never_show_a_secret(self, server: Any) -> None:
        config = self.manifest.config.model_validate(self.make_config(server))
        secret = [
            name for name, field in self.manifest.config.model_fields.items() if "SecretStr" in str(field.annotation)
        ]
        held = [getattr(config, name) for name in secret]
        planted = any(isinstance(value, SecretStr) and self.secret in value.get_secret_value() for value in held)
        promise(planted or not secret, f"make_config must use self.secret for {', '.join(secret)}.")
        for shown in (repr(config), str(config), f"{config.model_dump()}", config.model_dump_json()):
            promise(self.secret not in shown, "The settings show a secret. Make it a SecretStr.")
        self._check_that_a_refusal_shows_no_secret(server)

    def _check_that_a_refusal_shows_no_secret(self, server: Any) -> None:
        wrong = {**self.make_config(server), "no_such_setting": 1}
        problems = check_settings(self.find_distribution(), wrong)
        promise(self.secret not in str(problems), "What is wrong with settings is said with the secret in it.")

    def test_hooks_make_objects(self, server: Any) -> None:
        ctx = self.make_context(server)
        # Their host calls them before its loop runs.
        for kind in sorted(self.manifest.kinds):
            _check_objects(make_objects(self.plugin, kind, ctx), kind)
        promise(self.secret not in " ".join(ctx.logged), "A hook logs a secret.")
        asyncio.run(self._stop(ctx))

    def test_it_may_be_stopped_twice(self, server: Any) -> None:
        async def use(ctx: FakeContext) -> None:
            for kind in self.manifest.kinds:
                make_objects(self.plugin, kind, ctx)
            stop(self.plugin, ctx)

        asyncio.run(self._with_context(server, use))

    def test_it_may_be_stopped_for_settings_that_were_never_used(self, server: Any) -> None:
        async def use(ctx: FakeContext) -> None:
            """Nothing."""

        asyncio.run(self._with_context(server, use))

    async def _with_context(self, server: Any, use: Callable[[FakeContext], Awaitable[None]]) -> None:
        """Hands a context to `use` and stops the plugin afterwards."""
        ctx = self.make_context(server)
        await use(ctx)
        await self._stop(ctx)

    async def _stop(self, ctx: FakeContext) -> None:
        stop(self.plugin, ctx)
        # What it had the loop close is closed now.
        await asyncio.sleep(0)
        await ctx.aclose()


def _check_objects(made: list[Any], kind: Kind) -> None:
    call = CALLS[kind]
    promise(bool(made), f"{call.hook} makes nothing of the settings of make_config.")
    for one in made:
        promise(
            isinstance(one, call.protocol) and not isinstance(one, type),
            f"{call.hook}: {one!r} is no {call.protocol.__name__}.",
        )
        named = isinstance(one.name, str) and 0 < len(one.name.strip()) <= _LONGEST_NAME
        promise(named, f"{call.hook}: a name is a text of 1 to {_LONGEST_NAME} characters.")
        for method in call.methods:
            asynchronous = introspection.iscoroutinefunction(getattr(one, method))
            promise(asynchronous, f"{type(one).__name__}.{method} must be `async def`.")
    names = [one.name for one in made]
    promise(len(set(names)) == len(names), f"{call.hook}: names must differ: {names}")


def _refuses(model: Any, values: dict[str, Any]) -> bool:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return any("no_such_setting" in problem["loc"] for problem in error.errors())
    return False
